"""The page for recipients is run as it stands, on the sample package, by tools that are not ours."""

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comity.evidence import receiving
from comity.evidence.bundle import Trust
from comity.evidence.signing import read_certificates
from tests.evidence.sample import SAMPLE

PAGE = Path("docs/checking-a-package.md")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
OPENING, *CHECKING, _OURS = BLOCKS
TOOLS = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}


def _run(block: str, where: Path) -> subprocess.CompletedProcess[str]:
    script = ["bash", "-euo", "pipefail", "-c", block]
    return subprocess.run(script, cwd=where, capture_output=True, text=True, env=os.environ | TOOLS, check=False)  # noqa: S603


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, opened as the page says."""
    place = tmp_path_factory.mktemp("sample") / "it"
    shutil.copytree(SAMPLE, place)
    done = _run(OPENING, place)
    assert done.returncode == 0, done.stderr
    return place


@pytest.mark.parametrize("block", CHECKING, ids=["the bag", "the signature", "the timestamp", "the custody"])
def test_what_the_page_says_holds_of_the_sample(opened: Path, block: str) -> None:
    done = _run(block, opened)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "block"),
    [
        ("bag/data/exhibits/*", 0),
        ("bag/manifest-sha512.txt", 0),
        ("bag/data/cover.pdf", 1),
        ("META-INF/ASiCManifest001.xml", 1),
        ("META-INF/signature001.p7s", 2),
        ("META-INF/ASiCManifest002.xml", 2),
    ],
)
def test_what_the_page_says_finds_a_file_that_was_altered(opened: Path, tmp_path: Path, file: str, block: int) -> None:
    shutil.copytree(opened, tmp_path / "it")
    [path, *_] = sorted((tmp_path / "it/package").glob(file))
    content = path.read_bytes()
    path.chmod(0o600)
    path.write_bytes(content[:-30] + bytes([content[-30] ^ 1]) + content[-29:])
    assert _run(CHECKING[block], tmp_path / "it").returncode != 0


def test_the_cover_list_can_be_read_by_another_tool(opened: Path) -> None:
    cover = str(opened / "package/bag/data/cover.pdf")
    told = subprocess.run(["pdftotext", "-layout", cover, "-"], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607
    exhibits = [path.name for path in (opened / "package/bag/data/exhibits").iterdir()]
    assert len(exhibits) == 2
    assert all(exhibit in told for exhibit in exhibits)
    assert "obtained.csv" in told


def test_our_own_steps_agree() -> None:
    trust = Trust(read_certificates(SAMPLE / "sender.crt"), read_certificates(SAMPLE / "tsa.crt"), datetime.now(UTC))
    findings = receiving.verify(SAMPLE / "package.age", SAMPLE / "recipient.pem", trust)
    assert all(finding.holds for finding in findings)
    assert len(findings) == 10

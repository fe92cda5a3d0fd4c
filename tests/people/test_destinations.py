"""Where a recipient takes its packages is a file; a bad one is refused with the line at fault, a secret is guarded."""

from pathlib import Path

import pytest

from comity.destinations import Recipients, Sftp
from comity.errors import NotFound, Refused, Unreadable
from comity.request.model import Channel

GOOD = """\
by = "sftp"
host = "files.pt.example"
user = "ca-lu"
host_key = "pt.host"
key = "pt.ssh"
"""


@pytest.fixture
def recipients(tmp_path: Path) -> Recipients:
    """A home with the folder."""
    (tmp_path / "recipients").mkdir()
    return Recipients(tmp_path)


def written(recipients: Recipients, tmp_path: Path, text: str) -> Recipients:
    """The same, with one file."""
    (tmp_path / "recipients" / "pt.toml").write_text(text)
    return recipients


def test_without_a_file_packages_are_left_here(recipients: Recipients) -> None:
    assert recipients.destination("pt") is None
    assert recipients.with_destination() == []


def test_a_file_says_where(recipients: Recipients, tmp_path: Path) -> None:
    found = written(recipients, tmp_path, GOOD).destination("pt")
    assert found == Sftp(by=Channel.SFTP, host="files.pt.example", user="ca-lu", host_key="pt.host", key="pt.ssh")
    assert recipients.with_destination() == ["pt"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (GOOD.replace('user = "ca-lu"', 'user = ""'), "line 3: user: "),
        (GOOD.replace('host = "files.pt.example"', 'host = "files of pt"'), "line 2: host: "),
        (GOOD + "port = 70000\n", "line 6: port: "),
        (GOOD + 'password = "told-to-nobody"\n', "line 6: password: "),
        (GOOD.replace('"pt.ssh"', '"../pt.ssh"'), "line 5: key: "),
        (GOOD.replace('"sftp"', '"ftp"'), "line 1: "),
        (GOOD.replace('by = "sftp"', "by = "), "line 1: "),
        (GOOD.replace('by = "sftp"\n', ""), "line 1: "),
        ('by = "s3"\nbucket = "https://bucket"\nkey = "k"\nsecret = "f"\n', "line 2: bucket: "),
        ('by = "https"\nurl = "https://told-to-nobody.example/put"\n', "line 2: url: "),
    ],
)
def test_a_bad_file_is_refused_with_the_line_at_fault(
    recipients: Recipients, tmp_path: Path, text: str, why: str
) -> None:
    with pytest.raises(Unreadable, match=why) as caught:
        written(recipients, tmp_path, text).destination("pt")
    assert "told-to-nobody" not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(recipients: Recipients, tmp_path: Path) -> None:
    (tmp_path / "recipients" / "pt.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Unreadable, match="UTF-8"):
        recipients.destination("pt")


@pytest.mark.parametrize(
    ("text", "secrets", "public"),
    [
        (GOOD, ["pt.ssh"], ["pt.host"]),
        ('by = "https"\nurl = "pt.url"\nauthority = "pt.pem"\n', ["pt.url"], ["pt.pem"]),
        ('by = "https"\nurl = "pt.url"\n', ["pt.url"], []),
        ('by = "s3"\nbucket = "s3://bucket"\nkey = "k"\nsecret = "pt.secret"\n', ["pt.secret"], []),
    ],
)
def test_what_a_file_names_is_asked_for_before_anything_is_sent(
    recipients: Recipients, tmp_path: Path, text: str, secrets: list[str], public: list[str]
) -> None:
    with pytest.raises(NotFound, match="is not there"):
        recipients.check("pt")
    written(recipients, tmp_path, text)
    for name in [*public, *secrets]:
        with pytest.raises(NotFound, match="not beside it"):
            recipients.check("pt")
        (tmp_path / "recipients" / name).write_text("what it holds")
        (tmp_path / "recipients" / name).chmod(0o600)
    recipients.check("pt")
    (tmp_path / "recipients" / secrets[0]).chmod(0o604)
    with pytest.raises(Refused, match="chmod 600"):
        recipients.check("pt")


def test_a_secret_is_there_and_for_its_owner_alone(recipients: Recipients, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not beside it"):
        recipients.secret("pt.ssh")
    secret = tmp_path / "recipients" / "pt.ssh"
    secret.write_text("told to nobody")
    secret.chmod(0o640)
    with pytest.raises(Refused, match="chmod 600"):
        recipients.secret("pt.ssh")
    secret.chmod(0o600)
    assert recipients.secret("pt.ssh") == secret

"""Whoever audits a ledger or receives a package needs `comity` and nothing of the service."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from comity.cli import OF_THE_SERVICE
from desk.commands import add_to
from tests.house.sources import ROOT


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.house.alone", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own command


@pytest.mark.parametrize("arguments", [("lifecycle", "--json"), ("schema", "request")])
def test_what_may_happen_and_what_may_be_written_is_told(arguments: tuple[str, ...]) -> None:
    done = _run(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout[0] in "[{"


def test_a_recipient_makes_a_key(tmp_path: Path) -> None:
    done = _run("evidence", "identity", str(tmp_path / "mine.key"))
    assert done.returncode == 0
    assert "mine.signer.crt" in done.stderr
    assert done.stdout.startswith("age1")


def test_an_auditor_is_answered_by_the_verification_itself(tmp_path: Path) -> None:
    """Truth protected: it gets as far as reading what it was given."""
    export = tmp_path / "ledger.export"
    export.write_text("no ledger")
    done = _run("ledger", "verify", str(export), "--key", "name+00000000+AQ==")
    assert done.returncode == 1
    assert done.stderr.startswith("comity: this is no Ed25519 verifier key")


def test_what_needs_the_service_says_what_is_missing() -> None:
    done = _run("up")
    assert done.returncode == 3
    assert done.stderr == "comity: the service is not installed here; run this command from its checkout or image\n"


def test_every_command_of_the_service_says_there_what_it_needs() -> None:
    service = typer.Typer()
    add_to(service)
    names = [command.name or getattr(command.callback, "__name__", "") for command in service.registered_commands]
    assert sorted(names) == sorted(OF_THE_SERVICE)

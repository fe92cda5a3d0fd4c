"""What the key pair of a recipient promises."""

from pathlib import Path

import pytest

from comity.errors import NotFound, Refused, Unreadable
from comity.evidence import recipient


def test_an_identity_is_its_owners_alone_and_gives_the_public_key_it_named(tmp_path: Path) -> None:
    public = recipient.create(tmp_path / "identity.txt")
    assert (tmp_path / "identity.txt").stat().st_mode & 0o777 == 0o600
    assert str(recipient.identity(tmp_path / "identity.txt").to_public()) == public
    assert str(recipient.public_key(public)) == public


def test_an_identity_is_never_written_over(tmp_path: Path) -> None:
    recipient.create(tmp_path / "identity.txt")
    before = (tmp_path / "identity.txt").read_text()
    with pytest.raises(Refused, match="stands there already"):
        recipient.create(tmp_path / "identity.txt")
    assert (tmp_path / "identity.txt").read_text() == before


def test_a_missing_identity_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no identity file"):
        recipient.identity(tmp_path / "identity.txt")


@pytest.mark.parametrize("text", ["", "# only a comment\n", "AGE-SECRET-KEY-1JUNK\n"])
def test_a_file_without_an_identity_is_unreadable_and_not_repeated(tmp_path: Path, text: str) -> None:
    (tmp_path / "identity.txt").write_text(text)
    with pytest.raises(Unreadable, match="no line of the identity file") as caught:
        recipient.identity(tmp_path / "identity.txt")
    assert "JUNK" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "age1junk", "ssh-ed25519 AAAA"])
def test_what_is_no_public_key_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable, match="begins with age1"):
        recipient.public_key(text)

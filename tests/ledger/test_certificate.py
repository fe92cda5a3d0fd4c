"""A certificate of destruction: its bytes, and that nobody can make, alter or mistake one."""

from datetime import UTC, datetime
from typing import Any

import pytest

from comity.errors import Tampered, Unreadable
from comity.ledger.certificate import Certificate, verified
from comity.ledger.checkpoint import Signer, VerifierKey, read, read_key
from comity.ledger.log import Head

SIGNER = Signer(bytes(range(32)), "comity.example/ledger")
AT = datetime(2032, 1, 1, 3, 4, 5, tzinfo=UTC)
GOLDEN = """\
comity certificate of destruction, format 0
ledger: comity.example/ledger
request: 01KADVJ6Q8M4Z0W2T5R7Y9X1C3
class: content
proposal: 01KADVJ6Q8M4Z0W2T5R7Y9X1C4
rule: 5 years after closing, or its last date
article: our default, not verified
due: 2032-01-01T03:04:05Z
proposed: p-dan 2032-01-01T03:04:05Z
decided: p-eve as head of unit 2032-01-01T03:04:05Z
destroyed: 2032-01-01T03:04:05Z
key: 01KADVJ6Q8M4Z0W2T5R7Y9X1C3/01KADVJ6Q8M4Z0W2T5R7Y9X1C5
exhibit: 01KADVJ6Q8M4Z0W2T5R7Y9X1C6, file removed
exhibit: 01KADVJ6Q8M4Z0W2T5R7Y9X1C7, file stays
thing: 01KADVJ6Q8M4Z0W2T5R7Y9X1C8
left: copies

— comity.example/ledger """
"""The bytes that are promised, as far as its signature."""


def keys() -> list[VerifierKey]:
    """The auditor's."""
    return [read_key(SIGNER.verifier_key)]


def certificate(**more: Any) -> Certificate:
    """One with a line of each kind."""
    own = "01KADVJ6Q8M4Z0W2T5R7Y9X1C"
    given: dict[str, Any] = {
        "ledger": SIGNER.origin, "request": f"{own}3", "kind": "content", "proposal": f"{own}4",
        "rule": "5 years after closing, or its last date", "article": "our default, not verified", "due": AT,
        "proposed": "p-dan 2032-01-01T03:04:05Z", "decided": "p-eve as head of unit 2032-01-01T03:04:05Z",
        "destroyed": AT, "keys": (f"{own}3/{own}5",), "things": (f"{own}8",), "left": ("copies",),
        "exhibits": (f"{own}6, file removed", f"{own}7, file stays"),
    }  # fmt: skip
    return Certificate(**(given | more))


def test_its_bytes_are_promised_and_read_back_as_they_were_said() -> None:
    note = certificate().signed(SIGNER)
    assert note.startswith(GOLDEN)
    assert verified(note, keys()) == certificate()


def test_each_altered_byte_is_found() -> None:
    note = certificate().signed(SIGNER)
    for at in range(len(note)):
        altered = note[:at] + chr(ord(note[at]) ^ 1) + note[at + 1 :]
        with pytest.raises((Tampered, Unreadable)):
            verified(altered, keys())


def test_another_ledgers_key_proves_nothing() -> None:
    other = Signer(bytes(32), "comity.example/ledger")
    with pytest.raises(Tampered, match="none of the keys"):
        verified(certificate().signed(other), keys())


def test_what_another_ledger_claims_is_not_proven_by_this_ones_key() -> None:
    with pytest.raises(Tampered):
        verified(certificate(ledger="elsewhere.example/ledger").signed(SIGNER), keys())


def test_no_checkpoint_is_a_certificate_and_no_certificate_a_checkpoint() -> None:
    with pytest.raises(Unreadable, match="no certificate of destruction"):
        verified(SIGNER.sign(Head(size=0, frontier=())).note, keys())
    with pytest.raises(Unreadable, match="no checkpoint"):
        read(certificate().signed(SIGNER))


@pytest.mark.parametrize("line", ["request: 01KADVJ6Q8M4Z0W2T5R7Y9X1C9\n", "mood: good\n"])
def test_a_line_that_stands_twice_or_says_nothing_known_is_refused(line: str) -> None:
    text = certificate().signed(SIGNER).partition("\n\n")[0]
    with pytest.raises(Unreadable, match="lacks a line"):
        Certificate.read(f"{text}\n{line}\n")

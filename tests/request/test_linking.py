"""By what two letters are seen to touch each other: one spelling for what is one thing, and nothing that many share."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from comity.request.letter import (
    Attachment,
    BankRecords,
    ElectronicData,
    Identity,
    Letter,
    MeasureSought,
    Person,
)
from comity.request.linking import MOST_DAYS, Mark, marks

FROM = datetime(2026, 3, 1, 22, tzinfo=UTC)


def letter(**fields: Any) -> Letter:
    return Letter(requesting_state="PT", **fields)


def named(account: str | None = None, bank: str | None = None, **data: Any) -> set[Mark]:
    measure = MeasureSought(data=ElectronicData(account=account, **data), bank=BankRecords(account=bank))
    return set(marks(letter(measures=(measure,))))


def of(**identity: str) -> set[Mark]:
    return set(marks(letter(persons=(Person(identity=Identity(**identity)),))))


@pytest.mark.parametrize(("one", "same"), [
    ("User-77B1@Nuage.example", " user-77b1@nuage.example"),
    ("ＵＳＥＲ-77b1", "user-77b1"),
    ("+352 621 000 001", "00352 (621) 000-001"),
    ("مستخدم-77", "مستخدم-77"),
])  # fmt: skip
def test_an_account_or_a_number_is_one_however_it_is_written(one: str, same: str) -> None:
    assert named(one) == named(same) != set()
    assert of(contact=one) == named(one)


def test_several_accounts_in_one_field_are_several() -> None:
    assert named("box-2041, box-2042;box-2043") == {Mark("account", f"box-204{number}") for number in (1, 2, 3)}


def test_an_account_number_and_a_document_are_one_however_they_are_grouped() -> None:
    assert named(bank="LU00 0000 0000 0000 0001") == named(bank="lu00-0000-0000-0000-0001") != set()
    assert of(document="AB 12-34.567") == of(document="ab1234567") == {Mark("document", "ab1234567")}


def test_an_address_of_the_internet_is_somebodys_for_a_day() -> None:
    two_days = named("2001:DB8::1", starts_at=FROM, ends_at=FROM + timedelta(hours=4))
    assert two_days == {Mark("IP address", "2001:db8::1 2026-03-01"), Mark("IP address", "2001:db8::1 2026-03-02")}
    assert named("2001:db8:0::1", starts_at=FROM, ends_at=FROM) < two_days
    assert named("192.0.2.7") == set()
    assert named("192.0.2.7", starts_at=FROM, ends_at=FROM + timedelta(days=MOST_DAYS + 1)) == set()
    assert named("192.0.2.7", starts_at=FROM, ends_at=FROM - timedelta(days=1)) == set()


def test_what_many_share_is_no_mark() -> None:
    assert named("n/a") == named(bank="-") == of(contact="the school at the harbour") == set()
    assert of(given_names="Example", family_name="Example", location="Example") == set()


def test_the_same_file_is_the_same_file() -> None:
    digest = "ab" * 32
    assert marks(letter(attachments=(Attachment(sha256=digest), Attachment()))) == {Mark("attachment", digest)}

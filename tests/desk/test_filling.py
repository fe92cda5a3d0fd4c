"""What nobody should type is filled in, and each wrong input is one error that says what is possible."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from comity.errors import NotFound, NotYours, Unreadable
from comity.request.lifecycle import Act
from comity.request.model import Correction, Deed, Urgency
from desk.acting import Said, deed_of
from desk.filling import date_told, went_out_wrong
from tests.office import Office, letter, office
from tests.pki import holder
from tests.request.lives import gone_out, ulid


@pytest.fixture(scope="module")
async def authority(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """A central authority at work."""
    async with office(tmp_path_factory.mktemp("filling")) as opened:
        yield opened


@pytest.fixture(scope="module")
async def reference(authority: Office) -> str:
    """A request in which nothing has been done."""
    return await authority.submit(letter("P3"))


def said(
    authority: Office, reference: str, act: Act, particulars: str, part: str = "request", person: str = "p-anna"
) -> Deed:
    """A deed as somebody typed it."""
    words = Said(act=act, part=part, role=None, words="", reason="misread", particulars=particulars)
    return deed_of(authority.counter, reference, person, words)


async def test_a_correction_is_filled_from_the_record_and_lists_what_went_out(authority: Office) -> None:
    reference = await authority.submit(letter("P3"))
    wrong = authority.events(reference)[0]
    await authority.do(reference, "p-anna", Act.RECORD_LETTER, **gone_out("acknowledgement"))
    for days in (2, 3):  # the second corrects what the first has put right
        earlier = datetime.now(UTC) - timedelta(days=days)
        deed = said(
            authority, reference, Act.CORRECT, f'{{"deed": "{wrong.deed}", "instant": "{earlier.isoformat()}"}}'
        )
        assert isinstance(deed.particulars, Correction)
        assert (deed.particulars.act, deed.particulars.part) == (Act.RECEIVE, "request")
        assert deed.particulars.was == authority.request(reference).received
        await authority.counter.act(reference, deed)
        assert (await authority.agreed(reference)).received == earlier
        assert [letter.kind for letter in went_out_wrong(authority.counter, reference, deed)] == ["acknowledgement"]


async def test_a_date_of_the_letter_is_put_right_without_naming_the_deed_it_came_with(authority: Office) -> None:
    """Truth protected: the answer to a question for a date is one act away from the clock, and says which."""
    reference = await authority.submit(letter("P3"))
    by = datetime.now(UTC) + timedelta(days=9)
    for date in (f'"asked_by": "{by.isoformat()}"', f'"execute_at": {{"M1": "{by.isoformat()}"}}'):
        await authority.counter.act(reference, said(authority, reference, Act.CORRECT, f"{{{date}}}"))
    request = await authority.agreed(reference)
    assert (request.asked_by, request.measures[0].execute_at) == (by, by)


async def test_who_answers_with_a_date_is_told_how_it_counts(authority: Office) -> None:
    past = {"by": "2026-11-20T12:00:00Z", "reason_code": "other", "reason": "A date."}
    reference = await authority.submit(letter("P3", deadline=past, purpose=None))
    request = authority.request(reference)
    told = {
        question.field: date_told(request, said(authority, reference, Act.ANSWER, "{}", question.id))
        for question in request.questions
    }
    assert told == {"purpose": None, "deadline.by": '{"asked_by": "..."}'}
    assert date_told(request, said(authority, reference, Act.NOTE, "{}")) is None


async def test_a_measure_is_filled_from_the_law_data(authority: Office) -> None:
    reference = await authority.submit(letter("P3"))
    added = said(
        authority,
        reference,
        Act.ADD_MEASURE,
        '{"kind": "Expedited  preservation", "urgency": "P0", "execute_at": "2099-12-02T06:00:00+01:00"}',
    )
    await authority.counter.act(reference, added)
    measure = authority.request(reference).measures[1]
    assert (measure.kind, measure.instrument, measure.urgency) == ("expedited preservation", "none", Urgency.P0)
    assert (measure.lasts, measure.one_person) == (True, True)
    assert measure.execute_at == datetime(2099, 12, 2, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("act", "given", "error", "says"),
    [
        (Act.CORRECT, f'{{"deed": "{ulid()}"}}', NotFound, "no deed of that id is on record"),
        (Act.CORRECT, '{"instant": "2026-11-01T00:00:00Z"}', Unreadable, "'correct' takes deed, instant, until"),
        (Act.ADD_MEASURE, '{"kind": "telepathy"}', NotFound, "there are .*bank records"),
        (Act.ADD_MEASURE, "{}", Unreadable, "'add measure' takes kind, instrument, urgency"),
        (Act.ADD_MEASURE, '{"kind": "bank records", "urgency": "P9"}', Unreadable, "'P0', 'P1'"),
        (Act.ADD_MEASURE, '{"kind": "bank records", "instrument": "cets224"}', Unreadable, "known: .*untoc"),
        (Act.SET_LEGAL_BASIS, '{"instrument": "cets224"}', Unreadable, "in force between UA and LU; known: .*untoc"),
        (Act.SET_LEGAL_BASIS, "{}", Unreadable, "'set legal basis' takes instrument"),
        (Act.ALLOCATE, '{"person": "p-nobody"}', NotYours, "p-nobody is not known here"),
        (Act.HAND_OVER, '{"person": "p-nobody"}', NotYours, "p-nobody is not known here"),
        (Act.CLAIM_URGENCY, '{"urgency": "P9"}', Unreadable, "'P0', 'P1'"),
        (Act.SETTLE_COST, '{"amount": "12,5"}', Unreadable, "takes amount, currency, borne_by"),
        (Act.RECORD_CHILD_STATE, "{}", Unreadable, "takes state"),
    ],
)
async def test_each_wrong_input_is_one_error_that_says_what_is_possible(
    authority: Office, reference: str, act: Act, given: str, error: type[Exception], says: str
) -> None:
    part = "M1" if act in (Act.SET_LEGAL_BASIS, Act.CLAIM_URGENCY) else "request"
    with pytest.raises(error, match=says) as refusal:
        said(authority, reference, act, given, part)
    assert "\n" not in str(refusal.value)


async def test_nothing_is_drafted_for_a_certificate_to_which_nothing_may_be_closed(
    authority: Office, reference: str
) -> None:
    """Before two people have looked at it, not after: run out, for signing alone, or none at all."""
    words = f'{{"exhibits": ["{ulid()}"], "recipient": "lisbon"}}'
    path = authority.home.recipient_certificate("lisbon")
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for certificate, says in (
        (holder("old", until=yesterday), f"valid from 2025-01-01 to {yesterday:%Y-%m-%d}; ask for the one of today"),
        (holder("signs alone", stamps=True), "is not for key encipherment: it signs alone"),
    ):
        path.write_bytes(certificate.certificate.public_bytes(Encoding.PEM))
        with pytest.raises(Unreadable, match=says):
            said(authority, reference, Act.DRAFT_PACKAGE, words, person="p-dan")
    path.write_text("-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----")
    with pytest.raises(Unreadable, match="this is no public key of a recipient"):
        said(authority, reference, Act.DRAFT_PACKAGE, words, person="p-dan")

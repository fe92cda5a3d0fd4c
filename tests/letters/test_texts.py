"""Each kind of letter as it is read, and what none of them may know."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader

from comity.errors import Unreadable
from comity.letters import rendering
from comity.letters.kinds import FOLDER, KindOfLetter, kinds
from comity.letters.rendering import COLUMNS, file_of, render
from comity.letters.view import MeasureTold, PackageTold, QuestionTold, View
from comity.letters.viewing import LANGUAGE
from comity.request.letter import Letter
from comity.request.lifecycle import Act, Role
from comity.request.model import Urgency
from tests.letters.invented import KEPT, NAMED, PROVIDERS, TOLD, UNTIL, WRITTEN, every_text, told, view
from tests.request.letters import letter
from tests.secrecy.markers import MARK, marked_letter, marker

GOLDEN = Path(__file__).parent / "golden"
EVERY = pytest.mark.parametrize("kind", kinds().values(), ids=kinds())


@EVERY
def test_each_kind_reads_as_it_should(kind: KindOfLetter) -> None:
    """Whoever changes a text on purpose records it anew: `python -m tests.letters.record`."""
    assert render(view(kind)) == (GOLDEN / file_of(kind.id)).read_text()


def test_there_is_a_golden_text_for_each_kind_and_no_other() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {file_of(kind) for kind in kinds()}


def test_there_is_a_template_for_each_kind_and_no_other() -> None:
    written = {path.name for path in (FOLDER / LANGUAGE).iterdir() if not path.name.startswith("_")}
    assert written == {file_of(kind) for kind in kinds()}


# --- what none may know -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", every_text().values(), ids=every_text())
def test_no_letter_holds_what_is_kept_for_the_file(text: str) -> None:
    """Every reason, ground and note of the request, and every name and number of a call, is a marker."""
    assert KEPT not in text


def test_what_is_kept_was_there_to_be_told() -> None:
    """A search that finds nothing proves nothing unless there was something."""
    kept = [event.act for event in told().events if KEPT in event.model_dump_json()]
    assert {Act.PROPOSE, Act.REFUSE, Act.POSTPONE, Act.ORDER_PROVISIONALLY, Act.ASK} <= set(kept)


def test_another_provider_is_told_with_its_state_and_path_and_in_no_other_letter() -> None:
    """Budapest 30: as much as identifies the provider and the path; a second one that was found is told too."""
    texts = {name: " ".join(text.split()) for name, text in every_text().items()}
    said = texts.pop("another provider to requesting authority")
    for found, state in zip(PROVIDERS, ("Ireland", "Portugal"), strict=True):
        assert f"- {found['provider']}, in {state}; the path: {found['path']}" in said
        assert not any(found["provider"] in text or found["path"] in text for text in texts.values())


@pytest.mark.parametrize(("kind", "act"), [("refusal", Act.REFUSE), ("postponement", Act.POSTPONE)])
def test_a_refusal_and_a_postponement_tell_the_reason_that_is_told_and_no_other_measures(kind: str, act: Act) -> None:
    text = render(view(kinds()[kind]))
    assert TOLD[act] in " ".join(text.split())
    assert not any(other in text for name, other in TOLD.items() if name != act)
    assert re.findall(r"\bM\d\b", text) == ["M3" if act == Act.REFUSE else "M4"]


_TOLD_TO_THEM = {
    "letter.issuing_authority.name", "letter.issuing_authority.address", "letter.own_reference",
    "letter.legal_bases[].article",
}  # fmt: skip
_TOLD_TO_A_PROVIDER = {"letter.measures[].data.provider", "letter.measures[].data.account"}


def test_of_the_letter_only_their_own_number_and_authority_are_told_and_only_to_them() -> None:
    """And the provider is told which data to keep, whoever executes what the persons need. All else stays here."""
    texts = every_text(_marked())
    to_them = "".join(text for name, text in texts.items() if name.endswith(" to requesting authority"))
    to_executing = texts.pop("assignment to executing authority")
    to_others = "".join(text for name, text in texts.items() if not name.endswith(" to requesting authority"))
    assert _markers(to_them) == {marker(where) for where in _TOLD_TO_THEM}
    assert _markers(to_others) == {marker(where) for where in _TOLD_TO_A_PROVIDER}
    assert _markers(to_executing) == {marker("letter.persons[].special_measures")}


def _marked() -> Letter:
    planted = marked_letter() | {"requesting_state": "PT", "requested_state": "LU"}
    bases = [planted["legal_bases"][0] | {"instrument": name} for name in ("untoc", "budapest")]
    return Letter.model_validate(planted | {"legal_bases": bases, "measures": planted["measures"] * 8})


def _markers(text: str) -> set[str]:
    return set(re.findall(rf"{MARK}\w*", text))


def test_no_field_of_a_view_can_hold_what_is_kept() -> None:
    names = {name for record in (View, MeasureTold, PackageTold, QuestionTold) for name in record.model_fields}
    assert names & {"reason", "ground", "words", "person", "proposer", "recipient", "hands", "identity"} == set()


def test_whoever_is_written_to_about_a_lead_is_told_that_it_is_one() -> None:
    """What one person disclosed is evidence once the measure is ratified; before, it is something to act on."""
    seen = view(kinds()["disclosure note"])
    lead = seen.packages[0].model_copy(update={"lead": True})
    assert "It is a lead" in render(seen.model_copy(update={"packages": (lead,)}))
    assert "It is a lead" not in render(seen)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{{ view.words }}", "refusal.txt: a letter does not know that: .*words"),
        ("{{ request.measures }}", "a letter does not know that: 'request' is undefined"),
        ("{{ view.our_state.__class__.__mro__ }}", "a letter does not know that: .*unsafe"),
        ("one\n{% if view.until %}", "refusal.txt: line 2: "),
        ('{% include "../kinds.toml" %}', "kinds.toml: this text is missing"),
    ],
)
def test_a_template_cannot_reach_what_is_not_given_to_it(monkeypatch: pytest.MonkeyPatch, text: str, says: str) -> None:
    """The text at fault is named, with its line where there is one."""
    monkeypatch.setattr(rendering, "_TEXTS", rendering.texts_in(Changed({"refusal.txt": text})))
    with pytest.raises(Unreadable, match=says):
        render(view(kinds()["refusal"]))


class Changed(FileSystemLoader):
    """The texts as they are, but for some."""

    def __init__(self, texts: dict[str, str]) -> None:
        super().__init__(FOLDER / LANGUAGE)
        self._texts = texts

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """One text."""
        if template in self._texts:
            return self._texts[template], template, lambda: True
        return super().get_source(environment, template)


# --- form -------------------------------------------------------------------------------------------------------------


@EVERY
def test_each_template_serves_a_request_of_which_nothing_more_is_known(kind: KindOfLetter) -> None:
    """No authority, no number, no legal basis, no date, no part."""
    bare = View(
        kind=kind.id, written=WRITTEN, to=kind.to[0], our_state="Luxembourg", our_reference=told().request.reference,
        their_state="Portugal", received=WRITTEN, urgency=Urgency.P3, until=UNTIL if kind.until == "needed" else None,
    )  # fmt: skip
    text = render(bare)
    assert "None" not in text
    assert "\n\n\n" not in text


@EVERY
def test_each_template_serves_a_request_whose_letter_says_nothing(kind: KindOfLetter) -> None:
    assert "None" not in render(view(kind, letter()))


@pytest.mark.parametrize("text", every_text().values(), ids=every_text())
def test_no_line_is_longer_than_72_columns(text: str) -> None:
    assert max(map(len, text.splitlines())) <= COLUMNS
    assert text.endswith("\n")
    assert not re.search(r"[ \t]\n", text)


@pytest.mark.parametrize(
    "name",
    ["النيابة العامة في مدينة مخترعة", "Офіс Генерального прокурора", "检察院", "O'Hara & <Søn>", "{{ view.kind }}"],
)
def test_names_in_any_script_pass_through_unharmed(name: str) -> None:
    text = render(view(kinds()["acknowledgement"], letter(issuing_authority={"name": name, "address": name})))
    assert f"To: {name}\n    {name}\n" in text


def test_dates_are_such_that_nobody_takes_the_month_for_the_day() -> None:
    text = render(view(kinds()["delay"]))
    assert "Date: 22 November 2026, 02:00 UTC\n" in text
    assert "by 20 February 2027, 12:00 UTC" in text
    assert not re.search(r"\d[/.-]\d\d?[/.-]", text)


def test_the_account_is_named_in_the_preservation_order_alone() -> None:
    told_by = {name.split(" to ")[0] for name, text in every_text().items() if "nobody@mail.example" in text}
    assert told_by == {"preservation order"}


def test_the_police_are_told_of_what_cannot_wait_alone() -> None:
    """The bank records of the same request are no matter of theirs."""
    assert re.findall(r"\bM\d\b", render(view(kinds()["note for the police"]))) == ["M1", "M9"]


def test_parts_that_must_be_named_are() -> None:
    assert set(NAMED) == {kind.id for kind in kinds().values() if kind.named}


def test_each_recipient_is_named_at_the_head() -> None:
    assert "\nTo: The provider\n" in render(view(kinds()["preservation order"]))
    assert "\nTo: Procuradoria Inventada\n" in render(view(kinds()["progress"]))
    assert "\nTo: The court\n" in render(view(kinds()["reminder"], to=Role.COURT))

"""The drawn story: it says what the ledger says, stands alone, and can be read without colours."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Refused
from comity.evidence.custody import Action
from comity.home import Home
from comity.keys.request_keys import KeyClass
from comity.request.lifecycle import Act, Role, Stage, Status
from comity.request.model import Gap, Measure
from comity.request.rules import part_of
from desk.chronicle import SIGNS, Clock, chronicle
from desk.picturing import LEFT, NOW, RIGHT, SHAPES, Scale, lasted, page, write
from desk.telling import by, happened, more
from desk.tracing import trace
from tests.desk.stories import Story, house
from tests.request import lives
from tests.request.lives import ANNA, BOB, CARLA, DAN, REFERENCE, sought, ulid

EXECUTING, FAY = Role.EXECUTING_AUTHORITY, "p-fay"
AT = lives.NOW
LATER = AT + timedelta(days=40)
SVG = re.compile(r"<svg viewBox=.+?</svg>", re.DOTALL)
UNKNOWN_TO_ANYBODY = "words that the story keeps to itself"
MARKUP = 'not while <b onclick="x">it</b> is & "open"'


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    opened = house(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def story(home: Home) -> Story:
    """A P0 that was acknowledged an hour late, and whose second measure was granted in time."""
    told = Story(home).begin(sought(1, urgency="P0", kind="expedited preservation"), sought(2))
    told.reckon("request/acknowledge", AT + timedelta(minutes=30)).reckon("M2/decide", AT + timedelta(days=30))
    told.reckon("M1/decide", AT + timedelta(days=2))
    told.after(minutes=30).ring("request/acknowledge", 0, overdue=True)
    told.after(hours=1).ring("request/acknowledge", 1, overdue=True)
    told.do(ANNA, Role.COORDINATOR, Act.ACKNOWLEDGE)
    told.do(ANNA, Role.COORDINATOR, Act.OPEN_REVIEW).after(days=3).refused(BOB, Act.CLOSE, MARKUP)
    told.do(BOB, Role.REVIEWER, Act.NOTE, words=UNKNOWN_TO_ANYBODY).touch(ulid(), Action.SEALED)
    told.after(days=1).do(BOB, Role.REVIEWER, Act.PROPOSE, "M2", outcome=Act.GRANT)
    measure = part_of(told.request, "M2")
    assert isinstance(measure, Measure)
    return told.after(hours=2).do(CARLA, Role.DECIDER, Act.GRANT, "M2", seen=measure.proposal)


def drawn(story: Story, at: datetime = LATER) -> str:
    return page(trace(story.home, story.reference), at=at)


def drawings(text: str) -> list[ElementTree.Element]:
    return [ElementTree.fromstring(found) for found in SVG.findall(text)]  # noqa: S314 - our own page


# --- what it says -----------------------------------------------------------------------------------------------------


def test_what_is_drawn_is_the_request_that_its_events_make(story: Story) -> None:
    assert chronicle(trace(story.home, REFERENCE)).request == story.request


def test_stages_and_statuses_last_until_the_next(story: Story) -> None:
    told = chronicle(trace(story.home, REFERENCE))
    reviewed = AT + timedelta(minutes=90)
    assert [(stage.word, stage.start, stage.end) for stage in told.stages] == [
        (Stage.SUBMISSION, AT, reviewed),
        (Stage.LEGAL_REVIEW, reviewed, None),
    ]
    lane = told.lanes["M2 bank records"]
    assert [lasting.word for lasting in lane] == [Status.SOUGHT, Status.PROPOSED, Status.GRANTED]
    assert all(one.end == next_.start for one, next_ in pairwise(lane))


def test_a_clock_runs_from_its_opening_to_its_end_with_its_rungs(story: Story) -> None:
    clocks = {clock.key: clock for clock in chronicle(trace(story.home, REFERENCE)).clocks}
    late = clocks["request/acknowledge"]
    times = (late.opened, late.due, late.done)
    assert times == (AT, AT + timedelta(minutes=30), AT + timedelta(minutes=90))
    assert [(moment.sign, moment.at) for moment in late.moments] == [("rung", times[1]), ("rung", times[2])]
    assert clocks["M2/decide"].done == AT + timedelta(days=4, minutes=210)
    assert clocks["request/tell the police"].done is None


def test_an_act_entered_late_opens_and_ends_clocks_when_it_happened(home: Home) -> None:
    happened_at = AT + timedelta(hours=1)
    told = Story(home).begin().after(days=1).do(ANNA, Role.COORDINATOR, Act.ACKNOWLEDGE, happened=happened_at)
    clocks = {clock.key: clock for clock in chronicle(trace(home, REFERENCE)).clocks}
    assert clocks["request/acknowledge"].done == happened_at
    assert drawn(told)


@pytest.fixture
def stopped(home: Home) -> Story:
    """A measure suspended for three days, taken up again; then suspended once more."""
    told = Story(home).begin().do(ANNA, Role.COORDINATOR, Act.OPEN_REVIEW)
    told.do(BOB, Role.REVIEWER, Act.PROPOSE, "M1", outcome=Act.GRANT)
    measure = part_of(told.request, "M1")
    assert isinstance(measure, Measure)
    told.do(CARLA, Role.DECIDER, Act.GRANT, "M1", seen=measure.proposal).do(ANNA, Role.COORDINATOR, Act.ASSIGN, "M1")
    told.do(DAN, EXECUTING, Act.START, "M1").reckon("M1/execute", AT + timedelta(days=5)).after(days=1)
    told.do(DAN, EXECUTING, Act.SUSPEND, "M1", reason="a remedy").after(days=3)
    told.do(DAN, EXECUTING, Act.CONTINUE, "M1").reckon("M1/execute", AT + timedelta(days=5)).after(days=3)
    return told.do(DAN, EXECUTING, Act.SUSPEND, "M1", reason="privilege").after(days=1)


def execution(story: Story) -> Clock:
    [clock] = [clock for clock in chronicle(trace(story.home, REFERENCE)).clocks if clock.key == "M1/execute"]
    return clock


def test_a_clock_stands_still_while_its_measure_is_suspended(stopped: Story) -> None:
    """Truth protected: one clock with stops, not several clocks that were each done."""
    days = [(stop.word, (stop.start - AT).days, stop.end and (stop.end - AT).days) for stop in execution(stopped).stops]
    assert days == [(Status.SUSPENDED, 1, 4), (Status.SUSPENDED, 7, None)]
    assert execution(stopped).done is None
    text = drawn(stopped, stopped.at)
    assert "stopped, suspended: " in text
    assert "suspended, late by 2 d; stopped for 4 d" in text


def test_a_clock_that_stood_still_ends_with_what_it_was_for(stopped: Story) -> None:
    stopped.do(FAY, Role.REQUESTING_AUTHORITY, Act.WITHDRAW, "M1")
    clock = execution(stopped)
    assert clock.done == clock.stops[-1].end == stopped.at
    assert "done, late by 3 d; stopped for 4 d" in drawn(stopped, stopped.at)


def test_a_duty_that_recurs_has_a_clock_each_time(home: Home) -> None:
    told = Story(home).begin().do(ANNA, Role.COORDINATOR, Act.OPEN_REVIEW).after(days=9)
    told.do(ANNA, Role.COORDINATOR, Act.REPORT_PROGRESS).after(days=9)
    told.do(ANNA, Role.COORDINATOR, Act.REPORT_PROGRESS)
    reports = [clock for clock in chronicle(trace(home, REFERENCE)).clocks if clock.key == "request/report progress"]
    assert [clock.done is None for clock in reports] == [False, False, True]


def test_all_that_the_story_tells_stands_in_its_table_and_nothing_else(story: Story) -> None:
    text = drawn(story)
    for line in trace(story.home, REFERENCE):
        assert f'<td class="number">{line.index}</td>' in text
        for told in (happened(line), by(line), more(line).replace(MARKUP, "")):
            assert told in text
    assert UNKNOWN_TO_ANYBODY not in text


def test_lateness_is_said_by_a_sign_and_in_words(story: Story) -> None:
    text = drawn(story)
    assert text.count('class="late"') == 2
    assert ">! late 1 h</text>" in text
    assert '<td class="is-late">done, late by 1 h</td>' in text
    assert '<td class="is-late">owed, late by 38 d</td>' in text


def test_a_page_of_a_closed_request_ends_with_its_last_entry(home: Home) -> None:
    """Truth protected: what was owed when it closed does not grow later with each day."""
    told = Story(home).begin(sought(1)).reckon("M1/decide", AT + timedelta(days=1)).after(days=2)
    told.do("p-eve", Role.HEAD_OF_UNIT, Act.VOID, reason="entered by mistake")
    texts = [drawn(told, at) for at in (LATER, LATER + timedelta(days=900))]
    assert [text.count("late by 1 d<") for text in texts] == [1, 1]


def test_what_cannot_be_opened_any_more_is_counted(story: Story) -> None:
    story.do(ANNA, Role.COORDINATOR, Act.ASK, to=Role.REQUESTING_AUTHORITY)
    story.do(ANNA, Role.COORDINATOR, Act.WITHDRAW_QUESTION, "Q1")
    with story.home.store.transaction() as tx:
        story.home.keys.destroy(tx, REFERENCE, KeyClass.CONTENT, AT)
    told = chronicle(trace(story.home, REFERENCE))
    assert told.unread == 2
    assert told.request is not None
    assert told.request.version == story.request.version
    assert "2 entries cannot be opened any more" in drawn(story)


def test_without_the_record_there_is_a_page_of_entries(story: Story) -> None:
    with story.home.store.transaction() as tx:
        story.home.keys.destroy(tx, REFERENCE, KeyClass.RECORD, AT)
    text = drawn(story)
    assert "grant → granted" in text


# --- how it stands ----------------------------------------------------------------------------------------------------


def test_the_page_needs_nothing_from_elsewhere(story: Story) -> None:
    text = drawn(story)
    assert re.findall(r"https?:|//\w|<script|<link|<img|<iframe|@import|@font-face|src=|href=", text) == []
    assert set(re.findall(r"url\((.+?)\)", text)) == {"#hatch"}
    assert "default-src 'none'" in text


def test_words_of_the_file_are_words_and_no_markup(story: Story) -> None:
    text = drawn(story)
    assert MARKUP not in text
    assert "not while &lt;b onclick=&#34;x&#34;&gt;it&lt;/b&gt; is &amp; &#34;open&#34;" in text


def test_a_drawing_has_a_name_and_says_in_words_what_it_shows(story: Story) -> None:
    shown = drawings(drawn(story))
    assert len(shown) > 1 + len(SHAPES)
    for each in shown[:2]:
        title, said = each[0], each[1]
        assert (title.tag, said.tag, each.get("role")) == ("title", "desc", "img")
        assert each.get("aria-labelledby") == f"{title.get('id')} {said.get('id')}"
        assert title.text
        assert said.text
    assert all(each.get("aria-hidden") == "true" for each in shown[2:])


def test_many_clocks_are_drawn_on_several_sheets(home: Home) -> None:
    told = Story(home).begin(gaps=tuple(Gap(id=f"Q{number}", field="facts") for number in range(1, 40)))
    assert len(told.request.duties) > 39
    assert len([each for each in drawings(drawn(told)) if each.get("role") == "img"]) == 3


def test_every_bar_and_sign_tells_its_instants(story: Story) -> None:
    told = [mark for each in drawings(drawn(story))[:2] for mark in each.iter() if mark.tag in ("rect", "path")]
    said = [mark.findtext("title") for mark in told if mark.get("style") is None]
    assert len(said) > 20
    assert [text for text in said if not re.search(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", text or "")] == []


def test_every_table_has_a_caption_and_every_column_a_heading(story: Story) -> None:
    tables = re.findall(r"<table>.+?</table>", drawn(story), re.DOTALL)
    assert len(tables) == 2
    for table in tables:
        assert "<caption>" in table
        headings = re.findall(r'<th scope="col"', table)
        assert {row.count("<td") for row in re.findall(r"<tr><td.+?</tr>", table)} == {len(headings)}


def luminance(colour: str) -> float:
    """Of a colour as #rrggbb (WCAG 2.2, relative luminance)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return sum(share * each for share, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_all_text_can_be_told_from_what_it_stands_on(story: Story) -> None:
    """Contrast of 4.5 to 1 at least (WCAG 2.2, 1.4.3)."""
    style = drawn(story).partition("</style>")[0]
    bars = ["#" + "".join(2 * c for c in found) if len(found) == 3 else f"#{found}"
            for found in re.findall(r"\.[a-z-]+ \{ fill: #([0-9a-f]{3,6}) \}", style)]  # fmt: skip
    assert len(bars) >= 6
    pairs = [(text, "#ffffff") for text in set(re.findall(r"[{; ]color: (#[0-9a-f]{6})", style))]
    pairs += [("#1b1f24", bar) for bar in bars if bar not in ("#444c56", "#a3160f", "#1b1f24")]
    ratios = {pair: (luminance(pair[1]) + 0.05) / (luminance(pair[0]) + 0.05) for pair in pairs}
    assert {pair for pair, ratio in ratios.items() if ratio < 4.5} == set()


def test_only_its_owner_reads_the_file_and_none_is_overwritten(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "story.html"
    write(path, trace(story.home, REFERENCE), at=LATER)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == drawn(story)
    with pytest.raises(Refused, match="there is such a file already"):
        write(path, trace(story.home, REFERENCE), at=LATER)


# --- time -------------------------------------------------------------------------------------------------------------

_INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@given(st.lists(_INSTANTS, min_size=1), _INSTANTS)
def test_later_is_further_to_the_right_and_what_is_to_come_stands_behind_now(
    instants: list[datetime], now: datetime
) -> None:
    scale = Scale(instants, now)
    places = [scale(at) for at in sorted({*instants, now})]
    assert places == sorted(places)
    assert all(LEFT <= scale(at) <= (NOW if at <= now else RIGHT) + 1e-6 for at in instants)
    ticks = [x for x, _, _ in scale.ticks()]
    assert all(after - before >= 100 for before, after in pairwise(ticks))


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(days=2, hours=3, minutes=4), "2 d 3 h"),
        (timedelta(hours=1), "1 h"),
        (timedelta(seconds=72), "1 min 12 s"),
        (timedelta(milliseconds=5), "0 s"),
        (timedelta(seconds=-5), "0 s"),
    ],
)
def test_a_length_of_time_is_said_in_its_two_largest_units(time: timedelta, words: str) -> None:
    assert lasted(time) == words


def test_each_sign_of_an_act_has_a_shape() -> None:
    assert {sign for _, sign in SIGNS.values()} <= SHAPES.keys()

"""A whole request told as a story: what people do, one line each, and the whole ledger verified after every line."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ulid import ULID

from comity.evidence import receipts, receiving
from comity.evidence.bundle import Trust
from comity.evidence.manifest import Receipt
from comity.request.lifecycle import Act, Role, Stage, Status, has_ended
from comity.request.model import Measure, Package, Request, stage_of
from comity.request.rules import part_of
from desk.depositing import Intake, take_in, unwatched
from desk.releasing import release
from tests.office import EXAMPLES, Office, letter, waited
from tests.request.lives import gone_out

BEFORE_ITS_MINUTE = "the other States began, too"
"""Why what is executed at one minute in several States was begun before it."""
EXECUTING = {"role": Role.EXECUTING_AUTHORITY}
ON_DUTY = {"role": Role.DUTY_OFFICER}


@dataclass(frozen=True)
class Life:
    """One request, and the words in which its story is told; `sends` is the package that it speaks of."""

    authority: Office
    reference: str
    folder: Path
    sends: str = "P1"

    async def do(self, person: str, act: Act, part: str = "request", **more: Any) -> Status:
        """One act."""
        return (await self.authority.do(self.reference, f"p-{person}", act, part, **more)).status

    async def arrives(self) -> None:
        """What is done with every request: acknowledged, and taken into review."""
        await self.do("anna", Act.ACKNOWLEDGE)
        assert await self.do("anna", Act.OPEN_REVIEW) == Status.OPEN
        await self.authority.reckoned(self.reference)

    async def is_granted(self, *measures: str) -> None:
        """Proposed by one, decided by another, and given to who executes it."""
        for measure in measures:
            await self.authority.decide(self.reference, measure, Act.GRANT)
            await self.do("anna", Act.ASSIGN, measure)

    async def is_done(self, *measures: str) -> None:
        """Executed without more ado."""
        for measure in measures:
            await self.do("dan", Act.START, measure, reason=BEFORE_ITS_MINUTE, **EXECUTING)
            assert await self.do("dan", Act.COMPLETE, measure, **EXECUTING) == Status.DONE

    async def obtains(self, measure: str, content: bytes) -> str:
        """A file is handed in for a measure. Returns the exhibit's id."""
        file = self.folder / "obtained.csv"
        file.write_bytes(content)
        handed = Intake(file, self.reference, measure, "p-dan", Role.EVIDENCE_OFFICER)
        [taken] = await take_in(self.authority.counter, handed, unwatched)
        return taken.seal.exhibit

    async def approves(self, *exhibits: str) -> None:
        """A package is put together, proposed for release by one, approved by another."""
        await self.do("dan", Act.DRAFT_PACKAGE, exhibits=exhibits, recipient="requester")
        await self.do("dan", Act.PROPOSE_RELEASE, self.sends)
        await self.do("bob", Act.APPROVE_RELEASE, self.sends, seen=self.package().content)

    def package(self) -> Package:
        """The request's package."""
        package = part_of(self.authority.request(self.reference), self.sends)
        assert isinstance(package, Package)
        return package

    async def leaves(self) -> Path:
        """The package is sent, and lies in its recipient's folder."""
        left = await release(self.authority.counter, self.reference, self.sends, "p-dan")
        return Path(left.path)

    def received(self, path: Path) -> Receipt:
        """What the recipient finds in a package, opened with a key that is nowhere here."""
        identity = self.authority.home.folder.parent / "identity"
        trust = Trust(self.authority.home.signatory().certificates, (), datetime.now(UTC))
        return receiving.receive(path, identity, self.folder / str(ULID()), trust, receipts.signatory_of(identity))

    async def is_confirmed(self, receipt: Receipt) -> None:
        """The recipient's own hashes are those of the package."""
        assert await self.confirms(receipt) == Status.PACKAGE_RECEIVED

    async def confirms(self, receipt: Receipt) -> Status:
        """What the recipient says that it received, as its deed."""
        named = {item.id: item.sha256 for item in receipt.exhibits}
        return await self.do("fay", Act.CONFIRM_RECEIPT, self.sends, content=receipt.content_digest, exhibits=named)

    async def tells(self, kind: str, *about: str) -> None:
        """A letter goes out."""
        await self.do("anna", Act.RECORD_LETTER, **gone_out(kind, *about))

    async def closes(self) -> None:
        """Nothing is left to do: concluded, closed; the workflow has ended, and all records agree."""
        assert await self.do("anna", Act.CONCLUDE) == Status.SETTLING
        request = await self.ends("anna", Act.CLOSE)
        parts: tuple[Measure | Package, ...] = (*request.measures, *request.packages)
        assert all(has_ended(part.status) for part in parts)

    async def ends(self, person: str, act: Act, **more: Any) -> Request:
        """The act that closes the file: the workflow has ended, nothing is owed, and all records agree."""
        assert await self.do(person, act, **more) == Status.CLOSED
        assert await self.authority.life(self.reference).result() == Status.CLOSED
        request = await self.authority.agreed(self.reference)
        assert (request.duties, stage_of(request)) == ((), Stage.CLOSURE)
        return request

    def owes(self) -> set[str]:
        """The keys of all that is owed."""
        return {owed.key for owed in self.authority.request(self.reference).duties}

    def acts(self) -> list[Act]:
        """All that the ledger has of the request, by its acts."""
        return [event.act for event in self.authority.events(self.reference)]

    def statuses(self) -> list[Status]:
        """Where the measures stand."""
        return [measure.status for measure in self.authority.request(self.reference).measures]


async def begun(authority: Office, name: str, folder: Path) -> Life:
    """An example, handed in."""
    data = (EXAMPLES / f"{name}.json").read_bytes()
    life = Life(authority, await authority.submit(data), folder)
    for question in authority.request(life.reference).questions:  # a date in the example may have passed since
        await life.do("anna", Act.WITHDRAW_QUESTION, question.id)
    return life


async def with_evidence(authority: Office, urgency: str, folder: Path) -> tuple[Life, str]:
    """A request whose one measure is done, and the exhibit that it gave."""
    life = Life(authority, await authority.submit(letter(urgency)), folder)
    await life.arrives()
    await life.is_granted("M1")
    exhibit = await life.obtains("M1", b"a statement")
    await life.is_done("M1")
    return life, exhibit


async def left(life: Life) -> Path:
    """The package's file, once it lies with its recipient and the transfer has said so."""
    acts = await waited(life.acts, lambda acts: Act.REPORT_DELIVERY in acts)
    assert acts.count(Act.REPORT_DELIVERY) == 1
    (path,) = life.authority.home.outgoing("requester").rglob(f"{life.reference}-P1-*.age")
    return path

"""One life of a request, read from life.json and played act by act at the counter."""

import json
import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict
from ulid import ULID

from comity.request.fold import content_digest
from comity.request.lifecycle import Act, Role
from comity.request.model import (
    Deed,
    Deposit,
    Draft,
    Exhibit,
    Particulars,
    Proposal,
    Receipt,
    Request,
    digest_of,
    particulars_of,
)
from desk.counter import Counter
from desk.filling import On, filled
from desk.submitting import Submission, submit

_ROOT: Final = Path(__file__).parents[1]


class Row(BaseModel):
    """One act of the life: on which part, by whom in which role, with what."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    act: Act
    part: str
    person: str
    role: Role
    particulars: dict[str, Any]


class Life(BaseModel):
    """The whole file: the request that comes in, and the acts in their order; the first is its receipt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    about: str
    request: Path
    acts: tuple[Row, ...]


LIFE: Final = Life.model_validate_json((_ROOT / "bench" / "life.json").read_text())


@dataclass(frozen=True)
class Lived:
    """What one life took: seconds from each act to its receipt, in order, the receiving first."""

    workflow_id: str
    acts: tuple[float, ...]


@dataclass
class _Seen:
    """What the people of one life have before them: revisions from receipts, and the digests of what was proposed."""

    reference: str
    received: Request
    revisions: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    exhibits: dict[str, Exhibit] = field(default_factory=dict)
    packages: int = 0

    def learn(self, receipt: Receipt, particulars: Particulars) -> None:
        self.revisions[receipt.part] = receipt.revision
        if isinstance(particulars, Proposal):
            self.digests[receipt.part] = digest_of(particulars)
        if isinstance(particulars, Deposit):
            self.exhibits[particulars.exhibit.id] = particulars.exhibit
        if isinstance(particulars, Draft):
            self._drafted(particulars)

    def _drafted(self, draft: Draft) -> None:
        self.packages += 1
        name = f"P{self.packages}"
        exhibits = tuple(self.exhibits[key] for key in sorted(draft.exhibits))
        self.digests[name] = content_digest(self.reference, name, exhibits)


async def live(counter: Counter) -> Lived:
    """Hand in one request under a number of its own, and do the acts of the file on it."""
    began = time.perf_counter()
    receipt = await submit(counter, Submission(letter(), LIFE.acts[0].person, datetime.now(UTC)))
    seconds = [time.perf_counter() - began]
    seen = _Seen(receipt.reference, counter.request(receipt.reference))
    for row in LIFE.acts[1:]:
        deed = _deed(counter, row, seen)
        began = time.perf_counter()
        receipt = await counter.act(seen.reference, deed)
        seconds.append(time.perf_counter() - began)
        seen.learn(receipt, deed.particulars)
    return Lived(f"request/{seen.reference}", tuple(seconds))


def letter() -> bytes:
    """The request of the file, under a number of its own; what it names no other names, so that none is linked."""
    own = str(ULID())
    text = re.sub(r'("(?:account|document)": "[^"]*)"', rf'\1 {own}"', (_ROOT / LIFE.request).read_text())
    text = re.sub(r'("sha256": ")[0-9a-f]+', rf"\g<1>{sha256(own.encode()).hexdigest()}", text)
    return json.dumps(json.loads(text) | {"own_reference": own}).encode()


def _deed(counter: Counter, row: Row, seen: _Seen) -> Deed:
    kind = particulars_of(row.act)
    given = _given(counter, row, seen)
    return Deed(
        id=str(ULID()),
        act=row.act,
        part=row.part,
        person=row.person,
        role=row.role,
        expected=seen.revisions.get(row.part, 0),
        particulars=kind.model_validate(row.particulars | given),
    )


def _given(counter: Counter, row: Row, seen: _Seen) -> dict[str, Any]:
    """What the file leaves to whoever plays it: the digest of what was proposed, the stamp of the law, each ground."""
    if row.act in (Act.PROPOSE, Act.RECORD_FINDINGS):
        proposing = {"outcome": Act.GRANT} | row.particulars
        stamp = filled(counter, On(seen.received, row.part), Act.PROPOSE, proposing)["by_law"]
        grounds = (*stamp["must"], *stamp["may"])
        found = [{"ground": ground, "applies": False, "reason": "It does not stand in the way."} for ground in grounds]
        return {"by_law": stamp} if row.act == Act.PROPOSE else {"findings": found}
    return {"seen": seen.digests[row.part]} if "seen" in particulars_of(row.act).model_fields else {}

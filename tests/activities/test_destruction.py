"""What ends a closed request fails once, and once although it took effect: keys die once, proofs stand once."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import eq
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from activities.destruction import LOCKED, Ending, Shredder
from comity.errors import Fault, KeyGone
from comity.keys import request_keys
from comity.keys.request_keys import KeyClass
from comity.ledger.leaf import Kind
from comity.register import destruction
from comity.request.keeping import IN_ORDER, Keeping
from comity.request.lifecycle import Act, Role
from desk.depositing import Intake, take_in, unwatched
from desk.destroying import Said, decide, propose
from desk.holding import Grounds, lift, place
from tests.buckets import KEY, SECRET, Server
from tests.lives.test_destruction import WHY, ended, standing, time_has_come
from tests.lives.test_retention import rows
from tests.office import Office, letter, office, waited

EVERY = ("destroy keys", "clear away", "certify")


async def closed_with_an_exhibit(authority: Office, folder: Path) -> str:
    """A request with one exhibit, entered by mistake; its time has come."""
    reference = await authority.submit(letter("P3"))
    await authority.do(reference, "p-anna", Act.OPEN_REVIEW)
    (folder / "obtained").write_bytes(b"what was obtained")
    handed = Intake(folder / "obtained", reference, "M1", "p-dan", Role.EVIDENCE_OFFICER)
    await take_in(authority.counter, handed, unwatched)
    await authority.do(reference, "p-eve", Act.VOID, reason="entered twice")
    await authority.life(reference).result()
    await rows(authority, reference)
    time_has_come(authority, reference)
    return reference


@pytest.mark.parametrize("kind", ["failed", "failed, but took effect"])
async def test_what_fails_is_done_once_in_the_end(tmp_path: Path, kind: str, *, proving: bool) -> None:
    """Each activity meets the fault at its first try, for each class of key."""
    async with office(tmp_path) as authority:
        reference = await closed_with_an_exhibit(authority, tmp_path)
        for what in IN_ORDER:
            expected = dict.fromkeys(EVERY, 2 if proving else 1)
            authority.faults.met.clear()
            (authority.faults.before if kind == "failed" else authority.faults.after).update(expected)
            await ended(authority, reference, what)
            assert await waited(lambda: authority.faults.met, partial(eq, expected))
        found = [(entry.leaf.act, entry.leaf.status) for entry in authority.entries(reference)]
        assert Counter(found)["destroyed", ""] == 1
        assert [status for act, status in found if act == "certify destruction"] == [*IN_ORDER]
        await authority.env.client.get_workflow_handle(f"retention/{reference}").result()
        authority.verified()


async def test_a_hold_that_comes_after_the_decision_makes_it_lapse(tmp_path: Path) -> None:
    """Truth protected: all is looked at once more in the transaction that destroys."""
    async with office(tmp_path) as authority:
        reference = await closed_with_an_exhibit(authority, tmp_path)
        authority.faults.down.add("destroy keys")
        proposed = await propose(authority.counter, reference, "p-dan", Said(Keeping.VAULT, WHY))
        await decide(authority.counter, reference, "p-eve", Said(Keeping.VAULT, "", proposed.digest))
        hold = place(authority.counter, reference, "p-anna", Grounds(reason="an appeal", authorisation="order 12/26"))
        authority.faults.down.clear()
        await waited(lambda: standing(authority, reference, Keeping.VAULT), lambda found: found is None)
        assert authority.home.keys.raw(reference, KeyClass.VAULT)
        lapsed = [entry.leaf for entry in authority.entries(reference) if entry.leaf.act == "destruction lapsed"]
        assert [(leaf.kind, leaf.status) for leaf in lapsed] == [(Kind.NOTICE, "vault")]
        lift(authority.counter, reference, ("p-eve", hold.id), "the appeal was withdrawn")
        assert (await ended(authority, reference, Keeping.VAULT)).kind == "vault"


async def test_what_a_lost_worker_left_half_done_is_found_by_the_sweep(tmp_path: Path) -> None:
    async with office(tmp_path) as authority:
        reference = await closed_with_an_exhibit(authority, tmp_path)
        authority.faults.down.add("clear away")
        proposed = await propose(authority.counter, reference, "p-dan", Said(Keeping.VAULT, WHY))
        await decide(authority.counter, reference, "p-eve", Said(Keeping.VAULT, "", proposed.digest))
        await waited(
            lambda: standing(authority, reference, Keeping.VAULT), lambda found: bool(found and found.shredded_at)
        )
        with authority.home.store.reading() as view:
            assert destruction.unfinished(view, datetime.now(UTC) + timedelta(minutes=1), 9) == (reference,)
            assert destruction.unfinished(view, datetime.now(UTC) - timedelta(minutes=1), 9) == ()
        authority.faults.down.clear()
        await waited(
            lambda: standing(authority, reference, Keeping.VAULT), lambda found: bool(found and found.certificate)
        )
        with authority.home.store.reading() as view:
            assert destruction.unfinished(view, datetime.now(UTC) + timedelta(minutes=1), 9) == ()


async def test_nothing_is_certified_that_was_not_destroyed(tmp_path: Path) -> None:
    async with office(tmp_path) as authority:
        reference = await closed_with_an_exhibit(authority, tmp_path)
        ending = Ending(reference=reference, what=Keeping.VAULT, at=datetime.now(UTC))
        with pytest.raises(Fault, match="nothing of it was destroyed"):
            Shredder(authority.home).certify(ending)
        assert Shredder(authority.home).destroy(ending) is False
        assert authority.home.keys.raw(reference, KeyClass.VAULT)


async def test_what_another_process_destroyed_is_let_go_of_though_nobody_asks_for_it(tmp_path: Path) -> None:
    """Truth protected: a key that is remembered here dies with its row, not when somebody next needs it."""
    async with office(tmp_path) as authority:
        reference = await closed_with_an_exhibit(authority, tmp_path)
        keys = authority.home.keys
        keys.raw(reference, KeyClass.VAULT)
        with authority.home.store.transaction() as tx:
            request_keys.destroy(tx, reference, KeyClass.VAULT, at=datetime.now(UTC))
        assert keys.remembers(reference, KeyClass.VAULT)
        keys.forget_destroyed()
        assert not keys.remembers(reference, KeyClass.VAULT)
        with pytest.raises(KeyGone):
            keys.raw(reference, KeyClass.VAULT)


async def test_what_a_bucket_keeps_locked_is_left_closed_and_the_certificate_says_so(
    tmp_path: Path, s3: Server
) -> None:
    """Truth protected: no object is hidden behind a marker and called gone; nothing that is left opens it."""
    lies = s3.bucket("COMPLIANCE")
    where: dict[str, Any] = {"vault": f"s3://{lies.bucket}/{lies.prefix}", "vault_endpoint": lies.endpoint}
    async with office(tmp_path, **where, vault_key=KEY, vault_secret=SecretStr(SECRET)) as authority:
        reference = await closed_with_an_exhibit(authority, tmp_path)
        (exhibit,) = (each.id for each in authority.counter.request(reference).exhibits)
        locked = s3.client().list_object_versions(Bucket=lies.bucket)["Versions"]
        assert [each["Key"] for each in locked] == [f"{lies.prefix}/{exhibit}"]
        await ended(authority, reference, Keeping.VAULT)
        certificate = await ended(authority, reference, Keeping.CONTENT)
        assert certificate.exhibits == (f"{exhibit}, file stays",)
        assert LOCKED in certificate.left
        after = s3.client().list_object_versions(Bucket=lies.bucket)
        assert ([each["VersionId"] for each in after["Versions"]], after.get("DeleteMarkers")) == (
            [each["VersionId"] for each in locked],
            None,
        )
        keys = authority.home.keys
        with pytest.raises(KeyGone):
            list(
                authority.home.vault.read(
                    exhibit, lambda key: keys.open(reference, KeyClass.CONTENT, key, f"exhibit {exhibit}")
                )
            )
        authority.verified()

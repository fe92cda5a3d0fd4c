"""What migrations make is what the keepers declare, on both databases."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from comity.register.tables import QUESTION
from comity.request.lifecycle import Kind, Status, statuses_of
from comity.store import Store
from tests.store.schema import constraints_declared, constraints_made, differences


def test_migrations_make_what_the_keepers_declare(store: Store) -> None:
    assert differences(store) == []


def test_a_column_that_no_migration_made_is_found(store: Store) -> None:
    """Truth protected: the comparison above sees a difference."""
    with store.transaction() as tx:
        tx.execute(sa.text("alter table duty add column mood varchar(8)"))
    assert len(differences(store)) == 1


def test_check_constraints_are_those_declared(store: Store) -> None:
    assert constraints_made(store) == constraints_declared()


@pytest.mark.parametrize("kind", Kind)
def test_the_register_takes_exactly_the_statuses_of_the_lifecycle(store: Store, kind: Kind) -> None:
    assert constraints_made(store)[f"ck_{kind}_status_known"] == statuses_of(kind)


def test_a_status_of_another_kind_of_part_is_refused(store: Store) -> None:
    row = {"reference": "0" * 26, "id": "Q1", "since": None, "addressee": "court"}
    with pytest.raises(IntegrityError), store.transaction() as tx:
        tx.execute(QUESTION.insert().values(row | {"status": Status.SOUGHT}))

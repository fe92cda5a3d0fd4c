"""The schema that migrations make, beside the one that the keepers declare."""

import re
from typing import Any

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from comity.evidence import exhibits
from comity.keys import request_keys
from comity.ledger import log
from comity.register import tables as register
from comity.store import METADATA, Store

Words = tuple[str, ...]
_KEEPERS = (exhibits, request_keys, log, register)
"""Imported, so that METADATA holds the tables of all of them."""


def tables() -> set[str]:
    """The names of the tables that the keepers declare in their rooms."""
    declared = (value for keeper in _KEEPERS for value in vars(keeper).values())
    return {table.name for table in declared if isinstance(table, sa.Table)}


def differences(store: Store) -> list[Any]:
    """What alembic would change to make the database what the metadata says: columns, types, indexes, uniqueness."""
    with store.reading() as view:
        return list(compare_metadata(MigrationContext.configure(view, opts={"compare_type": True}), METADATA))


def constraints_made(store: Store) -> dict[str, Words]:
    """Each check constraint of the database by its name, as the words in quotation marks that it lists."""
    with store.reading() as view:
        inspector = sa.inspect(view)
        found = (check for table in inspector.get_table_names() for check in inspector.get_check_constraints(table))
        return {str(check["name"]): _words(check["sqltext"]) for check in found}


def constraints_declared() -> dict[str, Words]:
    """The same as the metadata says."""
    constraints = (each for table in METADATA.sorted_tables for each in table.constraints)
    checks = (each for each in constraints if isinstance(each, sa.CheckConstraint))
    return {str(check.name): _words(str(check.sqltext)) for check in checks}


def _words(condition: str) -> Words:
    """Both databases write a condition in their own way; the words that it lists are the same."""
    return tuple(re.findall(r"'([^']*)'", condition))

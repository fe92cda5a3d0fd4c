"""What a worklist asks for: who has a request, who owes a duty, and indices by clock."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_NEVER = "9999-12-31T00:00:00.000000Z"

_OUTSIDE = {
    "requesting authority": (
        "supplement", "answer consultation", "answer offer", "confirm receipt", "confirm in writing", "return what was lent",
    ),
    "executing authority": ("execute", "renew or let go", "stop"),
    "executing authority, court": ("resolve suspension",),
}  # fmt: skip
_INSIDE = {
    "coordinator": (
        "acknowledge", "open review", "confirm taking over", "settle", "end watch", "report progress", "tell the outcome",
    ),
    "duty officer": ("tell the police", "provisional act"),
    "coordinator, duty officer": ("tell that it was not ratified",),
    "reviewer": ("review postponement", "resolve hold"),
    "reviewer, decider": ("decide",),
    "reviewer, decider, head of unit": ("ratify",),
    "decider": ("answer further use",),
    "evidence officer": ("release", "send again"),
}  # fmt: skip


def upgrade() -> None:
    """Add the columns, fill those that need no key, and make the indices."""
    _request()
    _duty()


def _request() -> None:
    at_work = sa.Column(
        "at_work", sa.Boolean, nullable=False, server_default=sa.true(), comment="neither watched nor closed"
    )
    op.add_column("request", at_work)
    op.add_column("request", sa.Column("allocated", sa.String(32), comment="who has it; an opaque id"))
    request = sa.table("request", sa.column("at_work", sa.Boolean), sa.column("status"), sa.column("next_due"))
    op.execute(request.update().where(request.c.status.in_(("watched", "closed"))).values(at_work=sa.false()))
    op.execute(request.update().where(request.c.next_due.is_(None)).values(next_due=_NEVER))
    op.drop_index("ix_request_stage_next_due_reference", "request")
    op.drop_index("ix_request_urgency_next_due_reference", "request")
    for columns in ([], ["urgency"], ["stage"], ["requesting"], ["allocated"]):
        all_ = ["at_work", *columns, "next_due", "reference"]
        op.create_index("_".join(["ix_request", *all_]), "request", all_)
    nobody = sa.column("allocated").is_(None)
    op.create_index(
        "ix_request_unallocated",
        "request",
        ["at_work", "next_due", "reference"],
        sqlite_where=nobody,
        postgresql_where=nobody,
    )


def _duty() -> None:
    owed_by = sa.Column("owed_by", sa.String(64), nullable=False, server_default="", comment="one role, or several")
    outside = sa.Column(
        "outside", sa.Boolean, nullable=False, server_default=sa.false(), comment="owed by somebody outside"
    )
    held_by = sa.Column("held_by", sa.String(32), comment="who said that they have it; an opaque id")
    for column in (
        owed_by,
        outside,
        held_by,
        sa.Column("next_at", sa.String(27), comment="when its next rung is climbed"),
    ):
        op.add_column("duty", column)
    _say_who_owes()
    op.drop_index("ix_duty_done_at_due", "duty")
    owed = sa.column("done_at").is_(None)
    for columns in (
        ["outside", "due", "reference", "key"],
        ["urgency", "due", "reference", "key"],
        ["held_by", "reference"],
    ):
        name = "_".join(["ix_duty", *columns])
        op.create_index(name, "duty", columns, sqlite_where=owed, postgresql_where=owed)


def _say_who_owes() -> None:
    duty = sa.table(
        "duty", *(sa.column(name) for name in ("reference", "key", "due", "owed_by")), sa.column("outside", sa.Boolean)
    )
    op.execute(duty.update().where(duty.c.due.is_(None)).values(due=_NEVER))
    for owing, outside in ((_OUTSIDE, True), (_INSIDE, False)):
        for roles, names in owing.items():
            told = sa.or_(*(duty.c.key.endswith(f"/{name}") for name in names))
            op.execute(duty.update().where(told).values(owed_by=roles, outside=outside))
    question = sa.table("question", *(sa.column(name) for name in ("reference", "id", "addressee")))
    of = sa.and_(question.c.reference == duty.c.reference, question.c.id + "/answer" == duty.c.key)
    asked = sa.select(question.c.addressee).where(of).scalar_subquery()
    theirs = duty.c.owed_by.in_(("executing authority", "requesting authority", "court", "provider", "police"))
    op.execute(duty.update().where(duty.c.key.endswith("/answer")).values(owed_by=asked))
    op.execute(duty.update().where(duty.c.key.endswith("/answer"), theirs).values(outside=True))

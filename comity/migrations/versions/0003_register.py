"""The register's tables."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create them."""
    _arrival()
    _document()
    _duty()
    _event()
    _foreign_reference()
    _identity()
    _measure()
    _package()
    _question()
    _request()


def _arrival() -> None:
    op.create_table(
        "arrival",
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="the deed `receive`, under the record key"),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_arrival")),
    )


def _document() -> None:
    op.create_table(
        "document",
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="under the content key"),
        sa.PrimaryKeyConstraint("reference", "name", name=op.f("pk_document")),
    )


def _duty() -> None:
    op.create_table(
        "duty",
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("entered", sa.String(27), nullable=False),
        sa.Column("urgency", sa.String(length=4), nullable=False),
        sa.Column("due", sa.String(27), nullable=True),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.String(27), nullable=True),
        sa.Column("done_by", sa.Integer(), nullable=True, comment="version of the event that ended it"),
        sa.PrimaryKeyConstraint("reference", "key", "entered", name=op.f("pk_duty")),
    )
    op.create_index(op.f("ix_duty_done_at_due"), "duty", ["done_at", "due"], unique=False)


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="keyed: a plain one would confirm a guess"),
        sa.Column("deed", sa.String(length=26), nullable=True),
        sa.Column("deed_digest", sa.String(length=64), nullable=True, comment="keyed, too"),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("reference", "version", name=op.f("pk_event")),
        sa.UniqueConstraint("reference", "deed", name=op.f("uq_event_reference_deed")),
    )


def _foreign_reference() -> None:
    op.create_table(
        "foreign_reference",
        sa.Column("state", sa.String(length=2), nullable=False),
        sa.Column("index", sa.String(length=64), nullable=False, comment="keyed HMAC of the other State's number"),
        sa.Column("serial", sa.Integer(), nullable=False, comment="0; more where it was entered anew on purpose"),
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.PrimaryKeyConstraint("state", "index", "serial", name=op.f("pk_foreign_reference")),
    )
    op.create_index(op.f("ix_foreign_reference_reference"), "foreign_reference", ["reference"], unique=False)


def _identity() -> None:
    op.create_table(
        "identity",
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("token", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False, comment="under the vault key"),
        sa.PrimaryKeyConstraint("reference", "token", name=op.f("pk_identity")),
    )


def _measure() -> None:
    op.create_table(
        "measure",
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("id", sa.String(length=5), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.Column("urgency", sa.String(length=4), nullable=False),
        sa.CheckConstraint(
            "status in ('sought', 'consulting', 'proposed', 'offered', 'postponed', 'granted', 'assigned', 'awaiting order', 'started', 'in force', 'suspended', 'stopping', 'done', 'partly done', 'impossible', 'refused', 'withdrawn')",
            name=op.f("ck_measure_status_known"),
        ),
        sa.PrimaryKeyConstraint("reference", "id", name=op.f("pk_measure")),
    )


def _package() -> None:
    op.create_table(
        "package",
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("id", sa.String(length=5), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.CheckConstraint(
            "status in ('drafted', 'release proposed', 'approved', 'held', 'dispatched', 'rejected', 'recalled', 'package received', 'delivered', 'cancelled')",
            name=op.f("ck_package_status_known"),
        ),
        sa.PrimaryKeyConstraint("reference", "id", name=op.f("pk_package")),
    )


def _question() -> None:
    op.create_table(
        "question",
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("id", sa.String(length=5), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("since", sa.String(27), nullable=False),
        sa.Column("addressee", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "status in ('asked', 'answered', 'question withdrawn', 'expired')", name=op.f("ck_question_status_known")
        ),
        sa.PrimaryKeyConstraint("reference", "id", name=op.f("pk_question")),
    )


def _request() -> None:
    op.create_table(
        "request",
        sa.Column("reference", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=32), nullable=False),
        sa.Column("stage", sa.String(length=32), nullable=False),
        sa.Column("urgency", sa.String(length=4), nullable=False),
        sa.Column("direction", sa.String(length=16), nullable=False),
        sa.Column("requesting", sa.String(length=2), nullable=False),
        sa.Column("requested", sa.String(length=2), nullable=False),
        sa.Column("received", sa.String(27), nullable=False),
        sa.Column("next_due", sa.String(27), nullable=True),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("direction in ('asked of us', 'asked by us')", name=op.f("ck_request_direction_known")),
        sa.CheckConstraint(
            "stage in ('submission', 'legal review', 'execution', 'evidence transfer', 'closure')",
            name=op.f("ck_request_stage_known"),
        ),
        sa.CheckConstraint(
            "status in ('received', 'incomplete', 'redirected', 'open', 'settling', 'watched', 'closed')",
            name=op.f("ck_request_status_known"),
        ),
        sa.CheckConstraint("urgency in ('P0', 'P1', 'P1d', 'P2', 'P3', 'P4')", name=op.f("ck_request_urgency_known")),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_request")),
    )
    op.create_index(
        op.f("ix_request_stage_next_due_reference"), "request", ["stage", "next_due", "reference"], unique=False
    )
    op.create_index(
        op.f("ix_request_urgency_next_due_reference"), "request", ["urgency", "next_due", "reference"], unique=False
    )

"""The tables of the sync itself: what is known, decided and to be done. `office.py` has those of its people.

A million records stay a million rows: values per field live in one document per record and per customer.
What must be unique is unique by an index, never by looking first. Every look-up of a run goes through an index;
what is rare among many (fresh, due, open) has a partial one.
"""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from syncd.store.columns import Document, Key, Moment, Number

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# An operation in one of these states still wants to happen, or may have happened without our knowing.
OPEN = ("planned", "waiting", "claimed", "sent", "unknown")
# The same as SQL. A query has to say it in these words for SQLite to take an index that is limited to it.
_OPEN = "state IN ('planned', 'waiting', 'claimed', 'sent', 'unknown')"
IS_OPEN = text(_OPEN)
# The reason of a customer that a connection's `only` leaves out begins with this word.
_PARKED = "substr(reason, 1, 6) = 'parked'"
IS_PARKED = text(_PARKED)


def _index(name: str, *columns: Column[object] | str, where: str = "", unique: bool = False) -> Index:
    """Return an index that covers only the rows that `where` names; see `partial_on_both`."""
    return Index(name, *columns, unique=unique, sqlite_where=text(where) if where else None)


def partial_on_both(tables: MetaData) -> MetaData:
    """Return tables whose partial indexes are that on PostgreSQL too, as a schema is compared and made.

    Not said at once: naming a dialect loads it, and that is a twelfth of what `syncd status` costs.
    """
    for table in tables.tables.values():
        for index in table.indexes:
            index.dialect_kwargs["postgresql_where"] = index.dialect_options["sqlite"]["where"]
    return tables


meta = Table("meta", METADATA, Column("key", Key, primary_key=True), Column("value", Text, nullable=False))

# One row per count: journal numbers, customers, operations, runs. A row is locked while it counts.
counters = Table(
    "counters",
    METADATA,
    Column("name", Key, primary_key=True),
    Column("last", Number, nullable=False),
)

# `epoch` grows with every takeover. It stands in a unique key because PostgreSQL then treats a takeover, but not a
# renewal, as a change of the key: a write that holds FOR KEY SHARE blocks the one and not the other
# [PostgreSQL documentation, 13.3.2 Row-Level Locks].
lease = Table(
    "lease",
    METADATA,
    Column("name", Key, primary_key=True),
    Column("holder", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("born", Text, nullable=False),
    Column("epoch", Number, nullable=False),
    Column("ttl", Number, nullable=False),
    Column("expires_at", Moment),
    UniqueConstraint("name", "epoch"),
)

connections = Table(
    "connections",
    METADATA,
    Column("name", Key, primary_key=True),
    Column("vendor", Text, nullable=False),
    Column("cursor", Document),
    Column("resume", Document),
    Column("full_started", Moment),
    Column("looked_started", Moment),
    Column("last_success", Moment),
    Column("last_attempt", Moment),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("not_before", Moment),
    Column("failures", Integer, nullable=False),
    Column("approved", SmallInteger, nullable=False),
    Column("answers", SmallInteger),
    Column("mapping", Text, nullable=False),
    Column("records", Integer, nullable=False),
    Column("fidelity", Document, nullable=False),
)

customers = Table(
    "customers",
    METADATA,
    Column("id", Key, primary_key=True),
    Column("alias_of", Key, ForeignKey("customers.id", deferrable=True, initially="DEFERRED")),
    Column("first_seen", Moment),
    Column("due", SmallInteger, nullable=False),
    Column("version", Number, nullable=False),
    Column("label", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("document", Text, nullable=False),
    _index("ix_customers_due", "id", where="due = 1 AND alias_of IS NULL"),
    _index("ix_customers_alias_of", "alias_of", where="alias_of IS NOT NULL"),
    _index("ix_customers_own", "id", where="alias_of IS NULL"),
)

# The words of customers' names, folded, for the search by name.
words = Table(
    "words",
    METADATA,
    Column("word", Key, primary_key=True),
    Column("customer", Key, primary_key=True),
    sqlite_with_rowid=False,
)

# The payload stands last: a row is read no further than the columns that are asked for.
records = Table(
    "records",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("connection", Key, nullable=False),
    Column("vendor_id", Key, nullable=False),
    Column("customer", Key, ForeignKey("customers.id", deferrable=True, initially="DEFERRED")),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("fresh", SmallInteger, nullable=False),
    Column("first_seen", Moment),
    Column("observed", Moment),
    Column("written", Moment),
    Column("created", Moment),
    Column("modified", Moment),
    Column("linked_at", Number, nullable=False),
    Column("considered", Number, nullable=False),
    Column("absent_since", Moment),
    Column("problem", Text, nullable=False),
    Column("keys", Text, nullable=False),
    Column("shadow", Text, nullable=False),
    Column("payload", Text),
    UniqueConstraint("connection", "vendor_id"),
    CheckConstraint("role IN ('primary', 'duplicate')", name="role"),
    CheckConstraint("state IN ('live', 'suspect', 'gone')", name="state"),
    Index("ix_records_connection_state", "connection", "state", "vendor_id"),
    _index("ix_records_customer", "customer", where="customer IS NOT NULL"),
    _index(
        "uq_records_primary",
        "customer",
        "connection",
        where="customer IS NOT NULL AND role = 'primary' AND state <> 'gone'",
        unique=True,
    ),
    _index("ix_records_unlinked", "id", where="fresh = 1 AND customer IS NULL"),
    _index("ix_records_fresh", "customer", where="fresh = 1 AND customer IS NOT NULL"),
    _index("ix_records_problem", "connection", "vendor_id", where="problem <> ''"),
)

# What a record may be recognised by. Written by the records part alone, from each record's own list.
keys = Table(
    "keys",
    METADATA,
    Column("kind", Key, primary_key=True),
    Column("value", Key, primary_key=True),
    Column("record", Number, primary_key=True),
    sqlite_with_rowid=False,
)

journal = Table(
    "journal",
    METADATA,
    Column("customer", Key, primary_key=True),
    Column("number", Number, primary_key=True),
    Column("run", Key, nullable=False),
    Column("at", Moment, nullable=False),
    Column("changes", Text, nullable=False),
    Index("ix_journal_run", "run", "number"),
    sqlite_with_rowid=False,
)

operations = Table(
    "operations",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("connection", Key, nullable=False),
    Column("customer", Key, nullable=False),
    Column("vendor_id", Key),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("content", Key, nullable=False),
    Column("run", Key, nullable=False),
    Column("draft", Document, nullable=False),
    Column("steps", Document, nullable=False),
    Column("step", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("intent_at", Moment),
    Column("settle_at", Moment),
    Column("not_before", Moment),
    Column("approved_by", Text, nullable=False),
    Column("error", Text, nullable=False),
    Column("progress", Document, nullable=False),
    Column("epoch", Number),
    Column("created_at", Moment, nullable=False),
    Column("updated_at", Moment, nullable=False),
    CheckConstraint("kind IN ('create', 'update', 'archive', 'delete')", name="kind"),
    CheckConstraint(
        "state IN ('planned', 'waiting', 'claimed', 'sent', 'unknown', 'confirmed', 'rejected', 'dropped')",
        name="state",
    ),
    # Nothing twice: one open operation, and so one open create, per customer and connection.
    _index("uq_operations_open", "customer", "connection", where=_OPEN, unique=True),
    _index("ix_operations_record", "connection", "vendor_id", where=_OPEN),
    _index("ix_operations_state", "state", "connection", "id", where=_OPEN),
    Index("ix_operations_made", "connection", "created_at"),
    Index("ix_operations_customer", "customer", "id"),
    Index("ix_operations_run", "run", "id"),
)

# What is due and not written, with the reason: one row per field held (field "" is a create).
holds = Table(
    "holds",
    METADATA,
    Column("customer", Key, primary_key=True),
    Column("connection", Key, primary_key=True),
    Column("field", Key, primary_key=True),
    Column("vendor_id", Key),
    Column("reason", Text, nullable=False),
    Column("waits", Text, nullable=False),
    Column("run", Key, nullable=False),
    Index("ix_holds_connection", "connection", "customer"),
    _index("ix_holds_parked", "customer", where=_PARKED),
    sqlite_with_rowid=False,
)

# What a person said of an operation's content: it holds for every operation with that content.
verdicts = Table(
    "verdicts",
    METADATA,
    Column("content", Key, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("verdict IN ('approved', 'discarded')", name="verdict"),
)

reviews = Table(
    "reviews",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("kind", Key, nullable=False),
    Column("subject", Key, nullable=False),
    Column("evidence", Document, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("choices", Document, nullable=False),
    Column("connection", Key),
    Column("customer", Key),
    Column("state", Key, nullable=False),
    Column("run", Key, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("choice", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text, nullable=False),
    CheckConstraint("state IN ('open', 'resolved', 'closed')", name="state"),
    _index("uq_reviews_open", "kind", "subject", where="state = 'open'", unique=True),
    Index("ix_reviews_subject", "kind", "subject", "digest"),
    Index("ix_reviews_state", "state", "id"),
    Index("ix_reviews_customer", "customer"),
)

runs = Table(
    "runs",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("connections", Document, nullable=False),
    Column("flags", Document, nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("joined", Integer, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("report", Document),
    Column("progress", Document, nullable=False),
    Column("epoch", Number),
    Column("asked_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    CheckConstraint("state IN ('requested', 'running', 'done', 'failed')", name="state"),
    # Ten clicks make one run: equal requests join while the first one waits.
    _index("uq_runs_requested", "request", where="state = 'requested'", unique=True),
    Index("ix_runs_state", "state", "id"),
)

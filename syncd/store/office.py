"""The tables of the people around the sync: their decisions, their accounts, and what they did."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, LargeBinary, SmallInteger, Table, Text

from syncd.store.columns import Document, Key, Moment, Number
from syncd.store.tables import METADATA

# All tables of the store: those of the sync, and those that follow.
TABLES = METADATA

decisions = Table(
    "decisions",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("kind", Key, nullable=False),
    Column("subject", Document, nullable=False),
    Column("before", Document, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("undone_at", Moment),
    Column("undone_by", Text, nullable=False),
)

# What a decision is about, one row for each record and customer in it: how a run finds those that touch it.
decision_subjects = Table(
    "decision_subjects",
    METADATA,
    Column("connection", Key, primary_key=True),  # "" for a customer
    Column("subject", Key, primary_key=True),  # the record's vendor id, or the customer's id
    Column("decision", Number, ForeignKey("decisions.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_decision_subjects_decision", "decision"),
    sqlite_with_rowid=False,
)

audit = Table(
    "audit",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("who", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Document, nullable=False),
)

# Keyed hashes of what was erased on request, so that no later pull brings it back.
erasures = Table(
    "erasures",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("at", Moment, nullable=False),
)

users = Table(
    "users",
    METADATA,
    Column("name", Key, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password", Text, nullable=False),  # an argon2 hash, "" before the first one is set
    Column("disabled", SmallInteger, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    CheckConstraint("role IN ('admin', 'viewer')", name="role"),
)

# Of sessions, tokens and setup links only a hash is kept: who reads the store cannot log in with it.
sessions = Table(
    "sessions",
    METADATA,
    Column("hash", LargeBinary, primary_key=True),
    Column("name", Key, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("note", Text, nullable=False),
    Index("ix_sessions_name", "name"),
)

tokens = Table(
    "tokens",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("name", Key, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("label", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("last_used_at", Moment),
    Column("expires_at", Moment),
    Index("ix_tokens_name", "name"),
)

setup_links = Table(
    "setup_links",
    METADATA,
    Column("hash", LargeBinary, primary_key=True),
    Column("name", Key, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("ix_setup_links_name", "name"),
)

# Failed log-ins, by name and by address: what a limit on guessing counts.
login_failures = Table(
    "login_failures",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("subject", Key, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_login_failures_subject", "subject", "at"),
)

# Vendors' access tokens and what was spent of their budgets, so that a restart neither asks for a new token nor asks
# too often; encrypted by the caller where a key is set.
vendor_tokens = Table(
    "vendor_tokens",
    METADATA,
    Column("key", Key, primary_key=True),
    Column("value", Text, nullable=False),
    Column("expires_at", Moment),
)

# What was answered to writes that named themselves by a key, so that asking again does nothing twice.
answers = Table(
    "answers",
    METADATA,
    Column("key", LargeBinary, primary_key=True),
    Column("request", LargeBinary, nullable=False),
    Column("status", SmallInteger),  # none while the first one is under way
    Column("headers", Document, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

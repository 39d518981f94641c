"""The first tables."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# SQLite makes only an INTEGER PRIMARY KEY the row's own number; keys compare byte by byte on both databases.
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
OPEN = "state IN ('planned', 'waiting', 'claimed', 'sent', 'unknown')"


def upgrade() -> None:
    _answers()
    _audit()
    _connections()
    _counters()
    _customers()
    _decisions()
    _erasures()
    _holds()
    _journal()
    _keys()
    _lease()
    _login_failures()
    _meta()
    _operations()
    _reviews()
    _runs()
    _users()
    _vendor_tokens()
    _verdicts()
    _words()
    _decision_subjects()
    _records()
    _sessions()
    _setup_links()
    _tokens()
    # half of every customer's id: two stores never give the same one
    op.execute(
        sa.text("INSERT INTO meta (key, value) VALUES ('instance', :value)").bindparams(
            value=secrets.token_hex(3)
        )
    )


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    only = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=only, postgresql_where=only)


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.SmallInteger(), nullable=True),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_answers")),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )


def _connections() -> None:
    op.create_table(
        "connections",
        sa.Column("name", KEY, nullable=False),
        sa.Column("vendor", sa.Text(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("resume", sa.Text(), nullable=True),
        sa.Column("full_started", sa.BigInteger(), nullable=True),
        sa.Column("looked_started", sa.BigInteger(), nullable=True),
        sa.Column("last_success", sa.BigInteger(), nullable=True),
        sa.Column("last_attempt", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("approved", sa.SmallInteger(), nullable=False),
        sa.Column("answers", sa.SmallInteger(), nullable=True),
        sa.Column("mapping", sa.Text(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("fidelity", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_connections")),
    )


def _counters() -> None:
    op.create_table(
        "counters",
        sa.Column("name", KEY, nullable=False),
        sa.Column("last", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )


def _customers() -> None:
    op.create_table(
        "customers",
        sa.Column("id", KEY, nullable=False),
        sa.Column("alias_of", KEY, nullable=True),
        sa.Column("first_seen", sa.BigInteger(), nullable=True),
        sa.Column("due", sa.SmallInteger(), nullable=False),
        sa.Column("version", NUMBER, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alias_of"],
            ["customers.id"],
            name=op.f("fk_customers_alias_of_customers"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers")),
    )
    _partial("ix_customers_alias_of", "customers", ["alias_of"], "alias_of IS NOT NULL")
    _partial("ix_customers_due", "customers", ["id"], "due = 1 AND alias_of IS NULL")
    _partial("ix_customers_own", "customers", ["id"], "alias_of IS NULL")


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.Column("undone_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )


def _erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_erasures")),
    )


def _holds() -> None:
    op.create_table(
        "holds",
        sa.Column("customer", KEY, nullable=False),
        sa.Column("connection", KEY, nullable=False),
        sa.Column("field", KEY, nullable=False),
        sa.Column("vendor_id", KEY, nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("waits", sa.Text(), nullable=False),
        sa.Column("run", KEY, nullable=False),
        sa.PrimaryKeyConstraint("customer", "connection", "field", name=op.f("pk_holds")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_holds_connection", "holds", ["connection", "customer"])
    _partial("ix_holds_parked", "holds", ["customer"], "substr(reason, 1, 6) = 'parked'")


def _journal() -> None:
    op.create_table(
        "journal",
        sa.Column("customer", KEY, nullable=False),
        sa.Column("number", NUMBER, nullable=False),
        sa.Column("run", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("customer", "number", name=op.f("pk_journal")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_journal_run", "journal", ["run", "number"])


def _keys() -> None:
    op.create_table(
        "keys",
        sa.Column("kind", KEY, nullable=False),
        sa.Column("value", KEY, nullable=False),
        sa.Column("record", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("kind", "value", "record", name=op.f("pk_keys")),
        sqlite_with_rowid=False,
    )


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("name", KEY, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("born", sa.Text(), nullable=False),
        sa.Column("epoch", NUMBER, nullable=False),
        sa.Column("ttl", NUMBER, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
        sa.UniqueConstraint("name", "epoch", name=op.f("uq_lease_name_epoch")),
    )


def _login_failures() -> None:
    op.create_table(
        "login_failures",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("subject", KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_failures")),
    )
    op.create_index("ix_login_failures_subject", "login_failures", ["subject", "at"])


def _meta() -> None:
    op.create_table(
        "meta",
        sa.Column("key", KEY, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_meta")),
    )


def _operations() -> None:
    op.create_table(
        "operations",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("connection", KEY, nullable=False),
        sa.Column("customer", KEY, nullable=False),
        sa.Column("vendor_id", KEY, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("content", KEY, nullable=False),
        sa.Column("run", KEY, nullable=False),
        sa.Column("draft", sa.Text(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("intent_at", sa.BigInteger(), nullable=True),
        sa.Column("settle_at", sa.BigInteger(), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("epoch", NUMBER, nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('create', 'update', 'archive', 'delete')", name=op.f("ck_operations_kind")
        ),
        sa.CheckConstraint(
            "state IN ('planned', 'waiting', 'claimed', 'sent', 'unknown', 'confirmed', 'rejected', 'dropped')",
            name=op.f("ck_operations_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_operations")),
    )
    op.create_index("ix_operations_customer", "operations", ["customer", "id"])
    op.create_index("ix_operations_made", "operations", ["connection", "created_at"])
    _partial("ix_operations_state", "operations", ["state", "connection", "id"], OPEN)
    _partial("ix_operations_record", "operations", ["connection", "vendor_id"], OPEN)
    op.create_index("ix_operations_run", "operations", ["run", "id"])
    _partial("uq_operations_open", "operations", ["customer", "connection"], OPEN, unique=True)


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", KEY, nullable=False),
        sa.Column("subject", KEY, nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("choices", sa.Text(), nullable=False),
        sa.Column("connection", KEY, nullable=True),
        sa.Column("customer", KEY, nullable=True),
        sa.Column("state", KEY, nullable=False),
        sa.Column("run", KEY, nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'resolved', 'closed')", name=op.f("ck_reviews_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index("ix_reviews_customer", "reviews", ["customer"])
    op.create_index("ix_reviews_state", "reviews", ["state", "id"])
    op.create_index("ix_reviews_subject", "reviews", ["kind", "subject", "digest"])
    _partial("uq_reviews_open", "reviews", ["kind", "subject"], "state = 'open'", unique=True)


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("connections", sa.Text(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("joined", sa.Integer(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("epoch", NUMBER, nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('requested', 'running', 'done', 'failed')", name=op.f("ck_runs_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_state", "runs", ["state", "id"])
    _partial("uq_runs_requested", "runs", ["request"], "state = 'requested'", unique=True)


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("name", KEY, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("disabled", sa.SmallInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("role IN ('admin', 'viewer')", name=op.f("ck_users_role")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_users")),
    )


def _vendor_tokens() -> None:
    op.create_table(
        "vendor_tokens",
        sa.Column("key", KEY, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_vendor_tokens")),
    )


def _verdicts() -> None:
    op.create_table(
        "verdicts",
        sa.Column("content", KEY, nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("verdict IN ('approved', 'discarded')", name=op.f("ck_verdicts_verdict")),
        sa.PrimaryKeyConstraint("content", name=op.f("pk_verdicts")),
    )


def _words() -> None:
    op.create_table(
        "words",
        sa.Column("word", KEY, nullable=False),
        sa.Column("customer", KEY, nullable=False),
        sa.PrimaryKeyConstraint("word", "customer", name=op.f("pk_words")),
        sqlite_with_rowid=False,
    )


def _decision_subjects() -> None:
    op.create_table(
        "decision_subjects",
        sa.Column("connection", KEY, nullable=False),
        sa.Column("subject", KEY, nullable=False),
        sa.Column("decision", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["decision"],
            ["decisions.id"],
            name=op.f("fk_decision_subjects_decision_decisions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("connection", "subject", "decision", name=op.f("pk_decision_subjects")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_decision_subjects_decision", "decision_subjects", ["decision"])


def _records() -> None:
    op.create_table(
        "records",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("connection", KEY, nullable=False),
        sa.Column("vendor_id", KEY, nullable=False),
        sa.Column("customer", KEY, nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("fresh", sa.SmallInteger(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=True),
        sa.Column("observed", sa.BigInteger(), nullable=True),
        sa.Column("written", sa.BigInteger(), nullable=True),
        sa.Column("created", sa.BigInteger(), nullable=True),
        sa.Column("modified", sa.BigInteger(), nullable=True),
        sa.Column("linked_at", NUMBER, nullable=False),
        sa.Column("considered", NUMBER, nullable=False),
        sa.Column("absent_since", sa.BigInteger(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("keys", sa.Text(), nullable=False),
        sa.Column("shadow", sa.Text(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=True),
        sa.CheckConstraint("role IN ('primary', 'duplicate')", name=op.f("ck_records_role")),
        sa.CheckConstraint("state IN ('live', 'suspect', 'gone')", name=op.f("ck_records_state")),
        sa.ForeignKeyConstraint(
            ["customer"],
            ["customers.id"],
            name=op.f("fk_records_customer_customers"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_records")),
        sa.UniqueConstraint("connection", "vendor_id", name=op.f("uq_records_connection_vendor_id")),
    )
    op.create_index("ix_records_connection_state", "records", ["connection", "state", "vendor_id"])
    _partial("ix_records_customer", "records", ["customer"], "customer IS NOT NULL")
    _partial("ix_records_fresh", "records", ["customer"], "fresh = 1 AND customer IS NOT NULL")
    _partial("ix_records_problem", "records", ["connection", "vendor_id"], "problem <> ''")
    _partial("ix_records_unlinked", "records", ["id"], "fresh = 1 AND customer IS NULL")
    _partial(
        "uq_records_primary",
        "records",
        ["customer", "connection"],
        "customer IS NOT NULL AND role = 'primary' AND state <> 'gone'",
        unique=True,
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["name"], ["users.name"], name=op.f("fk_sessions_name_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_sessions")),
    )
    op.create_index("ix_sessions_name", "sessions", ["name"])


def _setup_links() -> None:
    op.create_table(
        "setup_links",
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["name"], ["users.name"], name=op.f("fk_setup_links_name_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_setup_links")),
    )
    op.create_index("ix_setup_links_name", "setup_links", ["name"])


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["name"], ["users.name"], name=op.f("fk_tokens_name_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
    )
    op.create_index("ix_tokens_name", "tokens", ["name"])

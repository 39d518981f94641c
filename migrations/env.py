"""How Alembic runs the migrations: in the transaction that syncd opened, or on the address given with `-x url=`."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from syncd.store.columns import Document, Moment
from syncd.store.database import for_migration, parse
from syncd.store.office import TABLES
from syncd.store.tables import partial_on_both


def plain(kind: str, item: Any, _: object) -> str | Literal[False]:
    """Write our own column types as what they are stored as: a migration outlives the code it was made from."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(item, Document):
        return "sa.Text()"
    return False


def migrate(connection: Connection) -> None:
    """Run the migrations in the transaction of a connection."""
    context.configure(
        connection=connection,
        target_metadata=partial_on_both(TABLES),
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=plain,
    )
    context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    engine = for_migration(parse(context.get_x_argument(as_dictionary=True)["url"]))
    with engine.begin() as opened:
        migrate(opened)
    engine.dispose()

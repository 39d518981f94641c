"""The store: the only SQL. Open it with `Store.open`, write with `do`, read with `look`."""

from syncd.store.backup import backup, restore
from syncd.store.documents import plain_statement
from syncd.store.lease import Lease
from syncd.store.parts.accounts import Session, Token, User
from syncd.store.parts.answers import Answer
from syncd.store.parts.audit import Deed
from syncd.store.parts.connections import ConnectionState
from syncd.store.parts.decisions import HumanDecision
from syncd.store.parts.journal import JournalRow
from syncd.store.parts.records import Unlinked
from syncd.store.parts.runs import Run
from syncd.store.pruning import prune
from syncd.store.shelf import Shelf
from syncd.store.store import Store
from syncd.store.subjects import Reading, Writing

__all__ = [
    "Answer",
    "ConnectionState",
    "Deed",
    "HumanDecision",
    "JournalRow",
    "Lease",
    "Reading",
    "Run",
    "Session",
    "Shelf",
    "Store",
    "Token",
    "Unlinked",
    "User",
    "Writing",
    "backup",
    "plain_statement",
    "prune",
    "restore",
]

"""What a unit is given: the store by subject, within one transaction."""

from __future__ import annotations

from datetime import datetime

from syncd.store.parts.accounts import Accounts
from syncd.store.parts.answers import Answers
from syncd.store.parts.audit import Audit
from syncd.store.parts.connections import Connections
from syncd.store.parts.customers import Customers
from syncd.store.parts.decisions import Decisions
from syncd.store.parts.erasures import Erasures
from syncd.store.parts.foundings import Foundings
from syncd.store.parts.holds import Holds
from syncd.store.parts.journal import Journal
from syncd.store.parts.meta import Meta
from syncd.store.parts.old import Old
from syncd.store.parts.operations import Operations
from syncd.store.parts.records import Records
from syncd.store.parts.reviews import Reviews
from syncd.store.parts.runs import Runs
from syncd.store.parts.tabs import Tabs
from syncd.store.parts.tokens import Tokens
from syncd.store.transaction import Transaction


class Reading:
    """The store in one transaction, at one time of the clock. Whoever only has this one should only read."""

    def __init__(self, transaction: Transaction) -> None:
        self.now: datetime = transaction.now
        self.records = Records(transaction)
        self.customers = Customers(transaction)
        self.journal = Journal(transaction)
        self.operations = Operations(transaction)
        self.holds = Holds(transaction)
        self.reviews = Reviews(transaction)
        self.runs = Runs(transaction)
        self.connections = Connections(transaction)
        self.decisions = Decisions(transaction)
        self.erasures = Erasures(transaction)
        self.audit = Audit(transaction)
        self.accounts = Accounts(transaction)
        self.answers = Answers(transaction)
        self.tabs = Tabs(transaction)
        self.tokens = Tokens(transaction)
        self.meta = Meta(transaction)


class Writing(Reading):
    """The store in one transaction that may write."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self.old = Old(transaction)
        self.foundings = Foundings(transaction)

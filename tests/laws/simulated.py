"""syncd's way to an account in memory, behaving as real vendors do at their worst: it lags, fails and replaces whole records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from syncd.customer import clean, elements
from syncd.errors import Busy, Malformed, Missing, Refused, Rejected, Throttled, Unanswered, Unreachable
from syncd.values import Change, FieldSpec, Item, Page, Shown, Written
from syncd.vendors.base import Abilities, Finding, Keys, Pass
from tests.laws.accounts import Account, Entry, Row

FaultKind = Literal[
    "busy", "throttled", "unreachable", "refused value", "lost before", "lost after", "killed before", "killed after"
]  # fmt: skip


REMOVALS = ("archive", "delete")


class Killed(BaseException):
    """The process ends here, as by SIGKILL: nothing of syncd may catch it."""


@dataclass(slots=True)
class Fault:
    """What befalls a request to come: the `after`-th one of its kind from now on."""

    kind: FaultKind
    after: int = 0


class SimulatedConnector:
    """syncd's way to an account, through requests that take time, show the past and fail."""

    def __init__(self, account: Account) -> None:
        self.account, self.name, self.vendor = account, account.name, "simulated"
        traits = account.traits
        self.abilities = Abilities(
            finds=traits.finds,
            replaces=traits.replaces,
            answers=traits.answers,
            unique=frozenset({"email"}) if traits.unique_email or traits.keyed else frozenset(),
            keyed_by="email" if traits.keyed else "",
            incremental=traits.incremental,
            page_size=traits.page_size,
            lag=traits.lag,
            demands=traits.demands,
            deletes=traits.removes,
            archives=traits.removes,
        )
        self.fields: Mapping[str, FieldSpec] = {name: self._spec(name) for name in traits.fields}
        self.requests = 0
        self.faults: list[Fault] = []
        self.down = self.revoked = False
        self.unreadable: set[str] = set()  # rows that nobody can make sense of
        self.shows = 1.0  # the part of the customers that a listing still shows
        self.interrupt: Callable[[], None] | None = None  # what people do while a run goes on
        self.interrupt_at = 0

    def _spec(self, name: str) -> FieldSpec:
        if name in self.account.traits.specs:
            return self.account.traits.specs[name]
        keyed = self.account.traits.keyed and name == "email"
        maximum = self.account.traits.maximum.get(name)
        return FieldSpec(name, writable="create" if keyed else "always", required=keyed, maximum=maximum)

    # --- requests --------------------------------------------------------------------------------

    def _request(self) -> datetime:
        """Begin a request: time passes, people act, and the vendor may not be there."""
        started = self.account.clock()
        self.requests += 1
        self.account.clock.wait(0.05)
        if self.interrupt is not None:
            self.interrupt_at -= 1
            if self.interrupt_at < 0:
                act, self.interrupt = self.interrupt, None
                act()
        if self.down:
            raise Unreachable("The vendor does not answer.")
        if self.revoked:
            raise Refused("The vendor refuses the credentials.", "Renew them.")
        return started

    def _fault(self) -> FaultKind | None:
        """Return what befalls this write, None where nothing does."""
        for fault in self.faults:
            if fault.after == 0:
                self.faults.remove(fault)
                return fault.kind
            fault.after -= 1
        return None

    def _seen_at(self) -> datetime:
        return self.account.clock() - timedelta(seconds=self.account.traits.lag)

    def _shown(self, vendor_id: str, row: Row, started: datetime, at: datetime) -> Shown:
        modified = self.account.changed_at(vendor_id, at) if self.account.traits.tells_times else None
        created = self.account.history[vendor_id][0].since
        return Shown(vendor_id, dict(row), {"row": dict(row)}, started, created, modified)

    # --- reading ---------------------------------------------------------------------------------

    def pages(self, walk: Pass) -> Iterator[Page]:
        """Yield the listing, or what changed since the cursor, a few records a page."""
        begun = self._request()
        at = self._seen_at()
        since = datetime.fromisoformat(walk.cursor["at"]) if walk.cursor and not walk.full else None
        rows = [
            (vendor_id, row)
            for vendor_id, row in self.account.live(at).items()
            if since is None or self.account.changed_at(vendor_id, at) >= since
        ]
        rows = rows[: int(len(rows) * self.shows)]
        size = self.account.traits.page_size
        for first in range(0, max(1, len(rows)), size):
            started = begun if first == 0 else self._request()
            last = first + size >= len(rows)
            for vendor_id, row in rows[first : first + size]:
                self.account.show(vendor_id, row, started)
            yield Page(
                items=tuple(self._item(vendor_id, row, at) for vendor_id, row in rows[first : first + size]),
                started=started,
                last=last,
                resume=None,
                cursor={"at": (at - timedelta(seconds=1)).isoformat()} if last else None,
                total=len(rows) if since is None else None,
            )

    def _item(self, vendor_id: str, row: Row, at: datetime) -> Item:
        times = [self.account.history[vendor_id][0].since, self.account.changed_at(vendor_id, at)]
        return Item(vendor_id, {"row": dict(row), "times": [time.isoformat() for time in times]})

    def read(self, item: Item, started: datetime) -> Shown:
        """Translate one row of a listing. Raises Malformed."""
        if item.vendor_id in self.unreadable:
            raise Malformed("This row cannot be read.")
        created, changed = (datetime.fromisoformat(text) for text in item.payload["times"])
        modified = changed if self.account.traits.tells_times else None
        return Shown(item.vendor_id, dict(item.payload["row"]), item.payload, started, created, modified)

    def get(self, vendor_id: str) -> Shown:
        """Read one record. Raises Missing."""
        started = self._request()
        at = self._seen_at() if self.account.traits.slow_get else self.account.clock()
        at = max(at, self.account.history[vendor_id][0].since) if vendor_id in self.account.history else at
        row = self.account.row(vendor_id, at)
        if row is None:
            raise Missing("There is no such customer.")
        self.account.show(vendor_id, row, started)
        return self._shown(vendor_id, row, started, at)

    def find(self, keys: Keys) -> Sequence[Shown]:
        """Return the records with an e-mail or phone."""
        started, at = self._request(), self._seen_at()
        asked = {name: getattr(keys, name) for name in self.account.traits.finds if getattr(keys, name)}
        return [
            self._shown(vendor_id, row, started, at)
            for vendor_id, row in self.account.live(at).items()
            if any(clean(name, row.get(name)) == clean(name, text) for name, text in asked.items())
        ]

    # --- writing ---------------------------------------------------------------------------------

    def steps(self, change: Change) -> tuple[str, ...]:
        """Name the one request that a change takes."""
        return ("write",) if change.fields or change.kind in REMOVALS else ()

    def write(self, step: str, change: Change) -> Written:
        """Process one write, or fail before or after."""
        assert step == "write"
        self._request()
        fault = self._fault()
        self._fail(fault, _BEFORE)
        vendor_id = self._process(change)
        self._fail(fault, _AFTER)
        row = self.account.row(vendor_id)
        if change.kind in REMOVALS:
            return Written(vendor_id)
        assert row is not None
        started = self.account.clock()
        if not self.account.traits.answers:
            return Written(vendor_id)
        self.account.looked[vendor_id] = started
        return Written(vendor_id, self._shown(vendor_id, row, started, started))

    @staticmethod
    def _fail(fault: FaultKind | None, errors: Mapping[Any, Callable[[], BaseException]]) -> None:
        if fault in errors:
            error = errors[fault]()
            raise error

    def _process(self, change: Change) -> str:
        account, traits = self.account, self.account.traits
        if change.kind in REMOVALS:
            return self._remove(change)
        fields = {name: text for name, text in change.fields.items() if name not in traits.forgets}
        if change.kind == "create":
            there = set(elements(fields.get("groups"))) - set(account.strange(fields.get("groups")))
            fields |= {"groups": "|".join(sorted(there))} if "groups" in fields else {}
            if change.stamp and "external_id" in traits.fields:
                fields["external_id"] = change.stamp
            vendor_id = account.add(fields)
            account.made.add(vendor_id)
        else:
            assert change.vendor_id is not None
            vendor_id = change.vendor_id
            whole = {**self._whole(change), **fields}
            account.overwrite(vendor_id, whole)
            account.change(vendor_id, whole)
        written = traits.fields if change.kind == "create" else tuple(change.fields)
        account.unconfirmed[vendor_id] = frozenset(written)
        account.ledger.append(
            Entry(account.name, change.kind, vendor_id, dict(change.fields), account.clock())
        )
        return vendor_id

    def _remove(self, change: Change) -> str:
        vendor_id = change.vendor_id or ""
        if self.account.row(vendor_id) is None:
            raise Missing("There is no such customer.")
        self.account.put(vendor_id, None)
        self.account.ledger.append(Entry(self.account.name, change.kind, vendor_id, {}, self.account.clock()))
        return vendor_id

    def _whole(self, change: Change) -> dict[str, str]:
        """Return what a PUT of the whole carries unchanged: as given where we gave it, else as it was read."""
        if not self.account.traits.replaces or change.current is None:
            return {}
        shown = {name: text or "" for name, text in change.current.fields.items()}
        return {**shown, **{name: text for name, text in change.given.items() if name in shown}}

    # --- the rest --------------------------------------------------------------------------------

    def hint(self, headers: Mapping[str, str], body: bytes, secret: str, now: datetime) -> Sequence[str]:
        """Name nobody: these vendors have no webhooks."""
        return ()

    def check(self) -> Sequence[Finding]:
        """Say whether the vendor answers."""
        return [Finding("reach it", not self.down)]

    def close(self) -> None:
        """Let go of nothing."""


_BEFORE: Mapping[Any, Callable[[], BaseException]] = {
    "busy": lambda: Busy("Too busy."),
    "throttled": lambda: Throttled("Slow down.", wait=30.0),
    "unreachable": lambda: Unreachable("The vendor does not answer."),
    "refused value": lambda: Rejected("This cannot be stored."),
    "lost before": lambda: Unanswered("The line was cut."),
    "killed before": Killed,
}
_AFTER: Mapping[Any, Callable[[], BaseException]] = {
    "lost after": lambda: Unanswered("The line was cut."),
    "killed after": Killed,
}

"""What the four vendors have in common: the way of a call through faults, lock, handler and ledger.

A vendor is a WSGI application. Its state is one dataclass, so that it can be copied, put back and reset as a whole.
"""

# ruff: noqa: ARG002 - every handler and every rule of a vendor is called in the same way
from __future__ import annotations

import copy
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from syncd.sandbox.faults import Dropped, Faults, TimedOut
from syncd.sandbox.ledger import Ledger
from syncd.sandbox.mangle import Manglers
from syncd.sandbox.mischief import instead, lie
from syncd.sandbox.webhooks import Delivery
from syncd.sandbox.wire import Call, Json, NotJson, Reply

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Clock = Callable[[], datetime]
HANGING = 60.0
"""Seconds that a connection stays open after a call that is never answered: longer than clients wait."""


def real_clock() -> datetime:
    """The time now, in UTC."""
    return datetime.now(UTC)


class Refused(Exception):
    """The call is answered with this reply and goes no further."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"refused with {reply.status}")
        self.reply = reply


@dataclass(slots=True)
class Switches:
    """What every vendor can be told."""

    latency: float = 0.0  # seconds that every call waits before it is processed
    mangle: Manglers = field(default_factory=dict)  # field -> what the vendor does to values on the way in


def routes(*table: tuple[str, str, str, str]) -> Map:
    """A routing map from (methods, path, kind, handler)."""
    rules = (
        Rule(path, methods=methods.split("|"), endpoint=(kind, handler))
        for methods, path, kind, handler in table
    )
    return Map(rules, strict_slashes=False, merge_slashes=False, redirect_defaults=False)


class Vendor(ABC):
    """One vendor with its customers, as a WSGI application; safe to call from many threads."""

    name: ClassVar[str]
    routes: ClassVar[Map]
    switches: Any
    state: Any

    def __init__(self, clock: Clock = real_clock, seed: int = 0) -> None:
        self.clock = clock
        self.skew = timedelta(0)
        self.seed = seed
        self.ledger = Ledger()
        self.faults = Faults(seed)
        self.halt = threading.Event()
        self.lock = threading.RLock()
        self._door = threading.Lock()
        self._inside = 0
        self._late: list[tuple[datetime, Call]] = []
        self._moment: datetime | None = None
        self._map = self.routes.bind("sandbox")
        self.state = self.fresh()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self.exchange(Call.read(environ)).send(start_response, self.pause)

    # what each vendor says for itself

    @abstractmethod
    def fresh(self) -> Any:
        """An empty state."""

    @abstractmethod
    def guard(self, call: Call) -> None:
        """Raises Refused when the call may not pass: limits, credentials, headers."""

    @abstractmethod
    def missing(self, call: Call) -> Reply:
        """The answer to an address (404) or a method (405) that does not exist."""

    @abstractmethod
    def malformed(self, call: Call) -> Reply:
        """The answer to a body that is not the JSON it should be."""

    @abstractmethod
    def revoke_tokens(self, credentials: bool = False) -> None:
        """Makes the tokens in use invalid, and with `credentials` also what new ones are asked with."""

    @abstractmethod
    def restore_tokens(self) -> None:
        """Takes a revocation of the credentials back."""

    @abstractmethod
    def human_create(self, **fields: Any) -> str:
        """A person adds a customer at the vendor's own screen; returns its id."""

    @abstractmethod
    def human_edit(self, customer: str, **fields: Any) -> None:
        """A person changes a customer at the vendor's own screen."""

    @abstractmethod
    def human_delete(self, customer: str) -> None:
        """A person deletes a customer at the vendor's own screen."""

    @abstractmethod
    def snapshot(self) -> dict[str, Json]:
        """All customers as they are stored now, in the vendor's own words."""

    @abstractmethod
    def deliver_webhooks(self) -> list[Delivery]:
        """Sends what is due to the registered addresses, as the vendor's own cron would."""

    def crowded(self, inside: int, call: Call) -> Reply | None:
        """The answer when so many calls are inside at once, this one included; None lets it in."""
        return None

    # time

    def now(self) -> datetime:
        """The vendor's own clock; while a late call is processed, the time it is processed at."""
        return self._moment or self.clock() + self.skew

    def advance(self, seconds: float) -> None:
        """Moves the vendor's clock forward, or back."""
        self.skew += timedelta(seconds=seconds)

    @contextmanager
    def at(self, moment: datetime) -> Iterator[None]:
        """Makes it that moment for the vendor, to write history."""
        with self.lock:
            before, self._moment = self._moment, moment
            try:
                yield
            finally:
                self._moment = before

    def pause(self, seconds: float) -> None:
        """Waits, but not past the end of the server. Tests with a clock of their own replace it."""
        self.halt.wait(seconds)

    # the way of a call

    def exchange(self, call: Call) -> Reply:
        """One call from routing to reply; raises Dropped where a fault leaves it without one."""
        self.catch_up()
        self._route(call)
        call.faults = self.faults.draw(call.kind, call.method, call.path)
        with self._within(call) as refusal:
            reply = refusal or self._before(call) or self._processed(call)
        return self._after(call, reply)

    def answer(self, call: Call) -> Reply:
        """The vendor's own answer, without faults and ledger."""
        try:
            self.guard(call)
            if not call.handler:
                return self.missing(call)
            handler: Callable[..., Reply] = attrgetter(call.handler)(self)
            return handler(call, **call.arguments)
        except Refused as refused:
            return refused.reply
        except NotJson:
            return self.malformed(call)

    def page(self, call: Call, rows: list[Json], offset: int, limit: int) -> tuple[list[Json], int]:
        """One page of a listing and its total, as truthful as the faults of this call let it be."""
        return lie(call.faults, rows, offset, limit)

    def hidden_until(self, call: Call) -> datetime | None:
        """When listings begin to show what this call creates, if not at once."""
        fault = call.fault("search_lag")
        return self.now() + timedelta(seconds=fault.seconds) if fault else None

    def stale_until(self, call: Call) -> datetime | None:
        """When reads begin to show what this call changes, if not at once."""
        fault = call.fault("read_lag")
        return self.now() + timedelta(seconds=fault.seconds) if fault else None

    def catch_up(self) -> None:
        """Processes the late calls whose time has come."""
        if not self._late:
            return
        with self.lock:
            now = self.now()
            due = sorted((each for each in self._late if each[0] <= now), key=lambda each: each[0])
            self._late = [each for each in self._late if each[0] > now]
            for at, call in due:
                self._process_late(at, call)

    def _route(self, call: Call) -> None:
        try:
            (call.kind, call.handler), found = self._map.match(call.path, call.method)
        except HTTPException as error:
            call.failure = error.code or 404
        else:
            call.arguments = dict(found)

    @contextmanager
    def _within(self, call: Call) -> Iterator[Reply | None]:
        with self._door:
            self._inside += 1
            refusal = self.crowded(self._inside, call)
        try:
            if refusal:
                self._record(call, refusal.status, processed=False, note="crowded")
            yield refusal
        finally:
            with self._door:
                self._inside -= 1

    def _before(self, call: Call) -> Reply | None:
        if self.switches.latency:
            self._wait(call, self.switches.latency)
        for fault in call.faults:
            if fault.what == "latency":
                self._wait(call, fault.seconds)
            elif fault.what == "revoke":
                self.revoke_tokens()
            elif fault.what == "drop_before":
                self._record(call, 0, processed=False, note="drop_before")
                raise Dropped(processed=False)
            elif fault.what == "late":
                self._postpone(call, fault.seconds)
            elif reply := instead(fault):
                self._record(call, reply.status, processed=False, note=fault.what)
                return reply
        return None

    def _processed(self, call: Call) -> Reply:
        with self.lock:
            reply = self.answer(call)
            self._record(call, reply.status, note=call.note)
        return reply

    def _after(self, call: Call, reply: Reply) -> Reply:
        for fault in call.faults:
            if fault.what == "drop_after":
                raise Dropped(processed=True)
            if fault.what == "hold":
                self._hold(call, fault.seconds)
            elif fault.what == "truncate":
                reply.cut = fault.at
            elif fault.what == "drip":
                reply.drip = (fault.at or 1, fault.seconds)
        return reply

    def _wait(self, call: Call, seconds: float) -> None:
        if call.read_timeout is not None and seconds >= call.read_timeout:
            self._postpone(call, seconds)
        self.pause(seconds)

    def _hold(self, call: Call, seconds: float) -> None:
        if call.read_timeout is not None and seconds >= call.read_timeout:
            raise TimedOut(processed=True)
        self.pause(seconds)

    def _postpone(self, call: Call, seconds: float) -> None:
        with self.lock:
            self._late.append((self.now() + timedelta(seconds=seconds), call))
        self._record(call, 0, processed=False, note="late")
        raise TimedOut(processed=False, hold=HANGING + seconds)

    def _process_late(self, at: datetime, call: Call) -> None:
        with self.at(at):
            reply = self.answer(call)
            self._record(call, reply.status, note="late")

    def _record(self, call: Call, status: int, processed: bool = True, note: str = "") -> None:
        call.note = note
        with self.lock:
            self.ledger.request(call, status, self.now(), processed)

    # the state as a whole

    def backup(self) -> Any:
        """A copy of the whole state, for restore()."""
        with self.lock:
            return copy.deepcopy(self.state)

    def restore(self, backup: Any) -> None:
        """Puts a copied state back, as a vendor does that restores a backup."""
        with self.lock:
            self.state = copy.deepcopy(backup)

    def reset(self) -> None:
        """Forgets all customers, faults, late calls and the ledger; switches and clock stay."""
        with self.lock:
            self.state = self.fresh()
            self.ledger = Ledger()
            self.faults.clear()
            self._late.clear()

"""A trial: four simulated vendors and one syncd on one store, in one thread and in virtual time.

Everything that happens is counted as an event: each failpoint, each request before it is processed and after its
answer. A trial can be kept and rewound, so that the same past is crashed again and again at the next event.
"""

from __future__ import annotations

import copy
import importlib
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import requests

from syncd.app import App
from syncd.config import Settings, load
from syncd.failpoints import armed
from syncd.sandbox import Entry, Sandbox, Vendor
from syncd.sandbox.faults import Faults
from syncd.sandbox.limits import Window
from syncd.sandbox.tokens import TokenDesk
from syncd.values import Report
from tests.simulation.places import Place
from tests.simulation.virtual import START, VirtualBudgets, VirtualClock, VirtualStop
from tests.support.wsgi import WsgiAdapter

CONFIG = Path(__file__).resolve().parents[2] / "config" / "sandbox.toml"
NAMES = {"perfex": "crm", "kiotviet": "shop", "omniwallet": "loyalty", "pexip_engage": "booking"}
SETTLE = 120.0
LEASE_OVER = 10.0  # seconds after which a store is free again whose holder died
QUIET_WITHIN = 10  # syncs

Tap = Callable[[str], None]


def _nobody(_: str) -> None:
    """Count nothing."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A trial's past: the vendors' customers and histories, the time, and a copy of the store."""

    moment: datetime
    vendors: dict[str, KeptVendor]
    store: str


@dataclass(frozen=True, slots=True)
class KeptVendor:
    """A vendor's customers, history, late calls, and what it has counted and granted so far."""

    state: Any
    entries: list[Entry]
    late: list[Any]
    counted: dict[str, Any]

    @classmethod
    def of(cls, vendor: Vendor) -> KeptVendor:
        """Copy a vendor as it is now."""
        counted = {name: copy.deepcopy(part) for name, part in vars(vendor).items() if _counts(part)}
        return cls(vendor.backup(), list(vendor.ledger.entries), copy.copy(vendor._late), counted)

    def put_back(self, vendor: Vendor) -> None:
        """Make a vendor as it was."""
        vendor.restore(self.state)
        vendor.ledger.entries = list(self.entries)
        vendor.faults = Faults(vendor.seed)
        vendor._late = copy.copy(self.late)
        for name, part in self.counted.items():
            setattr(vendor, name, copy.deepcopy(part))


def _counts(part: object) -> bool:
    """Tell whether a part of a vendor remembers calls: of a past that is crashed often, it must not remember all."""
    return isinstance(part, Window | TokenDesk)


class Trial:
    """One history: people edit, syncd syncs, things go wrong."""

    def __init__(self, place: Place, *, seed: int = 0, settings: Mapping[str, str] | None = None) -> None:
        self.clock = VirtualClock()
        self.stop = VirtualStop(self.clock)
        self.sandbox = Sandbox.empty(self.clock, seed)
        self.place = place
        self._more = settings or {}
        self.tap: Tap = _nobody
        self.app: App | None = None
        self._instance: str | None = f"{seed:06x}"  # until the store has it
        self._adapters = {NAMES[name]: TappedAdapter(self, name) for name in self.vendors}
        for vendor in self.vendors.values():
            vendor.pause = self.clock.forward  # type: ignore[method-assign]
        importlib.import_module("structlog")  # what it imports draws a number, the first time it is imported
        random.seed(seed)  # back-off draws from it: the same seed waits for the same times

    @property
    def vendors(self) -> dict[str, Vendor]:
        """Return the vendors by name."""
        return self.sandbox.vendors

    def _settings(self) -> Settings:
        environment = {
            **self.sandbox.secrets(),
            "SYNCD__STORE__URL": self.place.url,
            "SYNCD__SAFETY__SETTLE_SECONDS": f"{SETTLE:g}",
            **self._more,
        }
        return load(CONFIG, environment)

    # --- syncd -----------------------------------------------------------------------------------

    def start(self) -> App:
        """Start a syncd on the store as it is."""
        app = App.open(
            self._settings(),
            clock=self.clock,
            adapters=self._adapters,
            budgets=VirtualBudgets(self.clock, self.stop),
            stop=self.stop,
        )
        app.scene = replace(app.scene, parallel=False)
        self._name(app)
        self.app = app
        return app

    def _name(self, app: App) -> None:
        """Give a new store its name by the seed: it is drawn at random, and vendors are told it within external ids."""
        if self._instance is not None:
            instance, self._instance = self._instance, None
            app.store.do(lambda tx: tx.meta.set("instance", instance))

    def end(self) -> None:
        """End the syncd that runs, if one does."""
        if self.app is not None:
            self.app.close()
            self.app = None

    def restart(self) -> None:
        """Start another syncd after one that died, when its lease is over."""
        self.end()
        self.clock.forward(LEASE_OVER)
        self.start()

    def sync(self, *, full: bool = False) -> Report:
        """Sync once."""
        app = self.app or self.start()
        return app.sync(full=full)

    def drain(self, *, pause: float = SETTLE + 60, full: bool = False, quiet_for: int = 2) -> int:
        """Sync until so many syncs in a row write nothing; return how many it took."""
        quiet = 0
        for count in range(1, QUIET_WITHIN + 1):
            self.clock.forward(pause)
            before = self.writes()
            self.sync(full=full)
            quiet = quiet + 1 if self.writes() == before else 0
            if quiet == quiet_for:
                return count
        raise AssertionError(f"still writing after {QUIET_WITHIN} syncs")

    def writes(self) -> int:
        """Return how many writes all vendors have carried out."""
        return sum(len(vendor.ledger.writes()) for vendor in self.vendors.values())

    @contextmanager
    def counted(self, tap: Tap) -> Iterator[None]:
        """Call `tap` with every event until the end of the block."""
        self.tap = tap
        try:
            with armed(tap):
                yield
        finally:
            self.tap = _nobody

    @contextmanager
    def outage(self) -> Iterator[None]:
        """Have every vendor fail every request until the end of the block."""
        faults = [vendor.faults.answer(502, {}, count=None) for vendor in self.vendors.values()]
        try:
            yield
        finally:
            for vendor, fault in zip(self.vendors.values(), faults, strict=True):
                vendor.faults.scheduled.remove(fault)

    # --- the past --------------------------------------------------------------------------------

    def keep(self) -> Kept:
        """Keep everything as it is now."""
        if self.app is None:
            self.start()
        self.end()
        vendors = {name: KeptVendor.of(vendor) for name, vendor in self.vendors.items()}
        return Kept(self.clock.moment, vendors, self.place.keep())

    def rewind(self, kept: Kept) -> None:
        """Make everything as it was when it was kept."""
        self.end()
        self.clock.moment = kept.moment
        for name, vendor in kept.vendors.items():
            vendor.put_back(self.vendors[name])
        random.seed(int((kept.moment - START).total_seconds()))
        self.place.put_back(kept.store)


class TappedAdapter(WsgiAdapter):
    """The way to one vendor, which tells of each request before it arrives and after its answer left."""

    def __init__(self, trial: Trial, vendor: str) -> None:
        super().__init__(trial.vendors[vendor])
        self._trial, self._vendor = trial, vendor

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """Send a request on."""
        self._trial.tap(f"{self._vendor}.asked")
        response = super().send(request, *args, **options)
        self._trial.tap(f"{self._vendor}.answered")
        return response

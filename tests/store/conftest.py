"""Stores for the store's own tests: migrated, on each database in turn, under a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from syncd.store import Store
from tests.support.postgres import Migrate

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by: float) -> None:
        self.now += timedelta(**by)


def migrated(url: str) -> None:
    """Leave an empty store of this version."""
    Store.open(url, clock=lambda: NOON).close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(prepared_store: Callable[[Migrate], str]) -> str:
    return prepared_store(migrated)


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    with Store.open(url, clock=clock, patience=2.0) as opened:
        yield opened

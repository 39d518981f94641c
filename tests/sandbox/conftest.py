"""A sandbox on real ports, and one caller per vendor."""

from collections.abc import Iterator

import pytest

from syncd.sandbox import RunningSandbox, Sandbox
from tests.sandbox.callers import (
    Caller,
    Clock,
    Receiver,
    kiotviet_caller,
    omniwallet_caller,
    perfex_caller,
    pexip_caller,
    receiving,
)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sandbox(clock: Clock) -> Sandbox:
    return Sandbox.empty(clock)


@pytest.fixture
def running(sandbox: Sandbox) -> Iterator[RunningSandbox]:
    with sandbox.serve() as served:
        yield served


@pytest.fixture
def crm(running: RunningSandbox) -> Iterator[Caller]:
    yield from _closed(perfex_caller(running))


@pytest.fixture
def shop(running: RunningSandbox) -> Iterator[Caller]:
    yield from _closed(kiotviet_caller(running))


@pytest.fixture
def loyalty(running: RunningSandbox) -> Iterator[Caller]:
    yield from _closed(omniwallet_caller(running))


@pytest.fixture
def booking(running: RunningSandbox) -> Iterator[Caller]:
    yield from _closed(pexip_caller(running))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as each:
        yield each


def _closed(caller: Caller) -> Iterator[Caller]:
    with caller.session:
        yield caller

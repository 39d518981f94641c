"""Leave to write, asked in the last moment before the bytes of a write go out.

A write may wait long for its turn: in a budget, for a token, for a connection, or because its process was stopped.
Whoever writes knows what must still be true by then, and says so for the requests of its own thread; no connector can
forget to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Ask = Callable[[], None]


def _nothing() -> None:
    """Let every write go."""


_asked: ContextVar[Ask] = ContextVar("who is asked for leave to write", default=_nothing)
_in_hand: ContextVar[Ask] = ContextVar("who is asked for the request in hand", default=_nothing)


@contextmanager
def asking(ask: Ask) -> Iterator[None]:
    """Have `ask` called before each write of this thread until the end of the block; what it raises keeps the write back."""
    before = _asked.set(ask)
    try:
        yield
    finally:
        _asked.reset(before)


@contextmanager
def write_in_hand() -> Iterator[None]:
    """Ask whether a write may go out, and have the transport ask again with its first byte in hand."""
    ask = _asked.get()
    ask()
    before = _in_hand.set(ask)
    try:
        yield
    finally:
        _in_hand.reset(before)


def ask_leave() -> None:
    """Return if the request in hand may go out now; otherwise raise what whoever writes has to say."""
    _in_hand.get()()

"""Leave to write, asked in the last moment before the bytes of a write go out.

A write may wait long for its turn: in a budget, for a token, for a connection. Whoever writes knows what must still be
true by then, and says so for the requests of its own thread; no connector can forget to ask.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Ask = Callable[[], None]


def _nothing() -> None:
    """Let every write go."""


_asked: ContextVar[Ask] = ContextVar("leave to write", default=_nothing)


@contextmanager
def asking(ask: Ask) -> Iterator[None]:
    """Have `ask` called before each write of this thread until the end of the block; what it raises keeps the write back."""
    before = _asked.set(ask)
    try:
        yield
    finally:
        _asked.reset(before)


def ask_leave() -> None:
    """Return if a write may go out now; otherwise raise what whoever writes has to say."""
    _asked.get()()

"""What a benchmark was asked to do, and the databases it may use for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.measure import Cost, metered
from bench.places import Postgres, Stub


@dataclass(frozen=True, slots=True)
class Asked:
    """Sizes and rounds; `full` is for who has hours."""

    sizes: tuple[int, ...]
    rounds: int
    full: bool = False
    postgres: Postgres | None = None  # None: on SQLite alone
    peers: bool = True
    stores: tuple[str, ...] = ("SQLite",)

    @contextmanager
    def store(self, kind: str) -> Iterator[tuple[Path, str]]:
        """Yield a fresh folder and the address of an empty database of this kind."""
        with TemporaryDirectory(prefix="syncd-bench-") as name:
            folder = Path(name)
            if kind == "SQLite":
                yield folder, f"sqlite:///{folder}/store.db"
            else:
                assert self.postgres is not None
                with self.postgres.database() as url:
                    yield folder, url

    def metered(self, stub: Stub, work: Callable[[], Cost]) -> Cost:
        """Return the cost of some work with its requests and, where there is one, the CPU of PostgreSQL."""
        meters = [stub.meter] if self.postgres is None else [stub.meter, self.postgres.meter]
        return metered(work, *meters)

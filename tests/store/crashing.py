"""A process that dies in the middle of the first migration. Arguments: URL, how many statements it lives."""

from __future__ import annotations

import os
import signal
import sys
from datetime import UTC, datetime

from sqlalchemy import Engine, event

from syncd.store import Store


def main() -> None:
    left = int(sys.argv[2])

    @event.listens_for(Engine, "before_cursor_execute")
    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    Store.open(sys.argv[1], clock=lambda: datetime.now(UTC)).close()
    print("done", flush=True)


if __name__ == "__main__":
    main()

"""A process that opens a store, which makes or upgrades it, and prints its instance. Argument: URL."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from syncd.store import Store


def main() -> None:
    with Store.open(sys.argv[1], clock=lambda: datetime.now(UTC)) as store:
        print(store.instance, flush=True)


if __name__ == "__main__":
    main()

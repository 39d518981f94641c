"""A Singer tap into a target, as a shell would join them: `singer_pull.py URL SHOP STORE FOLDER`."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent


def main(url: str, shop: str, store: str, folder: str) -> None:
    """Load the listing into a database; end as the worse of the two does."""
    tap = _program(folder, "singer_tap.py", {"url": url, "shop": shop})
    into = _sqlite(folder, store) if store.startswith("sqlite") else _postgres(folder, store)
    with subprocess.Popen(tap, stdout=subprocess.PIPE) as said:
        heard = subprocess.run(into, stdin=said.stdout, stdout=subprocess.DEVNULL, check=False)
    if said.returncode or heard.returncode:
        sys.exit("The tap or the target failed.")
    print(json.dumps({"rows": _rows(store)}))


def _rows(store: str) -> int:
    if store.startswith("sqlite"):
        with closing(sqlite3.connect(store.removeprefix("sqlite:///"))) as file:
            return int(file.execute("SELECT count(*) FROM customers").fetchone()[0])
    import psycopg

    with psycopg.connect(store) as server:
        found = server.execute("SELECT count(*) FROM customers").fetchone()
        return int(found[0]) if found else 0


def _sqlite(folder: str, store: str) -> list[str]:
    return _program(folder, "singer_sqlite.py", {"sqlalchemy_url": store})


def _postgres(folder: str, store: str) -> list[str]:
    address = urlsplit(store)
    settings = {
        "host": address.hostname,
        "port": address.port,
        "user": address.username,
        "password": address.password or "",
        "database": address.path.removeprefix("/"),
        "default_target_schema": "public",
        "use_copy": True,
    }
    program = Path(sys.executable).with_name("target-postgres")
    return [str(program), "--config", _written(folder, "target", settings)]


def _program(folder: str, name: str, settings: Mapping[str, object]) -> list[str]:
    return [sys.executable, str(HERE / name), "--config", _written(folder, name, settings)]


def _written(folder: str, name: str, settings: Mapping[str, object]) -> str:
    path = Path(folder) / f"{name}.json"
    path.write_text(json.dumps(settings), encoding="utf-8")
    return str(path)


if __name__ == "__main__":
    main(*sys.argv[1:])

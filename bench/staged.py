"""One sync of an installed syncd, told apart by stage: `python -m bench.staged CONFIG [full] [dry]`.

It goes the way of `syncd sync` and listens to the progress that its bars are drawn from. What was used until the last
page was stored counts as the pull, start-up included; the rest is the end of the pass, reconcile, plan and push.
PostgreSQL's own CPU is told for the pull from when the store was open.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bench.installed import SECRETS
from bench.ticks import server_cpu, server_of

if TYPE_CHECKING:
    from syncd.store.database import Database


def main(config: str, *flags: str) -> dict[str, float]:
    """Sync and return the seconds of CPU of each stage, and what the report counts."""
    began = time.perf_counter()
    from syncd.cli.main import spare

    spare()
    from syncd.app import App
    from syncd.config import load
    from syncd.sync.progress import Progress

    imported = _peak()
    ends = {"pull": (time.process_time(), began, 0.0)}
    peaks = {"pull": imported}

    def progress(step: Progress) -> None:
        ends[step.stage] = (time.process_time(), time.perf_counter(), server())
        peaks[step.stage] = _peak()

    with App.open(load(Path(config), {**os.environ, **SECRETS})) as app:
        server = _server(app.store.database)
        opened, opened_wall, idle = time.process_time(), time.perf_counter(), server()
        report = app.sync(full="full" in flags, dry_run="dry" in flags, progress=progress)
    cpu, wall = time.process_time(), time.perf_counter()
    tallies = report.connections.values()
    return {
        "started": opened,
        "started_wall": opened_wall - began,
        "pull": ends["pull"][0],
        "rest": cpu - ends["pull"][0],
        "server_pull": max(0.0, ends["pull"][2] - idle),
        "pull_wall": ends["pull"][1] - began,
        "rest_wall": wall - ends["pull"][1],
        "pull_memory": peaks["pull"] - imported,
        "customers": report.customers,
        "pulled": sum(each.pulled for each in tallies),
        "changed": sum(each.changed for each in tallies),
        "updated": sum(each.updated for each in tallies),
        "failed": sum(each.failed for each in tallies) + len(report.errors),
    }


def _server(database: Database) -> Callable[[], float]:
    """Return what tells the seconds of CPU of the database's own server; SQLite has none."""
    if not database.is_postgres:
        return lambda: 0.0
    with database.reader.connect() as connection:
        (pid,) = connection.exec_driver_sql("SELECT pg_backend_pid()").one()
    server = server_of(pid)
    return lambda: server_cpu(server)


def _peak() -> float:
    """Return the MB that this process has held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    json.dump(main(*sys.argv[1:]), sys.stdout)
    sys.stdout.write("\n")

"""Run one PostgreSQL server for as long as somebody holds this program's standard input.

A test process may end in any way, SIGKILL included, and must not leave a server behind. The
kernel closes a dead process's pipes, so the end of standard input is the one signal that always
comes. This program is started by path and uses the standard library only.

A line `restart` has the server end at once, as `pg_ctl -m immediate restart` does, and start again.

Standard input begins with one line of JSON: the command, the user to run it as (null for
ourselves), the folder to remove afterwards, and the log file.
"""

import json
import pwd
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

GLANCE = 0.2
STOP_WITHIN = 20
RESTART = "restart\n"


def main() -> int:
    """Keep the server until standard input ends, then remove its folder; return the server's status.

    Where the server ends first its folder stays, because the log in it says why.
    """
    order: dict[str, Any] = json.loads(sys.stdin.readline())
    server = _start(order)
    while server.poll() is None:
        if not _is_told():
            continue
        again = sys.stdin.readline() == RESTART
        status = _stop(server)
        if not again:
            shutil.rmtree(order["folder"])
            return status
        server = _start(order)
    return server.returncode


def _start(order: dict[str, Any]) -> subprocess.Popen[bytes]:
    with Path(order["log"]).open("ab") as log:
        return subprocess.Popen(
            order["command"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            **identity(order["user"]),
        )


def identity(user: str | None) -> dict[str, Any]:
    """Return the arguments that make `subprocess` run a program as `user`, in that user's own group only."""
    if user is None:
        return {}
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []}


def _is_told() -> bool:
    return bool(select.select([sys.stdin], [], [], GLANCE)[0])


def _stop(server: subprocess.Popen[bytes]) -> int:
    # SIGQUIT is PostgreSQL's immediate shutdown: no checkpoint, for the data is thrown away.
    server.send_signal(signal.SIGQUIT)
    try:
        return server.wait(STOP_WITHIN)
    except subprocess.TimeoutExpired:
        server.kill()
        return server.wait()


if __name__ == "__main__":
    sys.exit(main())

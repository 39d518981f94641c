"""Where the suite's files stand: in memory, where the machine has a place for that.

Hundreds of databases are made for it and thrown away. On a disk a PostgreSQL database, which is three hundred files,
costs ten times the CPU, and every COMMIT of SQLite waits for it.
"""

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 2**30  # bytes that are free there at least; the suite takes a fifth


def stay_in_memory() -> None:
    """Have all temporary files made in memory, unless this machine has no room there or TMPDIR says where."""
    if "TMPDIR" not in os.environ and has_room(MEMORY):
        tempfile.tempdir = os.environ["TMPDIR"] = str(MEMORY)


def has_room(place: Path, room: int = ROOM) -> bool:
    """Tell whether a place may be written to, may hold programs, and has so much room."""
    try:
        found = os.statvfs(place)
    except OSError:
        return False
    usable = os.access(place, os.W_OK) and not found.f_flag & os.ST_NOEXEC
    return usable and found.f_bavail * found.f_frsize >= room

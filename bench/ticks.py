"""The CPU that PostgreSQL's processes on this machine have used, as the kernel counts it."""

from __future__ import annotations

import os
from pathlib import Path

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def server_of(backend: int) -> int:
    """Return the process that started the one which serves a connection."""
    return int(_stat(backend)[1])


def server_cpu(postmaster: int) -> float:
    """Return the seconds of a server and of all that it started, those that have ended included."""
    living = sum(_ticks(pid)[0] for pid in [postmaster, *_children(postmaster)])
    return (living + _ticks(postmaster)[1]) / CLOCK_TICKS


def _stat(pid: int) -> list[str]:
    text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    return text.rpartition(")")[2].split()


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8")
    return [int(word) for word in text.split()]


def _ticks(pid: int) -> tuple[int, int]:
    """Return a process's own ticks of CPU, and those of its children that have ended."""
    try:
        found = _stat(pid)
    except FileNotFoundError:
        return 0, 0
    return int(found[11]) + int(found[12]), int(found[13]) + int(found[14])

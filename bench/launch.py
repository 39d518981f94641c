"""Starts one command and writes down what its whole process tree used; run as a script with nothing imported.

A process of its own stands between the benchmark and the command, because on Linux a child's peak of memory begins
at its parent's size; this one is small.
"""

import json
import os
import sys
import time
from pathlib import Path

if __name__ == "__main__":
    into, command = Path(sys.argv[1]), sys.argv[2:]
    began = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, used = os.wait4(child, 0)
    cost = {
        "wall": time.perf_counter() - began,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss / 1024,
        "status": os.waitstatus_to_exitcode(status),
    }
    into.write_text(json.dumps(cost), encoding="utf-8")

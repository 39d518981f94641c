"""`python -m bench.rations VENDOR PEOPLE`: one day, told as JSON."""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.rations.day import Day

if __name__ == "__main__":
    gc.disable()  # a collection while another thread looks at all frames can stop both for good [seen with 3.11.7]
    with TemporaryDirectory(prefix="syncd-bench-") as folder:
        json.dump(Day(Path(folder), sys.argv[1], int(sys.argv[2])).live(), sys.stdout)
        sys.stdout.write("\n")

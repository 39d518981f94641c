"""Fetch and parse, and nothing else."""

from __future__ import annotations

import sys

from bench.limits.listing import pages, tell

if __name__ == "__main__":
    tell(rows=sum(len(page) for page in pages(*sys.argv[1:3])))

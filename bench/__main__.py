"""`python -m bench`: run the cases, print the table, write it into the document, and end with 1 where an aim is missed."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from bench.asked import Asked
from bench.others import compile_all
from bench.places import postgres
from bench.race import race
from bench.report import PLACE, Told, lines, markdown, missing_place, write_between

CASES = ("stub", "pull", "reconcile", "changes", "push", "page", "requests", "rations", "life")
STORES = {"sqlite": ("SQLite",), "postgresql": ("PostgreSQL",), "both": ("SQLite", "PostgreSQL")}
SIZES = (10_000,)
SIZES_IN_FULL = (10_000, 100_000, 1_000_000)


def asked_for(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=CASES, default=CASES[:-1], help="these cases")
    parser.add_argument("--sizes", type=_sizes, help="customers: 10000,100000")
    parser.add_argument("--rounds", type=int, default=3, help="how often each contestant runs")
    parser.add_argument("--stores", choices=("sqlite", "postgresql", "both"))
    parser.add_argument(
        "--full", action="store_true", help="every size and both databases unless named: hours"
    )
    parser.add_argument(
        "--no-peers", action="store_true", help="leave out what has an environment of its own"
    )
    parser.add_argument("--write", type=Path, default=None, help="put the table into this document")
    parser.add_argument(
        "--place", default=PLACE, help="where in the document: between <!-- PLACE: begin --> and its end"
    )
    words = parser.parse_args(arguments)
    if words.write and (lacks := missing_place(words.write, words.place)):
        parser.error(lacks)
    return words


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for and return the exit status."""
    words = asked_for(arguments)
    compile_all()
    results = []
    with ExitStack() as stack:
        stores = words.stores or ("both" if words.full else "sqlite")
        server = stack.enter_context(postgres()) if stores != "sqlite" else None
        sizes = words.sizes or (SIZES_IN_FULL if words.full else SIZES)
        asked = Asked(sizes, words.rounds, words.full, server, not words.no_peers, STORES[stores])
        for name in words.only:
            case = importlib.import_module(f"bench.cases.{name}")
            for heat in case.heats(asked):
                results.append(race(heat, asked.rounds, _tell))
                print("\n".join(lines(results[-1])), flush=True)
    command = f'make bench ARGS="{" ".join(arguments)}"' if arguments else "make bench"
    told = Told(command, datetime.now(UTC), results)
    if words.write:
        write_between(words.write, words.place, markdown(told))
    print(f"\n{len(told.missed)} of {sum(len(each.verdicts) for each in results)} figures miss their aim.")
    return 1 if told.missed else 0


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(int(each.replace("_", "")) for each in text.split(","))


def _tell(words: str) -> None:
    print(f"… {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

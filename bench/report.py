"""The table: for the terminal, and as Markdown between the markers of a document."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.race import Result, Spread, Verdict

PLACE = "bench"  # where the table of a plain `make bench` stands


@dataclass(frozen=True, slots=True)
class Told:
    """What was asked of the benchmark, when, and on what."""

    command: str
    when: datetime
    results: Sequence[Result]

    @property
    def missed(self) -> list[Verdict]:
        """Return the verdicts that are worse than what is aimed at."""
        return [verdict for result in self.results for verdict in result.verdicts if verdict.missed]


def lines(result: Result) -> Iterator[str]:
    """Yield a result for a terminal."""
    yield f"\n{result.heat.title}"
    yield f"  {'':44} {'CPU s':>22} {'wall s':>22} {'peak MB':>8} {'requests':>8}"
    for each in result.heat.contestants:
        cost = result.costs(each.name)
        row = [_seconds([one.all_cpu for one in cost]), _seconds([one.wall for one in cost])]
        peak, asked = max(one.peak for one in cost), max(one.requests for one in cost)
        yield f"  {each.name:44} {row[0]:>22} {row[1]:>22} {peak:8.0f} {asked:8}"
    for verdict in result.verdicts:
        yield f"  {_mark(verdict):6} {verdict.aim.what}: {_figure(verdict)}{_aimed(verdict)}"


def markdown(told: Told) -> str:
    """Return everything as Markdown."""
    parts = [_where(told), ""]
    parts += ["| what | figure | aim | |", "|---|---|---|---|"]
    parts += [row for result in told.results for row in _verdict_rows(result)]
    for result in told.results:
        parts += ["", f"**{result.heat.title}**", "", *_cost_rows(result)]
    return "\n".join(parts)


def missing_place(path: Path, place: str) -> str:
    """Return what a document lacks for a table to stand at a place in it, nothing where it lacks nothing."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    begin, end = _markers(place)
    lines = f"{begin.strip()} and {end.strip()}"
    return "" if end in text.partition(begin)[2] else f"{path} has no lines {lines}"


def write_between(path: Path, place: str, text: str) -> None:
    """Put a text between the markers of a place in a document."""
    begin, end = _markers(place)
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    path.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


def _markers(place: str) -> tuple[str, str]:
    """Return the lines between which a place is: what only names them within a line is none."""
    return f"\n<!-- {place}: begin -->\n", f"\n<!-- {place}: end -->\n"


def machine() -> str:
    """Return what this machine is."""
    info = Path("/proc/cpuinfo")
    models = [line.partition(":")[2].strip() for line in _text(info).splitlines() if "model name" in line]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[1]
    model = models[0] if models else platform.machine()
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.python_implementation()} "
        f"{platform.python_version()}, {platform.system()}; load {load:.1f} at the end"
    )


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _where(told: Told) -> str:
    return (
        f"`{told.command}`, {told.when:%d %B %Y, %H:%M} UTC, {machine()}. Medians, in brackets the least and the most "
        "of the rounds; a ratio is taken within a round. CPU is user and system of the whole process tree, start-up "
        "included, and PostgreSQL's own where it is the store."
    )


def _verdict_rows(result: Result) -> Iterator[str]:
    for verdict in result.verdicts:
        aimed = _aimed(verdict).removeprefix(", aim ")
        yield f"| {result.heat.title}: {verdict.aim.what} | {_figure(verdict)} | {aimed} | {_mark(verdict)} |"


def _cost_rows(result: Result) -> Iterator[str]:
    yield "| who | rounds | CPU s | wall s | peak MB | requests |"
    yield "|---|---|---|---|---|---|"
    for each in result.heat.contestants:
        cost = result.costs(each.name)
        rounds = 1 if each.once else len(cost)
        spent = f"{_seconds([one.all_cpu for one in cost])} | {_seconds([one.wall for one in cost])}"
        yield (
            f"| {each.name} | {rounds} | {spent} | {max(one.peak for one in cost):.0f} "
            f"| {max(one.requests for one in cost)} |"
        )


def _figure(verdict: Verdict) -> str:
    found, unit = verdict.found, verdict.aim.unit
    return f"{_number(found.median)} {unit} ({_number(found.least)}–{_number(found.most)})"


def _aimed(verdict: Verdict) -> str:
    aim = verdict.aim
    if aim.most is not None:
        return f", aim ≤ {aim.most:g} {aim.unit}"
    return f", aim ≥ {aim.least:g} {aim.unit}" if aim.least is not None else ""


def _mark(verdict: Verdict) -> str:
    if not verdict.aim.judged:
        return "–"
    return "MISSED" if verdict.missed else "holds"


def _seconds(values: Sequence[float]) -> str:
    found = Spread.of(values)
    return f"{_number(found.median)} ({_number(found.least)}–{_number(found.most)})"


def _number(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

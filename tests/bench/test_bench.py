"""The benchmark itself: its vendor is one that syncd accepts, a miss is a miss, and a document gets what was found."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from time import process_time

import pytest

from bench.__main__ import asked_for
from bench.cases import requests
from bench.installed import install
from bench.limits.changed import change, copy
from bench.measure import Cost, Failed, python, run
from bench.places import vendor
from bench.pulling import staged
from bench.race import Aim, Contestant, Heat, cpu, race
from bench.rations.day import LIMITS
from bench.rations.virtual import Stop, Time
from bench.report import Told, lines, markdown, missing_place, write_between
from bench.requests_spent import THINGS


def heat(*aims: Aim) -> Heat:
    """Return a heat between a slow one and a quick one, each a little slower every time."""
    slower = count(1)
    slow = Contestant("slow", lambda: Cost(cpu=3.0 + 0.1 * next(slower), wall=4.0))
    return Heat("running", [slow, Contestant("quick", lambda: Cost(cpu=1.0, wall=1.0))], list(aims))


def test_the_median_of_the_rounds_is_judged() -> None:
    result = race(heat(Aim("most", cpu("slow", "quick"), most=3.25)), 3, lambda _: None)
    (verdict,) = result.verdicts
    assert [round(value, 2) for value in (verdict.found.least, verdict.found.median, verdict.found.most)] == [
        3.1, 3.2, 3.3,
    ]  # fmt: skip
    assert not verdict.missed


@pytest.mark.parametrize(
    ("aim", "missed"), [({"most": 2}, True), ({"least": 4}, True), ({"least": 2}, False), ({}, False)]
)
def test_what_is_worse_than_its_aim_is_a_miss(aim: dict[str, float], missed: bool) -> None:
    result = race(heat(Aim("figure", cpu("slow", "quick"), **aim)), 1, lambda _: None)  # type: ignore[arg-type]
    told = Told("make bench", datetime(2026, 11, 22, tzinfo=UTC), [result])
    assert bool(told.missed) is missed
    assert ("MISSED" in "\n".join(lines(result))) is missed
    assert ("MISSED" in markdown(told)) is missed


def test_a_table_stands_between_the_marks_and_nothing_else_changes(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    begin, end = "<!-- million: begin -->", "<!-- million: end -->"
    before = f"a table goes to `{begin}`\n"
    page.write_text(f"{before}{begin}\nold\n{end}\nafter\n", encoding="utf-8")
    assert not missing_place(page, "million")
    for _ in range(2):
        write_between(page, "million", "new")
        assert page.read_text(encoding="utf-8") == f"{before}{begin}\n\nnew\n\n{end}\nafter\n"


def test_a_table_without_a_place_is_refused_before_anything_is_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- bench: end -->\n<!-- bench: begin -->", encoding="utf-8")
    with pytest.raises(SystemExit):
        asked_for(["--write", str(page)])
    assert "has no lines <!-- bench: begin --> and <!-- bench: end -->" in capsys.readouterr().err


def test_a_program_that_fails_stops_the_benchmark() -> None:
    with pytest.raises(Failed, match="ended with 3"):
        run(["sh", "-c", "exit 3"])


def test_syncd_and_the_limit_read_the_same_from_the_vendor(tmp_path: Path) -> None:
    with vendor(("shop", 250, 0.0)) as stub:
        installed = install(tmp_path, stub, ["shop"])
        first = staged(installed)
        bare = python("bench.limits.driver", stub.url, "shop", f"sqlite:///{tmp_path}/bare.db")
        stub.change("shop", 20, "email", "new")
        again = staged(installed)
        counts = stub.counts()
    own = f"sqlite:///{tmp_path}/own.db"
    copied, touched = copy(own, installed.url), change(own, "other", 20)
    assert first.told["pulled"] == first.told["customers"] == bare.told["rows"] == 250
    assert again.told["changed"] == 20
    assert counts["page"] == 3 + 3 + 1
    assert first.cpu > first.told["pull"] > first.told["started"] > 0
    assert 0 < first.told["pull_memory"] < first.peak
    assert copied == 250
    assert touched == 20


def test_virtual_time_passes_only_while_everybody_waits() -> None:
    time = Time()
    stop = Stop(time)
    with time.passing():
        assert not stop.wait(3600)
    assert time.now == 3600


def test_a_thread_that_works_holds_virtual_time() -> None:
    time = Time()
    worked = threading.Event()

    def work() -> None:
        ends = process_time() + 0.1
        while process_time() < ends:
            pass
        worked.set()

    with time.passing():
        threading.Thread(target=work).start()
        time.sleep(3600)
        assert worked.is_set()


def test_the_least_time_for_edits_is_what_the_limit_and_the_distance_leave() -> None:
    perfex, shop, booking = (LIMITS[name] for name in ("perfex", "kiotviet", "pexip_engage"))
    assert [perfex.least(edits) for edits in (25, 26, 50)] == [5, 60, 60]
    assert [shop.least(edits) for edits in (700, 701)] == [35, 3600]
    assert booking.least(200) == 20
    assert perfex.patience == 60 + 120


@pytest.mark.parametrize(("more", "missed"), [({}, 0), ({"again": 2}, 1), ({"changes pushed": 1}, 1)])
def test_one_request_too_many_is_a_miss(more: dict[str, int], missed: int) -> None:
    least = dict(zip(THINGS, (10, 10, 10, 400), strict=True))
    asked = {name: number + more.get(name, 0) for name, number in least.items()}
    told = Cost(1.0, 1.0, told=asked | {f"{name}, least": number for name, number in least.items()})
    counted = Heat("requests", [Contestant("Perfex", lambda: told)], requests.aims(["Perfex"]))
    result = race(counted, 1, lambda _: None)
    assert sum(verdict.missed for verdict in result.verdicts) == missed

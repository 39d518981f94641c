"""The daemon as a service: it keeps its schedule, drains, survives being killed, stands by, and obeys systemd."""

from __future__ import annotations

import os
import random
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from pathlib import Path

import pytest
import requests

from syncd.sandbox import Vendor
from syncd.store import Store
from tests.daemon.conftest import IDLE, Daemon, Place, until


def test_the_schedule_fires_and_sigterm_drains(place: Place) -> None:
    daemon = place.start()
    daemon.says("This daemon holds the store")
    until(lambda: place.done() >= 3, "three runs by the schedule")
    assert {asker for _, _, _, asker in place.runs()} == {"schedule"}
    assert requests.get(daemon.address + "/readyz", timeout=10).json() == {"status": "ok"}
    assert _requests_told(daemon)
    assert daemon.end() == 0
    assert "Stopped" in daemon.said
    sent = place.requests()
    time.sleep(1.5)
    assert place.requests() == sent


def test_its_address_is_said_on_standard_output_and_sigint_ends_it_like_sigterm(place: Place) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SYNCD")}
    command = [sys.executable, "-m", "syncd", "serve"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**kept, **place.environ, **IDLE}
    ) as process:
        assert process.stdout is not None
        said = process.stdout.readline().decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(35) == 0
    assert re.fullmatch(r"The admin page is at http://127\.0\.0\.1:\d+\n", said)


def test_sigterm_in_the_middle_of_a_run_ends_in_time_and_sends_nothing_more(place: Place) -> None:
    place.sandbox.perfex.faults.add("latency", seconds=0.4, count=None)
    daemon = place.start()
    until(lambda: place.requests() >= 3, "a run under way")
    began = time.monotonic()
    assert daemon.end() == 0
    assert time.monotonic() - began < 30
    sent = place.requests()
    time.sleep(1.5)
    assert place.requests() == sent


@pytest.mark.timeout(300)
def test_a_killed_daemon_starts_again_and_ends_in_the_same_state(place: Place) -> None:
    for round_ in range(2):  # a hundred times in the long suite
        daemon = place.start()
        goal = place.requests() + random.Random(round_).randrange(1, 12)
        until(partial(_reached, place, goal), "requests under way")
        daemon.send(signal.SIGKILL)
        daemon.process.wait(10)
    last = place.start()
    last.says("This daemon holds the store")
    assert "standing by" not in last.said, "a dead process on this machine is not waited for"
    _everybody_once(place)
    assert last.end() == 0
    assert not [run for run in place.runs() if run[1] == "running"]


def _everybody_once(place: Place) -> None:
    """Three people stand at every vendor once, however often the daemon was killed, and stay so."""
    once = {"perfex": 3, "kiotviet": 3, "omniwallet": 3, "pexip_engage": 3}
    until(lambda: place.customers() == once, "everybody at every vendor", 100)
    finished = place.done()
    until(lambda: place.done() >= finished + 3, "three quiet runs")
    assert place.customers() == once


def _reached(place: Place, goal: int) -> bool:
    return place.requests() >= goal


def test_an_interrupted_run_is_recorded_and_asked_for_again(place: Place) -> None:
    place.sandbox.perfex.faults.add("latency", seconds=2.0, count=None)
    first = place.start()
    until(lambda: any(state == "running" for _, state, _, _ in place.runs()), "a run under way")
    first.send(signal.SIGKILL)
    first.process.wait(10)
    place.sandbox.perfex.faults.clear()
    second = place.start()
    second.says("A run was interrupted and is asked for again")
    until(lambda: place.done() >= 2, "the interrupted run and the one after it")
    assert place.runs()[0][1:3] == ("failed", "failed")
    assert place.runs()[1][1] == "done"
    assert second.end() == 0


def test_the_daemon_deletes_what_is_old_once_a_day(place: Place) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=100)
    with Store.open(place.environ["SYNCD__STORE__URL"], clock=lambda: long_ago) as store:
        old = store.do(lambda tx: tx.runs.request(("crm",), {}, "lan"))
        store.do(lambda tx: tx.runs.finish(old.id, "ok", {}))
    daemon = place.start(**IDLE)
    daemon.says("What was old is deleted")
    until(lambda: place.done() >= 4, "the first scheduled runs")
    assert (1, "done", "ok", "lan") not in place.runs()
    assert daemon.end() == 0
    again = place.start(**IDLE)
    again.says("This daemon holds the store")
    assert again.end() == 0
    assert "What was old is deleted" not in again.said


def test_a_second_daemon_stands_by_and_takes_over(place: Place) -> None:
    first = place.start()
    first.says("This daemon holds the store")
    second = place.start()
    second.says("Another syncd holds the store; standing by")
    assert "This daemon holds the store" not in second.said
    assert requests.get(second.address + "/healthz", timeout=10).status_code == 200
    until(lambda: place.done() >= 1, "a run of the first")
    first.send(signal.SIGKILL)
    first.process.wait(10)
    second.says("This daemon holds the store", 10)
    finished = place.done()
    until(lambda: place.done() > finished, "a run of the second")
    assert second.end() == 0


def test_a_stopped_daemon_that_wakes_up_finds_that_it_lost_the_store(place: Place) -> None:
    # idle, because a process that is stopped inside a write keeps SQLite's only write lock until it goes on
    first = place.start(**IDLE)
    first.says("This daemon holds the store")
    until(lambda: place.done() >= 4, "the first runs")
    second = place.start(**IDLE)
    second.says("standing by")
    first.send(signal.SIGSTOP)
    second.says("This daemon holds the store", 30)
    first.send(signal.SIGCONT)
    first.says("This daemon lets go of the store", 15)
    first.says("standing by", 15)
    assert second.end() == 0
    assert first.end() == 0


def test_a_store_that_is_replaced_ends_the_daemon_and_its_stand_by(place: Place) -> None:
    daemons = [place.start()]
    until(place.done, "a run has ended")
    daemons.append(place.start())
    daemons[1].says("standing by")
    copied = place.folder / "copied.db"
    with closing(sqlite3.connect(place.folder / "syncd.db")) as store:
        store.execute("VACUUM INTO ?", (str(copied),))
    copied.replace(place.folder / "syncd.db")
    for daemon in daemons:
        assert daemon.process.wait(60) == 1
        assert "was replaced" in daemon.said
        assert "Start syncd again" in daemon.said


def test_a_port_that_is_taken_is_said_and_ends_the_daemon(place: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        daemon = place.start(SYNCD__WEB__PORT=str(taken.getsockname()[1]))
        assert daemon.process.wait(30) == 2
    assert "is taken by another program" in daemon.said


def test_sighup_reads_the_configuration_again(place: Place) -> None:
    file = place.folder / "syncd.toml"
    file.write_text(_configuration(place, 3600), encoding="utf-8")
    daemon = place.start(SYNCD_CONFIG=str(file), SYNCD__CONNECTIONS__CRM__SCHEDULE="every 1 hour")
    until(lambda: place.done() >= 1, "the first run")
    file.write_text(_configuration(place, 3600) + "\n[connections.crm]\nvendor = 1\n", encoding="utf-8")
    daemon.send(signal.SIGHUP)
    daemon.says("The configuration cannot be used; going on with the one before")
    file.write_text(_configuration(place, 1800), encoding="utf-8")
    daemon.send(signal.SIGHUP)
    daemon.says("The configuration was read again")
    until(lambda: daemon.said.count("This daemon holds the store") >= 2, "the store held again")
    assert requests.get(daemon.address + "/healthz", timeout=10).status_code == 200
    until(lambda: _requests_told(daemon), "requests of the app that took over, in /metrics")
    assert daemon.end() == 0


def _requests_told(daemon: Daemon) -> bool:
    """Tell whether Prometheus is told of what vendors were sent."""
    return "syncd_vendor_requests_total{" in requests.get(daemon.address + "/metrics", timeout=10).text


def _configuration(place: Place, session_seconds: int) -> str:
    """Return the sandbox's configuration with one setting of our own."""
    text = Path(place.environ["SYNCD_CONFIG"]).read_text(encoding="utf-8")
    return f"{text}\n[web]\nport = 0\nsession_hours = {session_seconds / 3600}\n"


def test_systemd_hears_of_start_life_and_end(place: Place, tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(address)
        listener.settimeout(30)
        daemon = place.start(NOTIFY_SOCKET=address, WATCHDOG_USEC="2000000")
        heard: list[str] = []
        while sum("WATCHDOG=1" in one for one in heard) < 3:
            heard.append(listener.recv(4096).decode())
        assert any("READY=1" in one for one in heard)
        assert heard[0].startswith("EXTEND_TIMEOUT_USEC=")
        assert daemon.end() == 0
        while "STOPPING=1" not in heard[-1]:
            heard.append(listener.recv(4096).decode())


def test_no_secret_and_no_customer_is_in_the_log(place: Place) -> None:
    daemon = place.start()
    until(lambda: place.done() >= 2, "two runs")
    assert daemon.end() == 0
    for secret in place.sandbox.secrets().values():
        assert secret not in daemon.said
    assert "@example.com" not in daemon.said
    assert "Peeters" not in daemon.said
    command = " ".join(daemon.process.args) if isinstance(daemon.process.args, list) else ""
    assert not [secret for secret in place.sandbox.secrets().values() if secret in command]


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_hundred_signals_at_random_moments(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(int(os.environ.get("SYNCD_TEST_SEED", "7")))
    signals = int(os.environ.get("SYNCD_TEST_SIGNALS", "100"))
    starting = 0
    for _ in range(signals):
        daemon = place.start()
        if chance.random() < 0.7:
            daemon.says("This daemon holds the store", 120)
        time.sleep(chance.uniform(0.0, 1.5))
        number = chance.choice([signal.SIGTERM, signal.SIGKILL])
        listens = "This daemon holds the store" in daemon.said
        starting += not listens
        daemon.send(number)
        ended = daemon.process.wait(35)
        # before it listens to signals, a program that is told to stop just stops
        assert ended in {0 if number == signal.SIGTERM else -signal.SIGKILL, -number if not listens else 0}
    last = place.start()
    _everybody_once(place)
    assert last.end() == 0
    with capsys.disabled():
        print(
            f"\n{signals} signals, {starting} to a daemon that was starting; {len(place.runs())} runs, "
            "everybody once at every vendor"
        )


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_hundred_kills_amid_work_lose_no_edit(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(int(os.environ.get("SYNCD_TEST_SEED", "11")))
    kills = int(os.environ.get("SYNCD_TEST_KILLS", "100"))
    _settled(place)
    typed: dict[str, str] = {}
    runs = place.done()
    for number in range(kills):
        daemon = place.start()
        daemon.says("This daemon holds the store", 120)
        email, phone = chance.choice(EVERYBODY), f"047{number:07d}"
        shop = place.sandbox.kiotviet
        shop.human_edit(_key_of(shop, email), contactNumber=phone)
        typed[email] = phone
        goal = place.requests() + chance.randrange(1, 30)
        until(partial(_reached, place, goal), "requests under way")
        daemon.send(signal.SIGKILL)
        assert daemon.process.wait(10) == -signal.SIGKILL
    last = place.start()
    for vendor, (email, phone) in product(place.sandbox.vendors.values(), typed.items()):
        until(partial(_shows, vendor, email, phone), f"{phone} of {email} at {vendor.name}", 120)
    _everybody_once(place)
    assert last.end() == 0
    with capsys.disabled():
        print(f"\n{kills} kills amid work, {len(place.runs()) - runs} runs, every edit at every vendor")


EVERYBODY = ("an@example.com", "bram@example.com", "cato@example.com")


def _settled(place: Place) -> None:
    """Let a first daemon bring everybody to every vendor."""
    daemon = place.start()
    daemon.says("This daemon holds the store", 120)
    _everybody_once(place)
    assert daemon.end() == 0


def _key_of(vendor: Vendor, email: str) -> str:
    return next(key for key, shown in vendor.snapshot().items() if email in str(shown))


def _shows(vendor: Vendor, email: str, phone: str) -> bool:
    return phone.removeprefix("0") in re.sub(r"[ .-]", "", str(vendor.snapshot()[_key_of(vendor, email)]))

"""The daemon's parts by themselves: first times, clock jumps, systemd's words, alerts on first sight and recovery."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from syncd.config import Alerts, Secret
from syncd.config.schedule import parse
from syncd.daemon.serving import STALLED, Daemon
from syncd.daemon.systemd import Systemd
from syncd.daemon.timetable import Timetable, Watch, first_time, trigger
from syncd.daemon.told import Teller
from syncd.daemon.work import Hands
from syncd.notify import Alarm, Notifier, subject, text
from tests.daemon.conftest import until
from tests.sync.world import World

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, NOW + timedelta(seconds=2)),
        (NOW - 3 * HOUR, NOW + timedelta(seconds=2)),
        (NOW - timedelta(minutes=10), NOW + timedelta(minutes=50)),
    ],
)  # fmt: skip
def test_an_interval_goes_on_where_it_was_before_the_restart(
    last: datetime | None, expected: datetime
) -> None:
    assert first_time(parse("every 1 hour"), last, NOW, 2) == expected


def test_a_cron_line_has_times_of_its_own() -> None:
    assert first_time(parse("0 6 * * *"), None, NOW, 0) is None


@pytest.mark.parametrize(
    ("zone", "winter", "summer"), [("UTC", 6, 6), ("Europe/Brussels", 5, 4), ("Asia/Ho_Chi_Minh", 23, 23)]
)
def test_a_cron_line_means_the_time_of_its_zone_through_both_changes_of_the_clock(
    zone: str, winter: int, summer: int
) -> None:
    at_six = trigger(parse("0 6 * * *"), zone)
    for day, hour in (("03-27", winter), ("03-30", summer), ("10-23", summer), ("10-26", winter)):
        fires = at_six.get_next_fire_time(None, datetime.fromisoformat(f"2026-{day}T12:00+00:00"))
        assert fires.astimezone(UTC).hour == hour, f"{zone} {day}"


def test_a_jump_of_the_wall_clock_is_seen_and_slow_hours_are_not() -> None:
    watch = Watch(NOW, 100.0)
    assert watch.jumped(NOW + timedelta(seconds=1), 101.0) == timedelta()
    assert watch.jumped(NOW + 2 * HOUR, 101.0 + 7199) == timedelta()
    assert watch.jumped(NOW + HOUR, 7301.0) == timedelta(hours=-1, seconds=-1)
    assert watch.jumped(NOW + HOUR, 7301.0) == timedelta()


def test_the_timetable_asks_and_is_made_anew() -> None:
    from syncd.config import ConnectionSettings

    asked: list[str] = []
    one = ConnectionSettings(
        name="crm", vendor="perfex", base_url="http://127.0.0.1", schedule=parse("every 1 second")
    )
    off = ConnectionSettings(
        name="off",
        vendor="perfex",
        base_url="http://127.0.0.1",
        schedule=parse("every 1 second"),
        enabled=False,
    )
    table = Timetable(asked.append, asked.append, "UTC")
    table.plan({"crm": one, "off": off}, {}, datetime.now(UTC))
    table.start()
    try:
        until(lambda: len(asked) >= 2, "two askings", 10)
        assert set(table.next_times()) == {"crm"}
        table.plan({}, {}, datetime.now(UTC))
        assert table.next_times() == {}
    finally:
        table.stop()
    assert set(asked) == {"crm"}


def test_only_a_watchdog_meant_for_us_is_fed() -> None:
    assert Systemd.of({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "7"}, 7).watchdog_seconds == 2.0
    assert Systemd.of({"WATCHDOG_USEC": "2000000", "WATCHDOG_PID": "8"}, 7).watchdog_seconds == 0.0
    assert Systemd.of({}, 7) == Systemd()


def test_a_service_manager_that_reads_nothing_stops_nobody(tmp_path: Path) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as unread:
        unread.bind(str(address))

        def tell() -> None:
            for _ in range(2_000):
                Systemd(str(address)).alive()

        told = threading.Thread(target=tell, daemon=True)
        told.start()
        told.join(30)
        assert not told.is_alive()
        assert unread.recv(100) == b"WATCHDOG=1"


def test_hands_that_hang_leave_the_watchdog_unfed_and_slow_vendors_do_not(tmp_path: Path) -> None:
    world = World(tmp_path, f"sqlite:///{tmp_path}/store.db")
    lease = world.app.store.acquire("this one")
    assert lease is not None
    hands = Hands(world.app, lease, Teller(world.app))  # they never start, and so show no progress
    daemon = Daemon(world.app, Systemd(), None, None, None, print)
    daemon.hands = hands
    assert daemon.is_sound()
    hands.beat -= STALLED + 1
    assert not daemon.is_sound()
    world.app.check(["crm"])
    assert daemon.is_sound()
    world.app.close()


class Mailbox(BaseHTTPRequestHandler):
    """Keeps what is posted to it and counts who asks."""

    posted: ClassVar[list[dict[str, list[dict[str, str]]]]] = []
    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Keep a document."""
        self.posted.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        """Count a ping."""
        self.asked.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def mailbox() -> Iterator[str]:
    """The address of something that takes webhooks and pings."""
    Mailbox.posted.clear()
    Mailbox.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Mailbox)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_alert_goes_out_at_first_sight_and_on_recovery_only(mailbox: str) -> None:
    alerts = Alerts.model_construct(
        smtp=None,
        sender="",
        to=(),
        webhook=Secret("env:HOOK", mailbox),
        ping=Secret("env:PING", mailbox + "/alive"),
    )
    notifier = Notifier(alerts, "https://syncd.example.com")
    refused = Alarm("connection crm", "crm is refused: 401", "Renew its token.")
    for alarms in ([], [refused], [refused], [refused, Alarm("reviews", "2 reviews wait.")], []):
        notifier.tell(alarms, "run-1")
    assert [[one["about"] for one in sent["wrong"]] for sent in Mailbox.posted] == [
        ["connection crm"],
        ["reviews"],
        [],
    ]
    assert len(Mailbox.posted[-1]["recovered"]) == 2
    notifier.ping()
    assert Mailbox.asked == ["/alive"]


def test_an_alert_that_nobody_takes_stops_nothing() -> None:
    alerts = Alerts.model_construct(
        smtp=Secret("env:SMTP", "smtp://127.0.0.1:9"),
        sender="",
        to=("admin@example.com",),
        webhook=Secret("env:HOOK", "http://127.0.0.1:9/"),
        ping=Secret("env:PING", "http://127.0.0.1:9/"),
    )
    notifier = Notifier(alerts, "")
    notifier.tell([Alarm("run", "A run failed.")], "run-1")
    notifier.ping()


def test_the_words_of_an_alert() -> None:
    first, second = (
        Alarm("connection crm", "crm is refused.", "Renew its token."),
        Alarm("reviews", "2 reviews wait."),
    )
    assert subject([first, second], []) == "syncd: crm is refused. (and 1 more)"
    assert subject([], [first]) == "syncd: connection crm recovered"
    said = text([first], [second], "run-9", "https://syncd.example.com")
    assert said.splitlines() == [
        "crm is refused. Renew its token.",
        "Recovered: reviews.",
        "",
        "Found by run-9. https://syncd.example.com",
    ]

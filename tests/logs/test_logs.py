"""What may get into the log, and what never does."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from syncd import logs
from syncd.metrics import Metrics

LOG = logs.Logger("syncd.test")


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """A log as JSON lines."""
    stream = io.StringIO()
    logs.configure("debug", "json", stream)
    yield stream
    logs.configure()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_a_sentence_plus_fields(written: io.StringIO) -> None:
    LOG.info("Pulled a page", connection="crm", rows=100)
    (line,) = lines(written)
    assert (line["event"], line["connection"], line["rows"], line["level"]) == (
        "Pulled a page",
        "crm",
        100,
        "info",
    )
    assert line["timestamp"].endswith("Z")
    assert list(line)[:3] == ["timestamp", "level", "event"]


def test_context_is_added_and_taken_away(written: io.StringIO) -> None:
    with logs.bound(run="run-1", connection="crm"):
        LOG.info("inside")
    LOG.info("outside")
    inside, outside = lines(written)
    assert (inside["run"], inside["connection"]) == ("run-1", "crm")
    assert "run" not in outside


def test_context_stays_in_its_thread(written: io.StringIO) -> None:
    with logs.bound(run="run-1"):
        thread = threading.Thread(target=LOG.info, args=("elsewhere",))
        thread.start()
        thread.join()
    assert "run" not in lines(written)[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"token": "canary"},
        {"Authorization": "Bearer canary"},
        {"client_secret": "canary"},
        {"headers": {"authtoken": "canary", "deep": [{"password": "canary"}]}},
        {"reason": "the vendor said: known-canary is wrong"},
        {"error": ValueError("known-canary")},
        {"known-canary": 1},
        {"listed": ["a", ("known-canary",)]},
    ],
)
def test_no_secret_gets_in(written: io.StringIO, fields: dict[str, Any]) -> None:
    logs.keep_secret(["known-canary", ""])
    LOG.warning("Tried known-canary", **fields)
    assert "canary" not in written.getvalue()
    assert logs.HIDDEN in written.getvalue()


def test_no_secret_in_a_traceback(written: io.StringIO) -> None:
    logs.keep_secret(["known-canary"])
    try:
        raise ValueError("known-canary")
    except ValueError:
        LOG.exception("Broke")
    assert "canary" not in written.getvalue()
    assert "ValueError" in lines(written)[0]["exception"]


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "bob@example.com"},
        {"reason": "bob@example.com is taken"},
        {"path": "/customers/bob%40example.com"},
        {"words": "call +32 470 12 34 56"},
        {"first_name": "Bob"},
        {"payload": {"a": "Bob"}},
    ],
)
def test_no_customer_gets_in_at_info(written: io.StringIO, fields: dict[str, Any]) -> None:
    LOG.info("Something", **fields)
    assert not {"bob", "Bob", "12 34 56"} & {
        word for word in ("bob", "Bob", "12 34 56") if word in written.getvalue()
    }


def test_debug_keeps_what_helps_to_find_a_fault(written: io.StringIO) -> None:
    LOG.debug("Something", reason="bob@example.com is taken")
    assert "bob@example.com" in written.getvalue()


@pytest.mark.parametrize("sign", ["\n", "\r", "\x1b[31m", "\x00", "\u2028", "\u202e", "\x85"])
def test_a_name_cannot_fake_a_line(sign: str) -> None:
    kinds: tuple[logs.Format, ...] = ("json", "console")
    for kind in kinds:
        stream = io.StringIO()
        logs.configure("info", kind, stream)
        LOG.info(sign.join("ab"), note=f"c{sign}d")
        assert len(stream.getvalue().splitlines()) == 1
        assert sign not in stream.getvalue().rstrip("\n")
    logs.configure()


def test_libraries_go_the_same_way(written: io.StringIO) -> None:
    logs.keep_secret(["known-canary"])
    logging.getLogger("apscheduler").warning("retrying %s for %s", "known-canary", "bob@example.com")
    logging.getLogger("apscheduler").info("not said")
    (line,) = lines(written)
    assert line["level"] == "warning"
    assert "canary" not in line["event"]
    assert "bob" not in line["event"]


def test_levels(written: io.StringIO) -> None:
    logs.configure("warning", "json", written)
    LOG.info("quiet")
    LOG.warning("loud")
    assert [line["event"] for line in lines(written)] == ["loud"]


def test_figures_have_their_names() -> None:
    metrics = Metrics()
    metrics.observer("crm")("read", 200, 0.1)
    metrics.observer("crm")("write", None, 30.0)
    metrics.set_state("crm", "paused")
    metrics.set_state("crm", "ok")
    metrics.records.labels("crm", "created").inc(3)
    text = metrics.render().decode()
    assert 'syncd_vendor_requests_total{connection="crm",kind="write",status="none"} 1.0' in text
    assert 'syncd_connection_state{connection="crm",state="ok"} 1.0' in text
    assert 'syncd_connection_state{connection="crm",state="paused"} 0.0' in text
    assert 'syncd_records_total{action="created",connection="crm"} 3.0' in text
    for name in ("syncd_build_info", "syncd_last_success_timestamp_seconds", "syncd_operations", "syncd_reviews_open",
                 "syncd_drift_customers", "syncd_vendor_request_seconds", "syncd_run_seconds", "syncd_scheduler_misses_total"):  # fmt: skip
        assert f"# TYPE {name.removesuffix('_total')}" in text or f"# TYPE {name}" in text

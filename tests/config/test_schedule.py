"""Intervals and cron lines."""

from datetime import timedelta

import pytest

from syncd.config.schedule import parse
from syncd.config.secret import Fault

CRON = [
    ("* * * * *", "* * * * *"),
    ("*/15 6-8 * * *", "0,15,30,45 6,7,8 * * *"),
    ("0 3 1 jan,6 *", "0 3 1 1,6 *"),
    ("0 3 * * 0", "0 3 * * sun"),
    ("0 3 * * 7", "0 3 * * sun"),
    ("0 3 * * 1-5", "0 3 * * mon,tue,wed,thu,fri"),
    ("0 3 * * SAT-7", "0 3 * * sun,sat"),
    ("5/20 * * * *", "5,25,45 * * * *"),
]


@pytest.mark.parametrize(("text", "cron"), CRON)
def test_a_cron_line(text: str, cron: str) -> None:
    schedule = parse(text)
    assert (schedule.cron, schedule.every, str(schedule)) == (cron, None, text)


@pytest.mark.parametrize(
    ("text", "every"),
    [
        ("every 30 seconds", timedelta(seconds=30)),
        ("every minute", timedelta(minutes=1)),
        ("Every 2 hours", timedelta(hours=2)),
        ("every 1 day", timedelta(days=1)),
    ],
)
def test_an_interval(text: str, every: timedelta) -> None:
    assert parse(text).every == every


@pytest.mark.parametrize(
    "text",
    ["", "every", "every 0 minutes", "every -1 minutes", "every 5 weeks", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *",
     "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *", "*/0 * * * *", "a * * * *", "0 0 1 * mon", "@daily", 5],
)  # fmt: skip
def test_what_is_no_schedule(text: object) -> None:
    with pytest.raises(Fault):
        parse(text)

"""Schedules in words, with the next times they mean."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from apscheduler.triggers.cron import CronTrigger

from syncd.config import Schedule

_DAYS = {
    "mon": "Mondays",
    "tue": "Tuesdays",
    "wed": "Wednesdays",
    "thu": "Thursdays",
    "fri": "Fridays",
    "sat": "Saturdays",
    "sun": "Sundays",
}
_EVERY = "*"


def schedule_words(schedule: Schedule | None, zone: str) -> str:
    """Return a schedule in words."""
    if schedule is None:
        return "only when asked for"
    return schedule.text.lower() if schedule.cron is None else f"{cron_words(schedule.cron)} ({zone})"


def cron_words(cron: str) -> str:
    """Return the five fields of a cron line in words."""
    minute, hour, day, month, weekday = cron.split()
    parts = [_time_words(minute, hour)]
    if day != _EVERY:
        parts.append(f"on day {_listed(day)} of the month")
    if month != _EVERY:
        parts.append(f"in month {_listed(month)}")
    if weekday != _EVERY:
        parts.append("on " + _and([_DAYS[name] for name in weekday.split(",")]))
    return " ".join(parts)


def _time_words(minute: str, hour: str) -> str:
    if minute == _EVERY and hour == _EVERY:
        return "every minute"
    if minute == _EVERY:
        return f"every minute of hour {_listed(hour)}"
    minutes = [int(one) for one in minute.split(",")]
    if hour == _EVERY:
        return _step_words(minutes) or f"at minute {_listed(minute)} of every hour"
    times = [f"{int(one):02}:{each:02}" for one in hour.split(",") for each in minutes]
    return (
        f"at {_and(times)}"
        if len(times) <= 6
        else f"{_step_words(minutes) or f'at minute {_listed(minute)}'} of hours {_listed(hour)}"
    )


def _step_words(minutes: list[int]) -> str:
    """Return "every N minutes" where minutes are evenly spread over the hour."""
    step = 60 // len(minutes)
    return f"every {step} minutes" if len(minutes) > 1 and minutes == list(range(0, 60, step)) else ""


def _listed(text: str) -> str:
    """Return numbers in words, rows of three or more as "from to"."""
    spans: list[list[int]] = []
    for number in map(int, text.split(",")):
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    words = []
    for span in spans:
        words += [f"{span[0]} to {span[-1]}"] if len(span) > 2 else [str(number) for number in span]
    return _and(words)


def _and(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def next_times(
    schedule: Schedule | None, first: datetime | None, now: datetime, zone: str, count: int = 3
) -> list[datetime]:
    """Return the next times of a schedule, `first` being the one that the daemon has planned."""
    if schedule is None:
        return []
    if schedule.every is not None:
        start = first or now + schedule.every
        return [start + place * schedule.every for place in range(count)]
    trigger = CronTrigger.from_crontab(schedule.cron, timezone=ZoneInfo(zone))
    times: list[datetime] = []
    last, after = None, now
    while len(times) < count and (found := trigger.get_next_fire_time(last, after)):
        times.append(found)
        last = after = found
    return times

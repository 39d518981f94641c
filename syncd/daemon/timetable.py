"""When connections are asked for: APScheduler as the clock and nothing more; its jobs only insert run requests.

Kept in memory and in UTC, one instance a job, late ones run once however late. A clock that jumps backwards stops
its interval jobs without a word [agronholm/apscheduler#351], so `Watch` compares with the monotonic clock and the
timetable is made anew after a jump.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.events import EVENT_JOB_ERROR, EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from syncd.config import ConnectionSettings, Schedule
from syncd.logs import Logger

LOG = Logger(__name__)

Ask = Callable[[str], None]
JUMP = timedelta(seconds=5)


def trigger(schedule: Schedule, zone: str) -> BaseTrigger:
    """Return the clock's trigger for a schedule, spread a little so that not all connections start at once."""
    if schedule.every is not None:
        spread = min(schedule.every.total_seconds() / 10, 30.0)
        return IntervalTrigger(seconds=schedule.every.total_seconds(), timezone=UTC, jitter=spread)
    return CronTrigger.from_crontab(schedule.cron, timezone=ZoneInfo(zone))


def first_time(schedule: Schedule, last: datetime | None, now: datetime, place: int) -> datetime | None:
    """Return when an interval first fires: when it is due since its last attempt, at once where that has passed.

    `place` counts the connections, which start a second apart. None leaves it to a cron line's own times.
    """
    if schedule.every is None:
        return None
    soon = now + timedelta(seconds=place)
    return soon if last is None else max(soon, last + schedule.every)


class Timetable:
    """The jobs of all connections that have a schedule."""

    def __init__(self, ask: Ask, missed: Callable[[str], None], zone: str) -> None:
        self._ask = ask
        self._missed = missed
        self._zone = zone
        self._clock = BackgroundScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        self._clock.add_listener(self._heard, EVENT_JOB_ERROR | EVENT_JOB_MAX_INSTANCES | EVENT_JOB_MISSED)

    def start(self) -> None:
        """Start the clock."""
        self._clock.start()

    def stop(self) -> None:
        """Stop the clock; a job that is asking right now ends by itself."""
        if self._clock.running:
            self._clock.shutdown(wait=False)

    def plan(
        self,
        connections: Mapping[str, ConnectionSettings],
        last: Mapping[str, datetime | None],
        now: datetime,
    ) -> None:
        """Make the jobs of these connections, in place of any there were."""
        self._clock.remove_all_jobs()
        due = [(one.name, one.schedule) for one in connections.values() if one.enabled and one.schedule]
        for place, (name, schedule) in enumerate(due):
            self._add(name, schedule, first_time(schedule, last.get(name), now, place))

    def _add(self, name: str, schedule: Schedule, first: datetime | None) -> None:
        when = {} if first is None else {"next_run_time": first}
        self._clock.add_job(self._ask, trigger(schedule, self._zone), args=[name], id=name, **when)

    def next_times(self) -> dict[str, datetime]:
        """Return when each connection is asked for next."""
        return {job.id: job.next_run_time for job in self._clock.get_jobs() if job.next_run_time is not None}

    def _heard(self, event: JobEvent) -> None:
        self._missed(event.job_id)
        reason = str(getattr(event, "exception", "")) or "the one before still runs"
        LOG.warning("A scheduled run could not be asked for", connection=event.job_id, reason=reason)


@dataclass(slots=True)
class Watch:
    """Both clocks as they were last looked at."""

    wall: datetime
    monotonic: float

    def jumped(self, wall: datetime, monotonic: float) -> timedelta:
        """Return by how much the wall clock has jumped since the last look, zero where it has not."""
        passed = timedelta(seconds=monotonic - self.monotonic)
        jump = (wall - self.wall) - passed
        self.wall, self.monotonic = wall, monotonic
        return jump if abs(jump) > JUMP else timedelta()

"""What happens when a run has ended: the figures move, a person is told when needed, the dead-man's address is asked."""

from __future__ import annotations

from syncd.app import App
from syncd.errors import SyncdError
from syncd.logs import Logger
from syncd.notify import Alarm, Notifier
from syncd.store import Run
from syncd.values import Report, Tally

LOG = Logger(__name__)

_COUNTED = ("pulled", "new", "changed", "gone", "created", "updated", "held", "failed")


class Teller:
    """Tells figures and people how runs end."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._notifier = Notifier(app.settings.alerts, app.settings.web.public_url)

    def __call__(self, run: Run, report: Report | None, error: SyncdError | None, seconds: float) -> None:
        """Tell how one run ended."""
        status = report.status if report else "failed"
        self._app.metrics.run_seconds.labels(status).observe(seconds)
        for name, tally in (report.connections if report else {}).items():
            self._count(name, tally)
        LOG.info("The run has ended", run=run.id, status=status, seconds=round(seconds, 2))
        if not run.flags.get("dry_run"):
            self._notifier.tell(self._alarms(error), run.id)
        if status == "ok":
            self._notifier.ping()

    def missed(self, connection: str) -> None:
        """Count a time that the schedule could not keep."""
        self._app.metrics.misses.labels(connection).inc()

    def _count(self, name: str, tally: Tally) -> None:
        for action in _COUNTED:
            if count := getattr(tally, action):
                self._app.metrics.records.labels(name, action).inc(count)

    def _alarms(self, error: SyncdError | None) -> list[Alarm]:
        """Return what is wrong now; what is no longer among it has recovered."""
        if error is not None:
            return [Alarm("run", f"A run failed: {error.what}", error.next_step)]
        with self._app.store.look() as tx:
            states = tx.connections.all()
            reviews = tx.reviews.count_open()
            waiting = sum(
                count for (_, word), count in tx.operations.open_counts().items() if word == "waiting"
            )
        alarms = [
            Alarm(
                f"connection {name}",
                f"{name} is {state.state}: {state.reason}",
                "Look at the page under Connections.",
            )
            for name, state in states.items()
            if state.state in {"refused", "unreachable", "incomplete"}
            and name in self._app.settings.connections
        ]
        if reviews:
            alarms.append(
                Alarm("reviews", f"{reviews} reviews wait for a person.", "Decide them under Reviews.")
            )
        if waiting:
            alarms.append(
                Alarm(
                    "approval",
                    f"{waiting} operations wait for approval.",
                    "Approve or discard them on the overview.",
                )
            )
        return alarms

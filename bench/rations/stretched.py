"""A schedule that asks for more than the vendor allows: `python -m bench.rations.stretched`, told as JSON.

Perfex has no change filter, so that every run reads everything. Of a few hundred customers every other second that is
more than a hundred requests a minute: the schedule is to be stretched to what the budget carries, none of it is to be
refused or left unused, and the health is to say so.
"""

from __future__ import annotations

import gc
import json
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.rations.day import LIMITS, Day
from syncd.doctor import examined

PEOPLE, PAGE = 400, 100
EVERY = 2.0
WATCHED = 600.0
LISTS = 2  # of customers and of their contacts, page by page


class Stretched(Day):
    """Perfex alone, asked too often."""

    # without its number a limit of Perfex is known by the headers only, and no schedule is compared with it
    settings = f'schedule = "every {EVERY:.0f} seconds"\nper_minute = {LIMITS["perfex"].requests}\n'

    def live(self) -> dict[str, float]:
        """Watch the schedule for ten minutes and return what came of it."""
        with self.app, self.time.passing():
            self.app.sync((self.limit.connection,))
            self.time.now += 2 * self.limit.seconds
            began, known = self.time.now, len(self.vendor.ledger)
            threading.Thread(target=self._too_often, daemon=True).start()
            while self.time.now - began < WATCHED:
                if not self._next():
                    self.time.sleep(EVERY / 2)
            asked = [each for each in list(self.vendor.ledger)[known:] if each.by == "api"]
            return {
                "requests": sum(each.status != 429 for each in asked),
                "carried": self.limit.requests / self.limit.seconds * (self.time.now - began),
                "wanted": LISTS * PEOPLE / PAGE * WATCHED / EVERY,
                "refused": sum(each.status == 429 for each in asked),
                "said": self._said(),
            }

    def _too_often(self) -> None:
        while not self.time.over:
            if self._may(self.limit.connection):
                self._ask((self.limit.connection,), "schedule")
            self.time.sleep(EVERY)

    def _said(self) -> int:
        """Return how many findings say that the schedule is more than the vendor allows."""
        subject = f"{self.limit.connection}: schedule"
        return sum(each.what == subject and not each.ok for each in examined(self.app, self.time.clock()))


if __name__ == "__main__":
    gc.disable()  # a collection while another thread looks at all frames can stop both for good [seen with 3.11.7]
    with TemporaryDirectory(prefix="syncd-bench-") as folder:
        json.dump(Stretched(Path(folder), "perfex", PEOPLE).live(), sys.stdout)
        sys.stdout.write("\n")

"""How long answers take is told by waiting, not by work."""

from __future__ import annotations

import time

import pytest

from syncd.errors import Busy
from syncd.vendors.pace import Pace


def test_who_is_waited_for_is_not_quick_and_work_is_no_waiting() -> None:
    assert Pace(soon=0.02).is_quick
    pace = Pace(soon=0.02)
    pace.timed(lambda: time.sleep(0.1))
    assert not pace.is_quick
    assert Pace(soon=60).timed(lambda: 7) == 7
    busy = Pace(soon=0.5)
    ends = time.thread_time() + 1.2

    def work() -> None:
        while time.thread_time() < ends:
            pass

    waited = time.monotonic() - time.thread_time()
    busy.timed(work)
    elsewhere = time.monotonic() - time.thread_time() - waited  # what a busy machine kept from this thread
    assert busy.is_quick or elsewhere > 0.9


def test_an_error_goes_on_and_its_waiting_counts() -> None:
    pace = Pace(soon=0.02)

    def ask() -> None:
        time.sleep(0.1)
        raise Busy("not now")

    with pytest.raises(Busy):
        pace.timed(ask)
    assert not pace.is_quick

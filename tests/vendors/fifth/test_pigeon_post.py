"""Pigeon Post keeps the whole contract."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from syncd.sandbox import Sandbox
from syncd.vendors import VENDORS, connect
from syncd.vendors.base import VendorSettings
from tests.support.wsgi import WsgiAdapter
from tests.vendors.contract import ADDRESS, Clock, Scene, VendorContract
from tests.vendors.fifth import VENDOR, connector
from tests.vendors.fifth.sandbox import KEY, PigeonPost


class TestPigeonPost(VendorContract):
    sample: ClassVar = {"email": "lan@example.com", "first_name": "Lan", "last_name": "Nguyễn", "phone": "+84912345678", "language": "vi"}  # fmt: skip
    other: ClassVar = {"email": "an@example.com", "first_name": "An", "last_name": "Trần", "phone": "+84987654321", "language": "nl"}  # fmt: skip

    def person(self, number: int) -> Mapping[str, Any]:
        return {"given_name": "Ann", "email": f"ann{number}@example.com"}

    @pytest.fixture
    def scene(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
        monkeypatch.setitem(VENDORS, VENDOR.name, VENDOR)  # the registry's line
        clock = Clock()
        vendor = PigeonPost(clock)
        settings = VendorSettings("there", VENDOR.name, ADDRESS, secrets={"key": KEY})
        made = connect(settings, clock=clock, adapter=WsgiAdapter(vendor))
        yield Scene(clock, Sandbox.empty(clock), vendor, made, settings)
        made.close()


def test_it_is_an_afternoons_work() -> None:
    assert len(Path(connector.__file__).read_text(encoding="utf-8").splitlines()) < 100

"""The contract of every vendor in every dialect: other legal forms of the same answers change nothing.

One that speaks most of them at once runs always, each by itself with the long tests.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from syncd.sandbox import Vendor
from tests.vendors import test_kiotviet, test_omniwallet, test_perfex, test_pexip_engage
from tests.vendors.contract import VendorContract
from tests.vendors.dialects import DIALECTS, MANY, Dialect, flat_pages

MAIN = (
    test_perfex.TestPerfex,
    test_kiotviet.TestKiotViet,
    test_omniwallet.TestOmniwallet,
    test_pexip_engage.TestPexipEngage,
)
OTHERS = (
    test_perfex.TestPerfexAsDocumented,
    test_perfex.TestPerfexOfTheSecondGeneration,
    test_kiotviet.TestKiotVietThatReplaces,
)
SAID = (
    "vendor",
    "version",
    "by_number",
    "base_path",
    "options",
    "secrets",
    "external_id_field",
    "sample",
    "other",
    "unwanted",
)
TOLD = ("person", "phone", "arrange")


def _in(dialect: Dialect, kind: type[VendorContract], name: str) -> type[VendorContract]:
    """Return the contract alone, with what a vendor's class says of the vendor, in a dialect."""

    def spoken(_: VendorContract, vendor: Vendor) -> Any:
        return dialect.spoken_by(vendor)

    kept = {key: getattr(kind, key) for key in (*SAID, *TOLD) if hasattr(kind, key)}
    title = f"{kind.__name__}In{name.title().replace(' ', '')}"
    return type(
        title, (VendorContract,), {**kept, "spoken": spoken, "counts": dialect.counts, "__module__": __name__}
    )


def _made() -> Iterator[type[VendorContract]]:
    for kind in MAIN:
        yield _in(MANY, kind, "many dialects")
    yield _in(Dialect(flat_pages), test_omniwallet.TestOmniwallet, "flat numbers of pages")
    for kind in (*MAIN, *OTHERS):
        for name, dialect in DIALECTS.items():
            yield pytest.mark.long(_in(dialect, kind, name))


globals().update({made.__name__: made for made in _made()})

"""docs/vendors.md: its tables are what the connectors declare, its requests what they send."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from syncd.vendors import VENDORS
from syncd.vendors.declared import fields_of, operations, renewed
from tests.docs.requests_seen import requests_of
from tests.vendors import test_kiotviet, test_omniwallet, test_perfex, test_pexip_engage
from tests.vendors.contract import VendorContract

PAGE = (Path(__file__).parents[2] / "docs" / "vendors.md").read_text(encoding="utf-8")
CONTRACTS: dict[str, tuple[type[VendorContract], ...]] = {
    "Perfex CRM": (
        test_perfex.TestPerfex,
        test_perfex.TestPerfexAsDocumented,
        test_perfex.TestPerfexOfTheSecondGeneration,
    ),
    "KiotViet": (test_kiotviet.TestKiotViet,),
    "Omniwallet": (test_omniwallet.TestOmniwallet,),
    "Pexip Engage": (test_pexip_engage.TestPexipEngage,),
}


def test_the_committed_tables_are_what_the_connectors_declare() -> None:
    assert renewed(PAGE) == PAGE, "run: python -m syncd.vendors.declared docs/vendors.md"


def test_every_vendor_and_every_field_stands_in_a_table() -> None:
    assert set(CONTRACTS) == {vendor.title for vendor in VENDORS.values()}
    for vendor in VENDORS.values():
        assert vendor.title in operations().splitlines()[0]
        assert "`email`" in fields_of(vendor.name)


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(LookupError):
        renewed("# What is used of each vendor\n")


@pytest.mark.parametrize("title", CONTRACTS)
def test_the_listed_requests_are_those_that_are_sent(title: str) -> None:
    sent = {_plain(each) for contract in CONTRACTS[title] for each in requests_of(contract())}
    assert {_plain(each) for each in _listed(title)} == sent


def _listed(title: str) -> list[str]:
    chapter = PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]
    return re.findall(r"^\| `([A-Z]+ /\S+)` \|", chapter, re.MULTILINE)


def _plain(request: str) -> str:
    return re.sub(r"<[^>]+>|\{[^}]+\}", "{}", request)

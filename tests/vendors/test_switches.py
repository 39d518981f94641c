"""The contract of every vendor with every switch of its simulator set the other way.

A switch stands for what the vendor's documents leave open or an admin can set. Each is turned by itself. Left out are
those that take something away that the contract asks for (a listing, a filter, a value in a single answer), each with
a test of its own elsewhere, and those that only make requests count otherwise. Where an admin has to say how a switch
stands there, the connection is set so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.vendors import test_kiotviet, test_omniwallet, test_perfex, test_pexip_engage
from tests.vendors.contract import VendorContract
from tests.vendors.test_dialects import SAID, TOLD

SWITCHES: Mapping[type[VendorContract], Mapping[str, tuple[Any, ...]]] = {
    test_perfex.TestPerfex: {
        "auth_failure_status": (401,),
        "lists": ("array", "envelope"),
        "record_id": (False,),
        "created_status": (201,),
        "contact_routes": ("contact",),
        "refuse_at_in_path": (False,),
        "search_broken": (True,),
        "search_columns": ("customer",),
        "search_companies": (False,),
        "contact_no_change_fails": (False,),
        "strict_mysql": (True,),
        "delete_invoiced": (True,),
        "timezone": ("Asia/Ho_Chi_Minh",),
    },
    test_perfex.TestPerfexAsDocumented: {
        "lists": ("array", "envelope"),
        "record_id": (False,),
        "contact_routes": ("customer",),
        "search_broken": (True,),
        "search_companies": (False,),
    },
    test_perfex.TestPerfexOfTheSecondGeneration: {
        "record_id": (True,),
        "search_columns": ("customer",),
        "search_companies": (False,),
        "refuse_at_in_path": (False,),
        "strict_mysql": (True,),
    },
    test_kiotviet.TestKiotViet: {
        "wrapped": (False,),
        "missing_retailer_status": (403,),
        "page_size_over": ("clamp",),
        "removed_ids_name": ("removeIds", "removedId", "removeId"),
        "null_keys": ("send",),
        "fraction_digits": (0, 7),
        "put_missing": ("clear",),
        "put_null": ("keep",),
        "unknown_keys": ("ignore",),
        "tax_code_on_create": ("keep",),
        "organization": ("keep", "refuse"),
        "group_pages": (True,),
        "duplicate_phone": ("refuse", "per_branch"),
        "duplicate_email": ("refuse",),
        "unknown_id_status": (420,),
        "duplicate_code_status": (409, 400),
        "past_the_end": ("refuse", "last"),
        "z_means": ("utc",),
        "from_inclusive": (False,),
        "summary_row": (True,),
        "longest": (None,),
    },
    test_omniwallet.TestOmniwallet: {
        "duplicate": (422,),
        "page_size_over": ("clamp",),
        "strict_media": (False,),
        "empty_card": ("keep", "clear"),
        "null_clears": (False,),
        "points_by_patch": ("ignore", "accept"),
        "birthday_by_patch": ("ignore", "accept"),
        "email_case": ("sensitive",),
        "updated_filter": ("prefix",),
        "unknown_attributes": ("ignore",),
        "duplicate_transaction": ("refuse", "apply"),
        "past_the_end": ("refuse",),
        "error_form": ("message", "error"),
    },
    test_pexip_engage.TestPexipEngage: {
        "token_seconds": (30,),
        "largest_page": (25, 500),
        "page_size_over": ("clamp",),
        "list_includes_deleted": (True,),
        "deleted_get": (404,),
        "unique_email": (True,),
        "unique_external_id": (True,),
        "location_patch": ("merge",),
        "default_language": ("nl", "fr"),
        "conflict_every": (2,),
    },
}  # fmt: skip

# What the admin writes who knows of the switch.
TOLD_THERE: Mapping[str, Mapping[str, Any]] = {
    "put_null": {"put_null": "keep"},
    "null_clears": {"clear_with": "empty"},
}


def _with(kind: type[VendorContract], switch: str, value: Any) -> type[VendorContract]:
    """Return the contract alone, with what a vendor's class says of the vendor, and one switch turned."""
    kept = {key: getattr(kind, key) for key in (*SAID, *TOLD) if hasattr(kind, key)}

    def arrange(self: VendorContract, vendor: Any) -> None:
        kind.arrange(self, vendor)
        setattr(vendor.switches, switch, value)

    kept["options"] = {**kind.options, **TOLD_THERE.get(switch, {})}
    title = f"{kind.__name__}With{switch.title().replace('_', '')}{str(value).title().replace('_', '')}"
    return type(title, (VendorContract,), {**kept, "arrange": arrange, "__module__": __name__})


def _made() -> Iterator[type[VendorContract]]:
    for kind, switches in SWITCHES.items():
        for switch, values in switches.items():
            for value in values:
                yield pytest.mark.long(_with(kind, switch, value))


globals().update({made.__name__: made for made in _made()})

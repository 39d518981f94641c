"""The vendors: the only HTTP of the project. A new vendor is a package here and one line in `VENDORS`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from syncd.errors import UsageError
from syncd.vendors import kiotviet, omniwallet, perfex, pexip_engage
from syncd.vendors.base import Connector, Vendor, VendorSettings
from syncd.vendors.budget import Budgets
from syncd.vendors.http import Adapter

__all__ = ["VENDORS", "Adapter", "connect"]

VENDORS: Mapping[str, Vendor] = {
    each.name: each for each in (perfex.VENDOR, kiotviet.VENDOR, omniwallet.VENDOR, pexip_engage.VENDOR)
}


def connect(settings: VendorSettings, *, budgets: Budgets | None = None, **parts: Any) -> Connector:
    """Return a connector for one connection; `parts` are its clock, and adapter, stop and observe where wanted.

    `budgets` are shared by the connections that a vendor counts together. Raises UsageError, ConfigError.
    """
    vendor = VENDORS.get(settings.vendor)
    if vendor is None:
        raise UsageError(f"There is no vendor {settings.vendor!r}.", f"Use one of {', '.join(VENDORS)}.")
    if budgets is not None and vendor.ration is not None:
        parts["budget"] = budgets.of(vendor.ration(settings))
    return vendor.connect(settings, **parts)

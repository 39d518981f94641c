"""A fifth vendor that does not exist, as docs/adding-a-vendor.md adds it: its line for the registry."""

from syncd.vendors.base import Vendor
from tests.vendors.fifth.connector import PigeonPost

__all__ = ["VENDOR"]

VENDOR = Vendor("pigeon_post", "Pigeon Post", PigeonPost, options={}, secrets=("key",))

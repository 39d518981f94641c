"""Perfex CRM."""

from syncd.vendors.perfex.connector import VENDOR, Perfex

__all__ = ["VENDOR", "Perfex"]

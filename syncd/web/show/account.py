"""What is known of an account at its vendor: how many requests it may send, where its webhooks go, what it does to values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from syncd.config import ConnectionSettings
from syncd.store import ConnectionState, Reading
from syncd.vendors import VENDORS
from syncd.vendors.base import VendorSettings
from syncd.vendors.budget import ALL_KINDS, Allowance
from syncd.web.show.words import field_word

SAMPLE = 200  # records of a connection that are looked at for what it does to values
_SPANS = {1: "second", 60: "minute", 3600: "hour", 86400: "day"}


def budget_words(one: ConnectionSettings) -> str:
    """Return how many requests a connection's account may send, in words."""
    ration = VENDORS[one.vendor].ration
    if ration is None:
        return "not limited by syncd"
    plain = VendorSettings(
        one.name, one.vendor, one.base_url, one.options, dict.fromkeys(one.secret_names, "")
    )
    found = ration(plain)
    rates = [_rate_words(allowance) for allowance in found.allowances]
    said = ", ".join(rates) if rates else "as many as its rate headers allow"
    return f"{said}; {found.concurrency} at once"


def _rate_words(allowance: Allowance) -> str:
    kinds = "requests" if allowance.kinds == ALL_KINDS else f"{' and '.join(sorted(allowance.kinds))}s"
    span = _SPANS.get(int(allowance.seconds), f"{allowance.seconds:g} seconds")
    one = "an" if span == "hour" else "a"
    return f"{allowance.requests:,} {kinds} {one} {span}" + (" and path" if allowance.per_path else "")


def webhook_words(one: ConnectionSettings, address: str) -> str:
    """Return where a connection's vendor may post its webhooks, or what is missing for that."""
    if not VENDORS[one.vendor].webhooks:
        return "this vendor announces no changes of customers"
    if one.secrets.get("webhook_secret") is None:
        return "off: webhook_secret is not set"
    return f"{address.rstrip('/')}/hooks/{one.name}"


def fidelity_words(state: ConnectionState | None) -> tuple[tuple[str, str], ...]:
    """Return what a vendor was seen to make of values, by field."""
    return tuple((field_word(name), _said(seen)) for name, seen in (state.fidelity if state else {}).items())


def renderings(tx: Reading, connection: str) -> tuple[tuple[str, str], ...]:
    """Return which fields a vendor keeps otherwise than they were given, with one example each, in some of its records."""
    records = tx.tabs.some(connection, SAMPLE)
    examples: dict[str, list[str]] = defaultdict(list)
    for record in records:
        for name in sorted(record.shadow.renders):
            given, kept = record.shadow.acked.get(name, ""), record.value(name)
            if given and kept and given != kept:
                examples[name].append(f"“{given}” is kept as “{kept}”")
    return tuple(
        (field_word(name), f"{said[0]} ({len(said)} of {len(records)} records looked at)")
        for name, said in examples.items()
    )


def answers_words(state: ConnectionState | None) -> str:
    """Return whether a vendor's answers to writes can be believed."""
    if state is None or state.answers is None:
        return "not known yet"
    return "show what is stored" if state.answers else "do not always; every write is read back"


def _said(seen: Any) -> str:
    if isinstance(seen, Mapping):
        return "; ".join(f"{name.replace('_', ' ')}: {_said(each)}" for name, each in seen.items())
    if isinstance(seen, list | tuple):
        return ", ".join(_said(each) for each in seen)
    return str(seen).replace("_", " ")

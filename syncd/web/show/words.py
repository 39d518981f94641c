"""The words and tones of the page: states of connections, runs and operations, names of fields, reasons of rules.

A tone says who has to act: good and off nobody, busy syncd right now, warn nobody yet (it mends itself), bad a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from syncd.web.show.times import exact

VENDORS = {
    "perfex": "Perfex CRM",
    "kiotviet": "KiotViet",
    "omniwallet": "Omniwallet",
    "pexip_engage": "Pexip Engage",
}
FIELDS = {
    "email": "E-mail", "phone": "Phone", "first_name": "First name", "last_name": "Last name",
    "full_name": "Full name", "company": "Company", "vat_number": "VAT number", "website": "Website",
    "birth_date": "Birth date", "gender": "Gender", "language": "Language", "time_zone": "Time zone",
    "notes": "Notes", "street1": "Street", "street2": "Street, line 2", "city": "City", "state": "State",
    "postal_code": "Postal code", "country": "Country", "external_id": "External id",
    "customer_number": "Customer number", "groups": "Groups", "points": "Points", "level": "Level", "card": "Card",
    "name": "Name", "address": "Address",
}  # fmt: skip
STAGES = {
    "pull": "Pulling",
    "reconcile": "Reconciling",
    "plan": "Planning",
    "push": "Pushing",
    "look": "Looking",
}
_CODE = re.compile(r"`([^`]+)`")
ROLES = {"admin": "admin", "viewer": "read-only"}

_RULES = {
    "pinned": "an admin pinned it",
    "initial_priority": "the most trusted connection's first value",
    "decided_by_a_person": "a person decided",
    "agreed": "the edits agree",
    "latest_edit": "the latest edit, made in knowledge of the value before",
    "newest": "the newer of two edits",
    "newest_guess": "the edit that was probably newer",
    "priority": "the more trusted connection's edit",
    "review": "waits for a person; the value before stays",
    "duplicate_edited": "edited in a duplicate; a person decides",
    "clear_ignored": "emptied there; it goes no further",
    "undone": "a run was undone",
    "merged": "two customers were merged",
    "split": "a customer was split",
}


@dataclass(frozen=True, slots=True)
class Word:
    """A state in one word or two, and its tone."""

    word: str
    tone: str = ""


RUN_WORDS = {
    "requested": Word("Queued", "busy"),
    "running": Word("Running", "busy"),
    "ok": Word("Done", "good"),
    "attention": Word("Needs attention", "warn"),
    "held": Word("Waits for approval", "warn"),
    "decided": Word("Plan decided", "off"),
    "failed": Word("Failed", "bad"),
}
OPERATION_WORDS = {
    "planned": Word("Planned", "busy"),
    "waiting": Word("Waits for approval", "warn"),
    "claimed": Word("Under way", "busy"),
    "sent": Word("Sent", "busy"),
    "unknown": Word("Outcome unknown", "warn"),
    "confirmed": Word("Written", "good"),
    "rejected": Word("Refused", "bad"),
    "dropped": Word("Dropped", "off"),
}
KIND_TONES = {"create": "accent", "update": "", "archive": "warn", "delete": "bad"}
RECORD_WORDS = {
    "live": Word("Live", "good"),
    "suspect": Word("Not seen lately", "warn"),
    "gone": Word("Gone", "off"),
}
CONNECTION_WORDS = {
    "ok": Word("Up to date", "good"),
    "paused": Word("Paused", "off"),
    "refused": Word("Needs attention", "bad"),
    "unreachable": Word("Late", "warn"),
    "incomplete": Word("Needs attention", "warn"),
}


def run_word(state: str, status: str) -> Word:
    """Return the word of a run: its status once it has ended, its state before."""
    if state == "failed":
        return RUN_WORDS["failed"]
    return RUN_WORDS.get(status if state == "done" else state, Word(status or state))


def field_word(name: str) -> str:
    """Return what a field or slot is called on the page."""
    base, _, word = name.partition(":")
    return FIELDS.get(name) or (f"{FIELDS.get(base, base)}: {word}" if word else name)


def vendor_word(name: str) -> str:
    """Return a vendor's own name."""
    return VENDORS.get(name, name)


def rule_word(rule: str) -> str:
    """Return a rule's reason in words."""
    return _RULES.get(rule, rule.replace("_", " "))


def value_words(value: Mapping[str, str]) -> str:
    """Return a slot's value on one line, named where it has several parts."""
    if len(value) == 1:
        return next(iter(value.values())) or "empty"
    return ", ".join(f"{field_word(name)}: {text}" for name, text in value.items() if text) or "empty"


def code_filter(text: str) -> Markup:
    """Show what stands between backticks, such as a command, as code; everything is escaped first."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704


def beaten_words(beaten: Mapping[str, Any], zone: ZoneInfo) -> str:
    """Return a beaten statement in words: the value, where it was said and when."""
    at = beaten.get("at")
    when = f", {exact(datetime.fromisoformat(at), zone)}" if at else ""
    return f"“{value_words(beaten.get('value', {}))}” from {beaten.get('connection', '?')}{when}"

"""What all sections of the settings share: they are frozen, refuse unknown keys, and name the canonical fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

# The words of the canonical customer. They stand here a second time because settings are a lower floor than
# customers; a test keeps both lists equal.
FIELDS = (
    "email", "phone", "first_name", "last_name", "full_name", "company", "vat_number", "website", "birth_date",
    "gender", "language", "time_zone", "notes", "street1", "street2", "city", "state", "postal_code", "country",
    "external_id", "customer_number", "groups", "points", "level", "card",
)  # fmt: skip
UNITS: Mapping[str, tuple[str, ...]] = {
    "name": ("first_name", "last_name", "full_name"),
    "address": ("street1", "street2", "city", "state", "postal_code", "country"),
}


class Section(BaseModel):
    """A table of the configuration."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
        defer_build=True,  # the settings of a vendor that nobody configured cost nothing
    )


def setting(default: Any, sentence: str, example: str = "", **limits: Any) -> Any:
    """Declare a setting: its default (... where there is none), its sentence, and a value as one would write it."""
    return Field(default, description=sentence, examples=[example] if example else None, **limits)

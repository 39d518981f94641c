"""The canonical customer: its fields, the slots that change together, and the clean form of every value."""

from syncd.customer.email import clean_email, email_key
from syncd.customer.fields import ADDRESS, FIELDS, NAME, OWNED, SLOT_OF, SLOTS, parts_of, slot_of, slots_of
from syncd.customer.names import (
    follow_full,
    follow_parts,
    full_name,
    is_rendering_of_name,
    name_is_empty,
    names_agree,
    split_name,
    tokens,
)
from syncd.customer.phone import clean_phone, phone_key
from syncd.customer.sets import (
    NO,
    SETS,
    YES,
    asked_of,
    base_of,
    element,
    elements,
    gathered,
    is_element,
    says_something,
    value_in,
)
from syncd.customer.text import fold, squash, tidy
from syncd.customer.values import VANISHING, clean, clean_date, renders, same, says_nothing

__all__ = [
    "ADDRESS",
    "FIELDS",
    "NAME",
    "NO",
    "OWNED",
    "SETS",
    "SLOTS",
    "SLOT_OF",
    "VANISHING",
    "YES",
    "asked_of",
    "base_of",
    "clean",
    "clean_date",
    "clean_email",
    "clean_phone",
    "element",
    "elements",
    "email_key",
    "fold",
    "follow_full",
    "follow_parts",
    "full_name",
    "gathered",
    "is_element",
    "is_rendering_of_name",
    "name_is_empty",
    "names_agree",
    "parts_of",
    "phone_key",
    "renders",
    "same",
    "says_nothing",
    "says_something",
    "slot_of",
    "slots_of",
    "split_name",
    "squash",
    "tidy",
    "tokens",
    "value_in",
]

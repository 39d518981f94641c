"""How a unit moves: what a statement of some parts of a name or an address does to the whole.

A unit's statement speaks only for the parts that its vendor can hold. Guessing a split over a known name, or
keeping the postal code of another city, would invent values; such parts are held instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncd.customer import ADDRESS, clean, fold, follow_full, follow_parts, is_rendering_of_name, same, tokens

Parts = Mapping[str, str]


def merged(slot: str, before: Parts, stated: Parts) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the slot's new parts after a statement, and the parts that are held because it says nothing of them."""
    if slot == "name":
        return _merged_name(before, stated)
    if slot == "address":
        return _merged_address(before, stated)
    return dict(stated), ()


def taken_back(slot: str, before: Parts, after: Parts) -> dict[str, str]:
    """Return the slot's value once a change of it is taken back: what the change brought is empty again.

    A name that was there is never emptied by the way it was written since. Parts that say no full name leave none, and
    a full name gives the parts that it was changed into where it aligns with them; otherwise they are unknown again.
    """
    value = dict.fromkeys(after, "") | dict(before)
    if slot != "name" or is_empty(before):
        return value
    if any(before.get(name) for name in ("first_name", "last_name")):
        return {name: text for name, text in value.items() if text or name != "full_name"}
    return {"full_name": before["full_name"], **(follow_full(before["full_name"], after) or {})}


def _merged_name(before: Parts, stated: Parts) -> tuple[dict[str, str], tuple[str, ...]]:
    has_parts = "first_name" in stated or "last_name" in stated
    if has_parts:
        parts = {name: stated.get(name, before.get(name, "")) for name in ("first_name", "last_name")}
        full = stated.get("full_name") or _full_after(parts, before)
        return {**parts, **({"full_name": full} if full else {})}, ()
    full = stated.get("full_name", "")
    aligned = follow_full(full, before)
    if aligned is not None:
        return {**aligned, "full_name": full}, ()
    known = {name: before[name] for name in ("first_name", "last_name") if before.get(name)}
    return {**known, "full_name": full}, tuple(known)


def _full_after(parts: Parts, before: Parts) -> str:
    """Return the full name that somebody stated, moved along with its parts; "" where nobody stated one."""
    full = before.get("full_name", "")
    if not full or (is_rendering_of_name(full, {**parts, "full_name": ""}) and _same_words(full, parts)):
        return full
    return follow_parts(parts, before)


def _same_words(full: str, parts: Parts) -> bool:
    words = f"{parts.get('first_name', '')} {parts.get('last_name', '')}".split()
    return sorted(full.split()) == sorted(words)


def _merged_address(before: Parts, stated: Parts) -> tuple[dict[str, str], tuple[str, ...]]:
    whole = {**before, **stated}
    moved = any(
        name in stated and fold(before.get(name, "")) != fold(stated[name]) for name in ("country", "city")
    )
    silent = tuple(name for name in ADDRESS if name not in stated and before.get(name))
    return whole, silent if moved and before else ()


def agree(slot: str, one: Parts, other: Parts, regions: tuple[str | None, str | None] = (None, None)) -> bool:
    """Tell whether two values of a slot say the same, as far as both speak, each by its own region's phone plan."""
    if slot == "name":
        return _names_say_the_same(one, other)
    here, there = regions
    return all(
        clean(name, one[name], here) == clean(name, other[name], there) for name in one.keys() & other.keys()
    )


def _names_say_the_same(one: Parts, other: Parts) -> bool:
    both_full = one.get("full_name") and other.get("full_name")
    if both_full and not same("full_name", one["full_name"], other["full_name"]):
        return False
    parts = [name for name in ("first_name", "last_name") if name in one and name in other]
    if parts:
        agreed = all(same(name, one[name], other[name]) for name in parts)
        return agreed and _full_fits(one, other) and _full_fits(other, one)
    return _one_renders_other(one, other) or _one_renders_other(other, one)


def _full_fits(one: Parts, other: Parts) -> bool:
    """Tell whether a full name that only one side has is no other name than the parts that both have."""
    full = one.get("full_name", "")
    if not full or other.get("full_name"):
        return True
    return is_rendering_of_name(full, {**one, **other, "full_name": ""})


def _one_renders_other(one: Parts, other: Parts) -> bool:
    """Tell whether a full name is written like the parts of the other, accents and case included."""
    full = one.get("full_name", "")
    if not full:
        return not any(other.values()) if "full_name" in one else False
    if other.get("full_name"):
        return same("full_name", full, other["full_name"])
    words = f"{other.get('first_name', '')} {other.get('last_name', '')}".split()
    return is_rendering_of_name(full, other) and sorted(full.split()) == sorted(words)


def is_empty(value: Parts) -> bool:
    """Tell whether a slot's value says nothing at all."""
    # a loop, because this is asked of every value of a first load, and a generator costs twice as much
    for text in value.values():  # noqa: SIM110
        if text and not text.isspace():
            return False
    return True


def compatible(slot: str, one: Parts, other: Parts) -> bool:
    """Tell whether two initial values of a unit can be of the same thing, so that one may fill the other's gaps."""
    if slot == "name":
        return _names_compatible(one, other)
    if slot != "address":
        return False
    telling = ("country", "city", "postal_code", "street1")
    return all(fold(one[name]) == fold(other[name]) for name in telling if one.get(name) and other.get(name))


def _names_compatible(one: Parts, other: Parts) -> bool:
    full, parts = (one, other) if one.get("full_name") else (other, one)
    words = tokens(full.get("full_name", ""))
    return not words or is_rendering_of_name(full["full_name"], {**parts, "full_name": ""})

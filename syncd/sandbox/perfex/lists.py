"""Lists: array or envelope, pages that clamp, sorting, date filters, chosen columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from syncd.sandbox.perfex.crm import Crm, fail
from syncd.sandbox.perfex.tables import Columns, folded
from syncd.sandbox.rows import Key
from syncd.sandbox.vendor import Refused
from syncd.sandbox.wire import Call, Json, Reply

NO_DATA = "No data were found"
Render = Callable[[Json], Json]


def listed(crm: Crm, call: Call, rows: list[Json], render: Render, enveloped: bool) -> Reply:
    """The reply to a list call over stored rows in their order; an empty one is the famous 404."""
    if not crm.switches.paginates:
        return _array(crm, call, rows, render)
    rows = _dated(call, rows)
    if enveloped or "page" in call.query or "per_page" in call.query:
        return _envelope(crm, call, rows, render)
    return _array(crm, call, rows, render)


def order(crm: Crm, call: Call, known: Columns, name: str, key: Key) -> tuple[str, list[Key]]:
    """The order that `sort=-datecreated,company` asks for, or the list's own, with a name for it."""
    wanted = call.first("sort")
    if not wanted or not crm.switches.paginates:
        return name, [key]
    return f"sort {wanted}", [_sort_key(part.strip(), known) for part in wanted.split(",")]


def _sort_key(part: str, known: Columns) -> Key:
    column = part.removeprefix("-")
    if column not in known:
        raise invalid({"sort": f"Unknown column {column}."})
    return lambda row: _comparable(row["columns"][column]), part.startswith("-")


def invalid(errors: dict[str, str]) -> Refused:
    """The 3.x refusal of bad filters and, in 3.1, of bad fields."""
    message = " ".join(errors.values())
    return Refused(
        Reply(422, {"status": False, "error": "validation_failed", "message": message, "errors": errors})
    )


def _array(crm: Crm, call: Call, rows: list[Json], render: Render) -> Reply:
    page, _ = crm.page(call, rows, 0, max(len(rows), 1))
    if not page:
        return fail(404, NO_DATA)
    return Reply(200, _rendered(crm, call, page, render))


def _envelope(crm: Crm, call: Call, rows: list[Json], render: Render) -> Reply:
    size = (
        _whole(call, "per_page", 100)
        or ("page" in call.query and _whole(call, "limit", 100))
        or _default(crm)
    )
    last = max(-(-len(rows) // size), 1)
    number = min(_whole(call, "page") or 1, last)
    page, total = crm.page(call, rows, (number - 1) * size, size)
    if not page:
        return fail(404, NO_DATA)
    last = max(-(-total // size), 1)
    meta = {"page": number, "per_page": size, "total": total, "total_pages": last}
    meta |= {"has_more": number < last, "current_page": number, "last_page": last}
    return Reply(200, {"data": _rendered(crm, call, page, render), "meta": meta})


def _default(crm: Crm) -> int:
    return 20 if crm.switches.version == "3.0" else 25


def _whole(call: Call, name: str, most: int | None = None) -> int | None:
    text = call.first(name)
    if text is None:
        return None
    if not text.isdigit() or int(text) < 1 or (most and int(text) > most):
        raise invalid(
            {name: f"The {name} parameter must be a whole number from 1{f' to {most}' if most else ''}."}
        )
    return int(text)


def _rendered(crm: Crm, call: Call, rows: list[Json], render: Render) -> list[Json]:
    wanted = call.first("fields") if crm.switches.paginates else None
    if not wanted:
        return [render(row) for row in rows]
    names = {name.strip() for name in wanted.split(",")} | {"id"}
    return [{name: value for name, value in render(row).items() if name in names} for row in rows]


def _comparable(value: Any) -> tuple[int, str]:
    text = str(value or "")
    return (int(text), "") if text.isdigit() else (0, folded(text))


def _dated(call: Call, rows: list[Json]) -> list[Json]:
    for names, keeps in (
        (("created_after", "date_from"), str.__ge__),
        (("created_before", "date_to"), str.__le__),
    ):
        bound = _date(call, names)
        if bound:
            rows = [row for row in rows if keeps(row["columns"]["datecreated"] or bound, bound)]
    return rows


def _date(call: Call, names: tuple[str, ...]) -> str | None:
    for name in names:
        text = call.first(name)
        if text:
            return _parsed(name, text)
    return None


def _parsed(name: str, text: str) -> str:
    try:
        return f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"
    except ValueError as error:
        raise invalid({name: "This is not a date."}) from error

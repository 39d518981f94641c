"""The fields that KiotViet takes, and what it makes of the body of a write."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from syncd.sandbox.kiotviet.shop import Shop, fail, invalid
from syncd.sandbox.mangle import mangled
from syncd.sandbox.vendor import Refused
from syncd.sandbox.wire import Call, Json

TEXTS = (
    "code",
    "name",
    "contactNumber",
    "subNumber",
    "identificationNumber",
    "address",
    "locationName",
    "wardName",
    "email",
    "comments",
    "taxCode",
    "organization",
)
WRITABLE = (*TEXTS, "gender", "birthDate", "groupIds")
EMPTY: Json = {
    **dict.fromkeys(TEXTS),
    "gender": None,
    "birthDate": None,
    "groupIds": [],
    "type": 0,
    "psidFacebook": None,
    "debt": 0,
    "totalInvoiced": 0,
    "totalRevenue": 0,
    "totalPoint": 0,
    "rewardPoint": 0,
}
_NAMES = {name.lower(): name for name in (*WRITABLE, "id", "branchId")}


def sent(shop: Shop, call: Call) -> Json:
    """The checked fields of a write, from JSON or (as the vendor's own plugin posts them) from a form."""
    body = call.form() if call.content_type == "application/x-www-form-urlencoded" else _json(call)
    return checked(shop, body, call.content_type == "application/x-www-form-urlencoded")


def checked(shop: Shop, body: Any, form: bool = False) -> Json:
    """The fields by their own names, whose types are right; raises Refused otherwise."""
    if not isinstance(body, dict):
        raise Refused(fail(400, "SerializationException", "Dữ liệu không đúng định dạng."))
    fields = {_NAMES.get(str(name).lower(), str(name)): value for name, value in body.items()}
    if "organization" in fields and shop.switches.organization == "refuse":
        raise _wrong("organization")
    if unknown := set(fields) - set(_NAMES.values()):
        if shop.switches.unknown_keys == "refuse":
            raise _wrong(min(unknown))
        fields = {name: value for name, value in fields.items() if name not in unknown}
    typed = {name: _typed(name, value, form) for name, value in fields.items()}
    _check_lengths(shop, typed)
    _check_groups(shop, typed)
    return mangled(typed, shop.switches.mangle)


def _json(call: Call) -> Any:
    if call.content_type not in ("application/json", "text/json"):
        raise Refused(fail(400, "SerializationException", "Content-Type phải là application/json."))
    return call.json()


def _typed(name: str, value: Any, form: bool) -> Any:
    if value is None:
        return None
    if name in TEXTS:
        return value if isinstance(value, str) else _raise(name)
    if name == "gender":
        return _boolean(value, form)
    if name == "birthDate":
        return _date(value)
    if name == "groupIds":
        return _numbers(name, value, form)
    return _number(name, value, form)


def _boolean(value: Any, form: bool) -> bool:
    if form and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    return value if isinstance(value, bool) else _raise("gender")


def _date(value: Any) -> str:
    """Local midnight of the day that is named; a time with a zone moves the day, as careless clients find out."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _wrong("birthDate") from None
    return f"{moment:%Y-%m-%d}T00:00:00"


def _numbers(name: str, value: Any, form: bool) -> list[int]:
    values = value if isinstance(value, list) else ([value] if form else _raise(name))
    return [_number(name, each, form) for each in values]


def _number(name: str, value: Any, form: bool) -> int:
    if form and str(value).isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else _raise(name)


def _raise(name: str) -> Any:
    raise _wrong(name)


def _wrong(name: str) -> Refused:
    text = f"Unable to bind to request: {name}"
    return Refused(fail(400, "SerializationException", text, {name: text}))


def _check_lengths(shop: Shop, fields: Json) -> None:
    longest = shop.switches.longest
    for name, value in fields.items():
        if longest and isinstance(value, str) and name != "comments" and len(value) > longest:
            raise invalid(name, f"{name} không được vượt quá {longest} ký tự.")


def _check_groups(shop: Shop, fields: Json) -> None:
    for group in fields.get("groupIds") or ():
        if group not in shop.state.groups:
            raise invalid("groupIds", "Nhóm khách hàng không tồn tại.")

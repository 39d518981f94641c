"""Customers of a shop that does not exist: 23 fields, about 690 bytes each, the same ones for the same number.

Whoever has the same number in two shops is the same person: same name, e-mail and phone. The words are few and the
numbers large, as in a real shop; e-mails are under names reserved for examples.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import orjson

VIETNAM = timezone(timedelta(hours=7))

FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Phan", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ", "Ngô", "Dương")
MIDDLES = ("Văn", "Thị", "Ngọc", "Minh", "Thanh", "Hữu", "Quang", "Thu", "Đức", "Bảo", "Gia")
GIVEN = ("An", "Bình", "Chi", "Dũng", "Giang", "Hạnh", "Khoa", "Lan", "Mai", "Nam", "Phương", "Quân", "Sơn",
         "Trang", "Tuấn", "Uyên", "Vy")  # fmt: skip
STREETS = (
    "Lê Lợi",
    "Trần Hưng Đạo",
    "Nguyễn Huệ",
    "Hai Bà Trưng",
    "Lý Thường Kiệt",
    "Điện Biên Phủ",
    "Cầu Giấy",
)
PLACES = (
    ("Hà Nội - Quận Cầu Giấy", "Phường Dịch Vọng"),
    ("Hồ Chí Minh - Quận 1", "Phường Bến Nghé"),
    ("Đà Nẵng - Quận Hải Châu", "Phường Thạch Thang"),
    ("Cần Thơ - Quận Ninh Kiều", "Phường Tân An"),
    ("Hải Phòng - Quận Lê Chân", "Phường An Biên"),
)
GROUPS = {11: "VIP", 12: "Khách lẻ", 13: "Sỉ"}
GROUP_NAMES = tuple(GROUPS.values())
PREFIXES = ("90", "91", "93", "94", "96", "97", "98", "86", "88", "89")
WRITTEN = ("0{}{}", "0{} {}", "+84{}{}", "0{}{}", "0{}.{}", "0{}{}")
BORN = datetime(1960, 1, 1, tzinfo=VIETNAM)
OPENED = datetime(2021, 3, 1, 8, 0, tzinfo=VIETNAM)
NOTE = "Khách quen, thích được báo trước khi có hàng mới; giao buổi chiều, gọi trước ba mươi phút. Hóa đơn điện tử."

FIRST_ID = 1_000_001


def customer(place: int, person: int, retailer: int) -> dict[str, Any]:
    """Return the customer at a place of a shop's listing, who is this person."""
    created = OPENED + timedelta(minutes=place)
    location, ward = PLACES[person % len(PLACES)]
    return {
        "id": FIRST_ID + place,
        "code": f"KH{place + 1:07d}",
        "name": name(person),
        "type": 0,
        "gender": person % 2 == 0,
        "birthDate": f"{BORN + timedelta(days=person * 37 % 16_000):%Y-%m-%d}T00:00:00",
        "contactNumber": phone(person),
        "address": f"{person % 899 + 1} {STREETS[person % len(STREETS)]}",
        "locationName": location,
        "wardName": ward,
        "email": email(person),
        "organization": f"Công ty TNHH {STREETS[person % 7]} {person % 4999}" if person % 5 == 0 else "",
        "comments": f"{NOTE} Số {person}.",
        "taxCode": f"{person % 10**9 + 10**9:010d}" if person % 5 == 0 else "",
        "retailerId": retailer,
        "branchId": 1,
        "createdDate": f"{created:%Y-%m-%dT%H:%M:%S}.0000000",
        "modifiedDate": f"{created:%Y-%m-%dT%H:%M:%S}.0000000",
        "groups": GROUP_NAMES[person % 3],
        "rewardPoint": person % 1000,
        "debt": 0.0,
        "totalInvoiced": float(person % 9_999_000),
        "totalRevenue": float(person % 9_999_000),
    }


def name(person: int) -> str:
    """Return a Vietnamese name: family, middle, given."""
    family, rest = FAMILIES[person % len(FAMILIES)], person // len(FAMILIES)
    return f"{family} {MIDDLES[rest % len(MIDDLES)]} {GIVEN[rest // len(MIDDLES) % len(GIVEN)]}"


def phone(person: int) -> str:
    """Return a mobile number that nobody else has, written in one of the ways that shops write them."""
    prefix, rest = PREFIXES[person % 10], f"{person // 10 * 7 % 10**7:07d}"
    return WRITTEN[person % len(WRITTEN)].format(prefix, rest)


def email(person: int) -> str:
    """Return an address that nobody else has."""
    return f"khach.{person:07d}@{'Example.com' if person % 20 == 0 else 'example.org'}"


def written(row: dict[str, Any]) -> bytes:
    """Return a row as it goes over the wire; KiotViet leaves empty fields out [KiotViet integrators]."""
    return orjson.dumps({key: value for key, value in row.items() if value not in ("", None)})

"""What one writes first: requests.get, an object looked up and changed a record, a commit a page."""

from __future__ import annotations

import json
import sys
from typing import Any

import requests
from sqlalchemy import BigInteger, Boolean, Double, Text
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column

from bench.limits.driver import opened
from bench.limits.listing import PAGE, tell
from bench.limits.rows import COLUMNS, NUMBERS


class Base(DeclarativeBase):
    """Whatever is mapped."""


def _kind(name: str) -> type[Boolean | Double[float] | Text]:
    if name == "gender":
        return Boolean
    return Double if name in NUMBERS else Text


KEPT: type[Any] = type(
    "Kept",
    (Base,),
    {
        "__tablename__": "customers",
        "id": mapped_column(BigInteger, primary_key=True),
        **{name: mapped_column(_kind(name)) for name in COLUMNS[1:]},
        "payload": mapped_column(Text),
    },
)


def main(url: str, shop: str, store: str, most: int) -> int:
    """Store the first `most` customers and return how many."""
    engine = opened(store)
    Base.metadata.create_all(engine)
    form = {"grant_type": "client_credentials", "client_id": "bench", "client_secret": "bench"}
    token = requests.post(f"{url}/connect/token", data=form, timeout=30).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Retailer": shop}
    rows = 0
    for start in range(0, most, PAGE):
        asked: dict[str, str | int] = {"pageSize": PAGE, "currentItem": start, "orderBy": "id"}
        page = requests.get(f"{url}/customers", params=asked, headers=headers, timeout=30).json()["data"]
        with Session(engine) as session:
            for shown in page:
                kept = session.get(KEPT, shown["id"]) or KEPT()
                for name in COLUMNS:
                    setattr(kept, name, shown.get(name))
                kept.payload = json.dumps(shown)
                session.add(kept)
            session.commit()
        rows += len(page)
    return rows


if __name__ == "__main__":
    tell(rows=main(sys.argv[1], sys.argv[2], sys.argv[3], most=int(sys.argv[4])))

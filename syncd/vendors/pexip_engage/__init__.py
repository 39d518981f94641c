"""Pexip Engage: an appointment book with an Enterprise API; formerly Skedify.

- Its texts are null or at least one character, so an empty value is sent as null and "" never.
- An address is written whole or not at all: country, city and first street line are required, and a text stands once
  per language. The enterprise's own language is the one that is read and written; see `location`.
- Listings have no filter for changes and no documented order, so that every pass is a full one, whose pages overlap
  by one row: where that row is not first, rows have moved, and the page before is read again.
- Array parameters are `name[]=value`, also for one value; `name=value` is refused.
- 409 means that another operation was under way and that the request may be repeated.

Sources: developer.pexipengage.com (requests and responses, pagination, rate limiting, languages, authentication,
"Update a customer by its ID", "Get a customer"); listing, creating and deleting follow their siblings for employees.
"""

from __future__ import annotations

from syncd.vendors.base import Vendor
from syncd.vendors.pexip_engage.connector import PexipEngage, ration

__all__ = ["VENDOR", "PexipEngage"]

VENDOR = Vendor(
    name="pexip_engage",
    title="Pexip Engage",
    connect=PexipEngage,
    options={
        "token_url": (str, ..., "Where access tokens are asked for."),
        "enterprise": (str, ..., "The enterprise's name."),
        "language": (str, "", "The enterprise's own language, in which addresses are written."),
        "scope": (str, "engage:customers:readWrite", "What the access token is asked for."),
        "time_zone": (str, "", "The time zone of created customers that have none."),
    },
    secrets=("client_id", "client_secret"),
    account=("enterprise",),
    ration=ration,
)

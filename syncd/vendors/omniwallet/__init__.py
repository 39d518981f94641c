"""Omniwallet: a loyalty programme over JSON:API, where the e-mail is the record's id.

- Listings are sorted by what cannot move rows under our feet: a full pass by creation, an incremental one by
  `-updatedAt` down to the watermark, because no filter takes a range [Omniwallet API documentation; its clients].
  Pages are counted, not chained, so a deletion moves later rows up: where the announced total shrinks, the page
  before is read again.
- PATCH sends changed attributes only. `card` is never sent empty: that asks for a new card [n8n node's
  documentation]. `points` are never set but added or subtracted, with our operation's id as the transaction's, so
  that a repetition is recognised [Omniwallet PHP client].
- An e-mail is changed by PATCH at the old address. Nobody documents whether Omniwallet allows that; if it refuses,
  the refusal is reported, and nothing is deleted and created instead.
"""

from __future__ import annotations

from syncd.vendors.base import Vendor
from syncd.vendors.omniwallet.connector import Omniwallet, ration

__all__ = ["VENDOR", "Omniwallet"]

VENDOR = Vendor(
    name="omniwallet",
    title="Omniwallet",
    connect=Omniwallet,
    options={
        "account": (str, "", "The account's subdomain."),
        "clear_with": (str, "null", "What empties a field: null or empty."),
    },
    secrets=("token",),
    account=("account",),
    webhooks=True,
    ration=ration,
)

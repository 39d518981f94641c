"""KiotViet: a shop till over its Public API for retail.

- A pass is incremental by the server's own clock; deletions are told. Pages overlap by one row, because the listing
  is cut by row offsets while it changes.
- An update sends the whole known record, because nobody documents whether a PUT empties what it leaves out.
- Its own words for refusals are Vietnamese and come with status 420; its times are Vietnam's without saying so.

The lists of creates and updates in one request are not used: they answer without ids, and nobody documents how many
rows they take or whether one bad row fails them all.
"""

from syncd.vendors.base import Vendor
from syncd.vendors.kiotviet.connector import TOKEN_URL, KiotViet, ration

__all__ = ["VENDOR", "KiotViet"]

VENDOR = Vendor(
    name="kiotviet",
    title="KiotViet",
    connect=KiotViet,
    options={
        "retailer": (str, ..., "The shop's name, as it stands before .kiotviet.vn."),
        "token_url": (str, TOKEN_URL, "Where access tokens are given out."),
        "branch": (int, 0, "The branch of created customers; 0: the shop's own choice."),
        "hidden_phones": (str, "hold", 'Updates that cannot carry a hidden phone number: "hold" or "send".'),
        "put_null": (str, "clear", 'What null does to a birth date or a gender: "clear" or "keep".'),
        "pull": (dict, {}, 'Pull only this part: { group = 12 } or { search = "Lan" }.'),
    },
    secrets=("client_id", "client_secret"),
    account=("retailer",),
    webhooks=True,
    ration=ration,
)

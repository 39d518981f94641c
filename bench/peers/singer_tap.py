"""The same listing as a tap of the Singer SDK, written as its documentation shows it: `singer_tap.py --config FILE`.

It runs in an environment of its own and knows nothing of syncd. The tap that the package index has for this vendor
cannot list customers.
"""

from __future__ import annotations

from typing import Any

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.authenticators import OAuthAuthenticator
from singer_sdk.pagination import OffsetPaginator

PAGE = 100
TEXTS = (
    "code", "name", "birthDate", "contactNumber", "address", "locationName", "wardName", "email", "organization",
    "comments", "taxCode", "createdDate", "groups",
)  # fmt: skip
WHOLE = ("type", "retailerId", "branchId", "rewardPoint")
FRACTIONS = ("debt", "totalInvoiced", "totalRevenue")


class Login(OAuthAuthenticator):
    """The login of a program by its own credentials."""

    @property
    def oauth_request_body(self) -> dict[str, str]:
        """Return what is sent for a token."""
        return {"grant_type": "client_credentials", "client_id": "bench", "client_secret": "bench"}


class Pages(OffsetPaginator):
    """Offsets until the total that the vendor tells."""

    def has_more(self, response: Any) -> bool:
        """Tell whether there is a page after this one."""
        return bool(self.current_value + self._page_size < response.json()["total"])


class Customers(RESTStream[int]):
    """The customers of a shop."""

    name = "customers"
    path = "/customers"
    primary_keys = ("id",)
    replication_key = "modifiedDate"
    records_jsonpath = "$.data[*]"
    schema = th.PropertiesList(
        th.Property("id", th.IntegerType, required=True),
        *(th.Property(name, th.StringType) for name in TEXTS),
        *(th.Property(name, th.IntegerType) for name in WHOLE),
        *(th.Property(name, th.NumberType) for name in FRACTIONS),
        th.Property("gender", th.BooleanType),
        th.Property("modifiedDate", th.DateTimeType),
    ).to_dict()

    @property
    def url_base(self) -> str:
        """Return the vendor's address."""
        return str(self.config["url"])

    @property
    def http_headers(self) -> dict[str, str]:
        """Return what names the shop."""
        return {"Retailer": self.config["shop"]}

    @property
    def authenticator(self) -> Login:
        """Return the login, one for the whole run."""
        if not hasattr(self, "_login"):
            self._login = Login(auth_endpoint=f"{self.url_base}/connect/token", oauth_scopes="")
        return self._login

    def get_new_paginator(self) -> Pages:
        """Return where the listing begins."""
        return Pages(start_value=0, page_size=PAGE)

    def get_url_params(self, context: Any, next_page_token: int | None) -> dict[str, Any]:
        """Return what asks for one page."""
        del context
        return {
            "pageSize": PAGE,
            "orderBy": "id",
            "includeCustomerGroup": "true",
            "currentItem": next_page_token or 0,
        }


class Shop(Tap):
    """A tap of one stream."""

    name = "tap-shop"
    config_jsonschema = th.PropertiesList(
        th.Property("url", th.StringType, required=True), th.Property("shop", th.StringType, required=True)
    ).to_dict()

    def discover_streams(self) -> list[Customers]:
        """Return the one stream."""
        return [Customers(tap=self)]


if __name__ == "__main__":
    Shop.cli()

"""A call as it goes over the wire: its address, its headers, its body.

What `requests` does for each request costs as much as handing it to the system. So the base address is prepared by it
once, headers once for each set of them, and a path that it would leave as it is is put behind the base as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import requests
from requests.models import PreparedRequest
from requests.structures import CaseInsensitiveDict

from syncd import __version__
from syncd.errors import Unreachable
from syncd.vendors.call import Call, Pairs

PLAIN_HEADERS = {
    "User-Agent": f"syncd/{__version__}",
    "Accept": "application/json",
    "Accept-Encoding": "gzip, deflate",
}
MOST_KNOWN = 32  # sets of headers: there are as many as kinds of requests, and a new one with each token

# Characters that mean themselves, and escapes of others: `requests` undoes those of letters, and of names made of dots.
_AS_IT_IS = re.compile(
    r"(?:(?:[A-Za-z0-9_~-]|%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF]))[.]*|(?<!^)/(?!/|$))*",
    re.ASCII,
)

Headers = Mapping[str, str]


class Preparer:
    """Builds one connection's requests; `headers` go with each of them."""

    def __init__(self, base_url: str, name: str, host: str, headers: Headers | Callable[[], Headers]) -> None:
        self._base_url = base_url
        self._name, self._host = name, host
        self._headers = headers
        self._base = ""  # as `requests` writes it
        self._known: dict[tuple[tuple[str, str], ...], CaseInsensitiveDict[str]] = {}

    def prepared(self, call: Call, credentials: Headers) -> PreparedRequest:
        """Return the request that goes over the wire. Raises Unreachable for one that cannot."""
        own = self._headers() if callable(self._headers) else self._headers
        headers = {**PLAIN_HEADERS, **call.content, **own, **call.headers, **credentials}
        request = PreparedRequest()
        try:
            request.prepare_method(call.method)
            request.url = self.address(call.path, call.query)
            request.headers = self._checked(headers).copy()
        except (requests.RequestException, UnicodeError):
            # The library's own words would quote the header or the address.
            raise Unreachable(
                f"{self._name}: an address or a header of a request to {self._host} cannot be sent.",
                "Check base_url and the secrets of this connection for stray characters.",
            ) from None
        request.body = call.body or None
        request.prepare_content_length(request.body)
        return request

    def address(self, path: str, query: Pairs | None = None) -> str:
        """Return the address of a path under the base, or of the base itself."""
        if not path or not _AS_IT_IS.fullmatch(path):
            return _prepared(f"{self._base_url}/{path.lstrip('/')}" if path else self._base_url, query)
        self._base = self._base or _prepared(f"{self._base_url}/", None)
        return f"{self._base}{path}?{urlencode(query)}" if query else f"{self._base}{path}"

    def _checked(self, headers: Mapping[str, str]) -> CaseInsensitiveDict[str]:
        """Return headers that can be written, and that no line can be hidden in."""
        key = tuple(headers.items())
        known = self._known.get(key)
        if known is None:
            request = PreparedRequest()
            request.prepare_headers(headers)
            for text in headers.values():
                text.encode("latin-1")  # as it is written; found there, it would be an error inside syncd
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            known = self._known[key] = request.headers
        return known


def _prepared(url: str, query: Pairs | None) -> str:
    request = PreparedRequest()
    request.prepare_url(url, query)
    return str(request.url)

"""Addresses of stores and vendors: what is wrong with one before anything is sent to it.

What a file may name is all that syncd ever calls, so a slip of the pen must not turn a vendor's token into a gift
to a metadata service or to another host.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from syncd.config.secret import Fault

_SQLITE = "sqlite:///"


def at_folder(folder: Path, path: Path) -> Path:
    """Return a path as it is meant: a relative one starts at the configuration's folder."""
    return folder / path.expanduser()


def sqlite_at(folder: Path, url: str) -> str:
    """Return a store's address with a relative SQLite path made absolute. Raises Fault."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in ("sqlite", "postgresql"):
        raise Fault(
            "the store is SQLite or PostgreSQL",
            "Write sqlite:///path/to/syncd.db or postgresql+psycopg://user@host/db.",
        )
    if scheme.startswith("postgresql"):
        return url
    place, mark, query = rest.removeprefix("/").partition("?")
    if not rest.startswith("/") or not place or place.startswith((":memory:", "file:")):
        raise Fault("the store must outlive the process", "Write sqlite:/// and the path of a file.")
    return f"{_SQLITE}{at_folder(folder, Path(place)).resolve()}{mark}{query}"


def without_password(url: str) -> str:
    """Return an address that may be shown."""
    parts = urlsplit(url)
    if parts.password is None:
        return url
    return url.replace(f":{parts.password}@", ":***@", 1)


def with_password(url: str, password: str) -> str:
    """Return a database address that carries a password, quoted as addresses demand."""
    from urllib.parse import quote

    scheme, _, rest = url.partition("://")
    user, at, place = rest.rpartition("@")
    return f"{scheme}://{user.partition(':')[0]}:{quote(password, safe='')}{at or '@'}{place}"


def check_vendor(url: str, *, allow_http: bool, allow_private: bool) -> str:
    """Return a vendor's address without its closing slash. Raises Fault."""
    url = url.strip().rstrip("/")
    parts = _split(url)
    if parts.scheme == "http" and not allow_http:
        raise Fault(
            "plain http sends the token in the clear",
            f"Write https://{parts.netloc}{parts.path}, or allow_http = true for a test vendor on this machine.",
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Fault(f'"{url}" is not a web address', "Write https:// and the vendor's host.")
    if "@" in parts.netloc or parts.query or parts.fragment or "?" in url:
        raise Fault(
            "an address holds no user, question mark or #", f"Write https://{parts.hostname}{parts.path}."
        )
    _check_host(parts.hostname, open_to_private=allow_http or allow_private)
    return url


def check_public(url: str) -> str:
    """Return the address that people use for the page, without its closing slash. Raises Fault."""
    if not url.strip():
        return ""
    parts = _split(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise Fault(f'"{url}" is not the address of a page', 'Write for example "https://syncd.example.com".')
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise Fault("the page has no folder of its own", f'Write "{parts.scheme}://{parts.netloc}".')
    return f"{parts.scheme}://{parts.netloc}"


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise Fault(f'"{url}" is not a web address', "Write https:// and the vendor's host.") from error
    return parts


def is_loopback(host: str) -> bool:
    """Tell whether a host's name or number is this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_host(host: str, *, open_to_private: bool) -> None:
    if is_loopback(host):
        if not open_to_private:
            raise Fault(f"{host} is this machine", "Write allow_private = true if the vendor runs here.")
        return
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        _check_name(host)
        return
    if number.is_link_local or number.is_multicast or number.is_unspecified or number.is_reserved:
        raise Fault(f"{host} is no vendor's address", "Write the vendor's host name.")
    if number.is_private and not open_to_private:
        raise Fault(
            f"{host} is a private address", "Write allow_private = true if the vendor runs in your network."
        )


def _check_name(host: str) -> None:
    # 2130706433, 0x7f000001 and 127.1 reach 127.0.0.1 on many systems
    last = host.rstrip(".").rpartition(".")[2]
    if last.isdigit() or last.lower().startswith("0x"):
        raise Fault(f"{host} is a number in disguise", "Write the vendor's host name.")

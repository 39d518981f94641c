"""The two laws of a mapping, over every field that Omniwallet and Pexip Engage can hold.

Both keep texts byte for byte, so that what is read back is exactly what was written, in any script.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.sandbox import Sandbox
from syncd.values import Change
from syncd.vendors import connect
from syncd.vendors.base import Connector, Pass, VendorSettings
from tests.support.wsgi import WsgiAdapter
from tests.vendors.contract import ADDRESS, Clock, carry_out

LANGUAGES = ("nl", "fr", "en", "da")
TIMES = {"updatedAt", "createdAt"}


def texts() -> st.SearchStrategy[str]:
    """Return any text that can be stored, in every script, with emoji, marks and controls of direction."""
    return st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=60)


def emails() -> st.SearchStrategy[str]:
    local = st.text("abcXYZ019._+'-#?%&=", min_size=1, max_size=12)
    return st.builds("{}@example.{}".format, local, st.sampled_from(["com", "org"]))


ADDRESS_FIELDS: Mapping[str, st.SearchStrategy[str]] = {
    "street1": texts(),
    "street2": texts(),
    "city": texts(),
    "state": texts(),
    "postal_code": texts(),
    "country": st.sampled_from(["BE", "VN", "ES", "US"]),
}
FIELDS: Mapping[str, Mapping[str, st.SearchStrategy[str]]] = {
    "omniwallet": {
        "email": emails(),
        "first_name": texts(),
        "last_name": texts(),
        "phone": texts(),
        "level": texts(),
    },
    "pexip_engage": {
        "email": texts(),
        "phone": texts(),
        "first_name": texts(),
        "last_name": texts(),
        "company": texts(),
        "notes": texts(),
        "customer_number": texts(),
        "external_id": texts(),
        "language": st.sampled_from(["da", "de", "el", "en", "es", "fr", "ja", "nl", "no", "pl"]),
        "time_zone": st.sampled_from(["Europe/Brussels", "Asia/Ho_Chi_Minh", "UTC"]),
        **ADDRESS_FIELDS,
    },
}
CLEARABLE: Mapping[str, frozenset[str]] = {
    "omniwallet": frozenset({"last_name", "phone"}),
    "pexip_engage": frozenset(FIELDS["pexip_engage"]) - {"time_zone", "street1", "city", "country"},
}


def whole(vendor: str) -> st.SearchStrategy[dict[str, str]]:
    return st.fixed_dictionaries(dict(FIELDS[vendor]))


def some(vendor: str) -> st.SearchStrategy[dict[str, str]]:
    values = {
        name: (strategy | st.just("")) if name in CLEARABLE[vendor] else strategy
        for name, strategy in FIELDS[vendor].items()
    }
    return st.fixed_dictionaries({}, optional=values).filter(bool)


def connection(vendor: str, language: str = "nl") -> tuple[Any, Connector]:
    clock = Clock()
    sandbox = Sandbox.empty(clock)
    words = sandbox.secrets()
    their: Any = sandbox.vendors[vendor]
    options: dict[str, str] = {"account": "myshop"}
    secrets = {"token": words["OMNI_TOKEN"]}
    if vendor == "omniwallet":
        their.switches.email_by_patch = "accept"
    else:
        token_url = f"{ADDRESS}/realms/acme/protocol/openid-connect/token"
        options = {"enterprise": "acme", "token_url": token_url, "language": language}
        secrets = {"client_id": words["PEXIP_ID"], "client_secret": words["PEXIP_SECRET"]}
    base_url = f"{ADDRESS}/v1" if vendor == "omniwallet" else ADDRESS
    there = VendorSettings("there", vendor, base_url, options, secrets)
    return their, connect(there, clock=clock, adapter=WsgiAdapter(their))


def stored(their: Any) -> dict[str, Any]:
    """Return all that stands at the vendor, without the time of the last write."""
    return {key: {k: v for k, v in row.items() if k not in TIMES} for key, row in their.snapshot().items()}


def update(connector: Connector, vendor_id: str, fields: Mapping[str, str]) -> str:
    current = connector.get(vendor_id)
    return carry_out(connector, Change("update", fields, vendor_id, current, key="op-3"))


def listed(connector: Connector) -> Mapping[str, str | None]:
    (page,) = connector.pages(Pass(full=True))
    return connector.read(page.items[0], page.started).fields


@pytest.mark.parametrize("vendor", list(FIELDS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_what_was_written_is_read_back_and_nothing_else_moves(vendor: str, data: st.DataObject) -> None:
    _, connector = connection(vendor)
    values = data.draw(whole(vendor))
    vendor_id = carry_out(connector, Change("create", values, key="op-1"))
    before = listed(connector)
    assert {name: before[name] for name in values} == values
    change = data.draw(some(vendor))
    vendor_id = update(connector, vendor_id, change)
    after = listed(connector)
    assert after == connector.get(vendor_id).fields
    for name, shown in after.items():
        assert (shown or "") == change.get(name, before[name] or ""), name


@pytest.mark.parametrize("vendor", list(FIELDS))
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_writing_what_was_read_changes_nothing(vendor: str, data: st.DataObject) -> None:
    their, connector = connection(vendor)
    vendor_id = carry_out(connector, Change("create", data.draw(whole(vendor)), key="op-1"))
    before, shown = stored(their), connector.get(vendor_id).fields
    names = data.draw(st.sets(st.sampled_from(sorted(FIELDS[vendor])), min_size=1))
    update(connector, vendor_id, {name: shown[name] or "" for name in names})
    assert stored(their) == before


def spoken() -> st.SearchStrategy[list[dict[str, str]]]:
    """Return a text in some languages."""
    said = st.dictionaries(st.sampled_from(LANGUAGES), texts(), min_size=1)
    return said.map(lambda words: [{"language": word, "value": text} for word, text in words.items()])


LOCATIONS = st.fixed_dictionaries(
    {
        "countryCode": st.sampled_from(["BE", "NL"]),
        "postalCode": st.none() | texts(),
        "translations": st.fixed_dictionaries(
            {
                "street1": spoken(),
                "city": spoken(),
                "street2": st.just([]) | spoken(),
                "state": st.just([]) | spoken(),
            }
        ),
    }
)


@settings(max_examples=80, deadline=None)
@given(location=LOCATIONS, language=st.sampled_from(["", *LANGUAGES, "pl"]), data=st.data())
def test_an_address_in_many_languages_changes_only_where_it_is_written(
    location: dict[str, Any], language: str, data: st.DataObject
) -> None:
    their, connector = connection("pexip_engage", language)
    vendor_id = their.human_create(firstName="Ann", location=location)
    before, shown = stored(their), connector.get(vendor_id).fields
    address = {name: shown[name] or "" for name in ADDRESS_FIELDS}
    update(connector, vendor_id, address)
    assert stored(their) == before
    name = data.draw(st.sampled_from(["street1", "street2", "city", "state"]))
    text = data.draw(texts().filter(lambda text: text != shown[name]))  # the same text keeps its languages
    update(connector, vendor_id, {name: text})
    after = stored(their)[vendor_id]["location"]["translations"]
    assert connector.get(vendor_id).fields == {**shown, name: text}
    assert [entry["value"] for entry in after[name] if entry["value"] == text] == [text]
    was = before[vendor_id]["location"]["translations"]
    assert {k: v for k, v in after.items() if k != name} == {k: v for k, v in was.items() if k != name}

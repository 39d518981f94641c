"""Which requests a connector sends to its vendor, found out by having it do everything it can."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from syncd.sandbox import Entry, Sandbox
from syncd.values import Change
from syncd.vendors import connect
from syncd.vendors.base import Keys, Pass
from tests.support.wsgi import WsgiAdapter
from tests.vendors.contract import Clock, Scene, VendorContract, carry_out, pages, pull


def requests_of(contract: VendorContract) -> set[str]:
    """Return every request, as "METHOD address", that a connector sends while it does all it can."""
    clock = Clock()
    sandbox = Sandbox.empty(clock)
    vendor: Any = sandbox.vendors[contract.vendor]
    contract.arrange(vendor)
    settings = contract.settings(sandbox)
    connector = connect(settings, clock=clock, adapter=WsgiAdapter(vendor))
    _do_everything(contract, Scene(clock, sandbox, vendor, connector, settings))
    connector.close()
    return {f"{entry.method} {_rule(vendor, entry)}" for entry in vendor.ledger if entry.by == "api"}


def _do_everything(contract: VendorContract, scene: Scene) -> None:
    connector = scene.connector
    connector.check()
    scene.vendor.human_create(**contract.person(1))
    scene.clock.advance(3600)
    cursor = pages(connector)[-1].cursor
    vendor_id = contract.create(scene)
    pull(connector, Pass(full=cursor is None, cursor=cursor))
    for keys in _keys(contract, scene):
        connector.find(keys)
    vendor_id = contract.update(
        scene, vendor_id, {name: contract.other[name] for name in contract.writable(scene)}
    )
    if "points" in connector.fields and connector.fields["points"].writable != "never":
        for points in ("20", "5"):
            contract.update(scene, vendor_id, {"points": points})
    carry_out(connector, Change("delete", {}, vendor_id, connector.get(vendor_id)))


def _keys(contract: VendorContract, scene: Scene) -> Iterator[Keys]:
    known = {**contract.sample, "code": contract.sample.get("customer_number", "")}
    for name in scene.connector.abilities.finds & known.keys():
        yield Keys(**{name: known[name]})


def _rule(vendor: Any, entry: Entry) -> str:
    """Return the address of a request as the simulator's routes write it."""
    rule, _ = vendor.routes.bind("sandbox").match(entry.path, entry.method, return_rule=True)
    return str(rule.rule)

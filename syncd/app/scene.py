"""From settings to the scene of a run: connections with their connectors, policies, and the limits of safety."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from syncd.config import ConnectionSettings, Settings
from syncd.customer import slot_of
from syncd.rules.golden import Policy
from syncd.rules.guard import Limit, Limits
from syncd.store import Shelf
from syncd.sync.scene import Safety, Scene, Source
from syncd.vendors import Adapter, connect
from syncd.vendors.base import VendorSettings
from syncd.vendors.budget import Budgets

if TYPE_CHECKING:
    from syncd.metrics import Metrics


def make_scene(
    settings: Settings,
    clock: Callable[[], datetime],
    adapters: Mapping[str, Adapter],
    metrics: Metrics | None = None,
    budgets: Budgets | None = None,
    stop: threading.Event | None = None,
    shelf: Shelf | None = None,
) -> Scene:
    """Return what a run works with, as the settings say; nothing is asked of a vendor."""
    budgets = budgets or Budgets(stop=stop)
    enabled = {name: each for name, each in settings.connections.items() if each.enabled}
    return Scene(
        sources={
            name: _source(each, clock, budgets, adapters.get(name), metrics, stop, shelf)
            for name, each in enabled.items()
        },
        safety=_safety(settings),
        clock=clock,
        policies=_policies(settings),
        match=tuple(settings.identity.match),
        blocked=tuple(settings.identity.blocked),
        push_workers=settings.daemon.push_workers,
    )


def _source(
    each: ConnectionSettings,
    clock: Callable[[], datetime],
    budgets: Budgets,
    adapter: Adapter | None,
    metrics: Metrics | None,
    stop: threading.Event | None,
    shelf: Shelf | None,
) -> Source:
    vendor = VendorSettings(
        name=each.name,
        vendor=each.vendor,
        base_url=each.base_url,
        options=each.options,
        secrets={name: secret.reveal() for name, secret in each.secrets.items()},
        fields=each.fields,
        external_id_field=each.external_id_field,
        region=each.region,
        allow_http=each.allow_http,
        timeout=each.timeout,
    )
    parts: dict[str, Any] = {"adapter": adapter} if adapter is not None else {}
    if stop is not None:
        parts["stop"] = stop
    if shelf is not None:
        parts["shelf"] = shelf
    if metrics is not None:
        parts["observe"] = metrics.observer(each.name)
    return Source(
        name=each.name,
        connector=connect(vendor, budgets=budgets, clock=clock, **parts),
        push=frozenset(each.push),
        priority=each.priority,
        region=each.region,
        name_order=each.name_order,
        only=each.only,
        external_id=each.external_id,
        on_delete=each.on_delete,
    )


def _safety(settings: Settings) -> Safety:
    safety = settings.safety
    limits = {
        name: Limit(getattr(safety, f"max_{name}").number, getattr(safety, f"max_{name}").percent)
        for name in ("creates", "updates", "clears", "deletes", "same_field")
    }
    return Safety(
        approve=safety.approve,
        limits=Limits(**limits),
        read_before_write=timedelta(seconds=safety.read_before_write),
        settle=timedelta(seconds=safety.settle_seconds),
    )


def _policies(settings: Settings) -> dict[str, Policy]:
    """Return the policy of each slot; a unit follows the first of its fields that the settings speak of."""
    found: dict[str, Policy] = {}
    plain = Policy()
    for name, policy in settings.fields.items():
        made = Policy(policy.conflict, policy.on_clear, policy.owner, timedelta(seconds=policy.skew_seconds))
        if slot_of(name) not in found or found[slot_of(name)] == plain:
            found[slot_of(name)] = made
    return found

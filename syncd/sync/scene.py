"""What a run works with: the connections as configured, the policies, and the safety settings.

The composition root makes it; nothing here reads a file, a clock or the environment.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

import orjson

from syncd.customer import (
    FIELDS,
    OWNED,
    SLOTS,
    base_of,
    clean,
    email_key,
    fold,
    is_element,
    phone_key,
    slot_of,
    squash,
)
from syncd.rules.golden import Policy
from syncd.rules.guard import Approve, Limits
from syncd.rules.identity import Candidate
from syncd.rules.target import Target
from syncd.store import ConnectionState
from syncd.values import Direction, FieldSpec, Record, Sketch, Statement
from syncd.vendors.base import Connector
from syncd.vendors.pace import SOON

SEARCHED = frozenset({"email", "phone"})
_PLAIN = Policy()  # of a slot of which the settings say nothing


@dataclass(frozen=True)
class Source:
    """One configured connection: its connector, and what the settings say of it."""

    name: str
    connector: Connector
    push: frozenset[str] = frozenset({"update"})
    priority: int = 1
    region: str | None = None
    name_order: Literal["given_first", "family_first"] = "given_first"
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    external_id: str | None = None
    on_delete: str = "unlink"

    @cached_property
    def readable(self) -> frozenset[str]:
        """Return the fields whose values are taken in."""
        return frozenset(name for name, spec in self.connector.fields.items() if spec.direction != "off")

    @cached_property
    def stating(self) -> frozenset[str]:
        """Return the fields whose changes are statements."""
        states = (
            name for name, spec in self.connector.fields.items() if spec.direction not in ("off", "out")
        )
        found = frozenset(states)
        return self.readable if found == self.readable else found

    @cached_property
    def repeating(self) -> frozenset[str]:
        """Return the fields that show a person's name where there is nothing else."""
        return frozenset(name for name, spec in self.connector.fields.items() if spec.repeats_name)

    @cached_property
    def mapping(self) -> str:
        """Return a digest of what decides how this connection's records are read and written."""
        table = {name: _described(spec) for name, spec in sorted(self.connector.fields.items())}
        parts = [table, self.region, self.external_id, sorted(self.only.items())]
        return hashlib.blake2b(orjson.dumps(parts), digest_size=8).hexdigest()


def _described(spec: FieldSpec) -> list[str]:
    return [spec.name, spec.direction, spec.writable]


@dataclass(frozen=True, slots=True)
class Safety:
    """The safety settings as a run needs them."""

    approve: Approve
    limits: Limits
    read_before_write: timedelta = timedelta(seconds=5)
    settle: timedelta = timedelta(seconds=120)
    absence: timedelta = timedelta(
        hours=1
    )  # two full passes at least so far apart prove that a record is missing
    full_every: timedelta = timedelta(days=1)  # an incremental connection is read as a whole this often


@dataclass(frozen=True)
class Scene:
    """Everything that a run works with, beside the store."""

    sources: Mapping[str, Source]
    safety: Safety
    clock: Callable[[], datetime]
    policies: Mapping[str, Policy] = field(default_factory=dict)
    match: tuple[str, ...] = ("external_id", "email")
    blocked: tuple[str, ...] = ()
    parallel: bool = True
    # operations under way at once at one connection, so that none takes the place of another's
    push_workers: int = 8
    # seconds; where answers come sooner, operations go out one after the other
    soon: float = SOON

    def policy(self, slot: str) -> Policy:
        """Return the policy of a slot."""
        return self.policies.get(slot) or self.policies.get(base_of(slot), _PLAIN)

    def ignores_clear(self, slot: str) -> bool:
        """Tell whether a clear of this slot goes no further by itself."""
        return self.policy(slot).on_clear != "propagate"

    @cached_property
    def slots(self) -> tuple[str, ...]:
        """Return the slots that have a golden value: all but the owned ones without an owner."""
        return tuple(slot for slot in SLOTS if slot not in OWNED or self.policy(slot).owner)

    def spoken(self, slots: Collection[str]) -> list[str]:
        """Return those of these slots that have a golden value, in order; an element's is its set's."""
        asked = sorted(slot for slot in slots if is_element(slot) and base_of(slot) in self.slots)
        return [*(slot for slot in self.slots if slot in slots), *asked]

    @cached_property
    def named(self) -> frozenset[str]:
        """Return what the connections' external-id fields name: connections, or namespaces of their own."""
        return frozenset(source.external_id for source in self.sources.values() if source.external_id)

    @cached_property
    def blocking(self) -> Callable[[str], object] | None:
        """Return what tells of a value whether it is no evidence of anything, None where nothing is blocked."""
        patterns = "|".join(fnmatch.translate(pattern.lower()) for pattern in self.blocked)
        return re.compile(patterns).match if patterns else None

    @cached_property
    def regions(self) -> dict[str, str | None]:
        """Return connection → region of its phone numbers."""
        return {name: source.region for name, source in self.sources.items()}

    def rank(self, statement: Statement) -> tuple[int, str, int, str]:
        """Order statements by trust: the connection's priority, then names and ids, so that order never matters."""
        source = self.sources.get(statement.connection)
        number = int(statement.vendor_id) if statement.vendor_id.isdigit() else 0
        return (source.priority if source else 1_000_000, statement.connection, number, statement.vendor_id)

    def priority(self, connection: str) -> int:
        """Return a connection's priority, 1 being the most trusted."""
        source = self.sources.get(connection)
        return source.priority if source else 1_000_000


# --- evidence of identity ------------------------------------------------------------------------

# What a record's keys are made of, beside its id and when it was created.
EVIDENCE = frozenset({"email", "phone", "external_id", "card"})


def record_keys(record: Record, source: Source, scene: Scene) -> frozenset[tuple[str, str]]:
    """Return what a record may be recognised by: e-mail, phone, and ids in their namespaces."""
    return keys_of(record.vendor_id, record.shadow.seen, record.created, source, scene)


def keys_of(
    vendor_id: str,
    seen: Mapping[str, str | None],
    created: datetime | None,
    source: Source,
    scene: Scene,
) -> frozenset[tuple[str, str]]:
    """Return what a record that shows this may be recognised by."""
    keys: list[tuple[str, str]] = []
    get, blocked = seen.get, scene.blocking
    if source.connector.abilities.keyed_by:
        keys += _traces(seen, created, source)
    if (text := get("email")) and (email := email_key(text)) and not (blocked and blocked(email)):
        keys.append(("email", email))
    if (
        (text := get("phone"))
        and (phone := phone_key(text, source.region))
        and not (blocked and blocked(phone))
    ):
        keys.append(("phone", phone))
    if source.external_id and (text := get("external_id")) and squash(text):
        keys.append((f"id:{source.external_id}", clean("external_id", text)))
    if source.name in scene.named:
        keys.append((f"id:{source.name}", vendor_id))
    return frozenset(keys)


def traces(record: Record, source: Source) -> frozenset[tuple[str, str]]:
    """Return what a record of an e-mail-keyed vendor is recognised by when its id changes: card, or creation time."""
    if not source.connector.abilities.keyed_by:
        return frozenset()
    return frozenset(_traces(record.shadow.seen, record.created, source))


def _traces(
    seen: Mapping[str, str | None], created: datetime | None, source: Source
) -> list[tuple[str, str]]:
    if card := seen.get("card"):
        return [(f"card:{source.name}", card)]
    return [(f"made:{source.name}", created.isoformat())] if created else []


def candidate(record: Record | Sketch) -> Candidate:
    """Return a record as identity sees it; a company's name in a person's place counts as missing."""
    name = {part: record.value(part) for part in SLOTS["name"] if record.value(part)}
    company = fold(record.value("company"))
    if company and fold(" ".join(name.values())) == company:
        name = {}
    return Candidate(record.key, name, record.keys, record.customer, record.value("company"), record.created)


# --- connections as the plan sees them -----------------------------------------------------------


def targets(scene: Scene, states: Mapping[str, ConnectionState]) -> list[Target]:
    """Return every connection as the plan sees it, in the order of trust."""
    ordered = sorted(scene.sources.values(), key=lambda source: (source.priority, source.name))
    return [target(source, scene, states.get(source.name)) for source in ordered]


def target(source: Source, scene: Scene, state: ConnectionState | None) -> Target:
    """Return one connection as the plan sees it."""
    abilities = source.connector.abilities
    fields = {name: _owned(spec, source, scene) for name, spec in source.connector.fields.items()}
    sound = state is not None and state.full_started is not None and state.state != "incomplete"
    return Target(
        name=source.name,
        push=source.push,
        fields={
            name: spec for name, spec in fields.items() if name in FIELDS and slot_of(name) in scene.slots
        },
        region=source.region,
        name_order=source.name_order,
        full_done=sound,
        looked=state.looked_started if state else None,
        creates=abilities.creates,
        updates=abilities.updates,
        stamped=source.external_id is not None and "external_id" in fields,
        stamps=source.external_id if source.external_id in scene.sources else None,
        only={
            name: frozenset(clean(name, value) for value in allowed) for name, allowed in source.only.items()
        },
        unique=abilities.unique,
        demands=abilities.demands,
        deletes=abilities.deletes,
        archives=abilities.archives,
        on_delete=source.on_delete,
    )


def _owned(spec: FieldSpec, source: Source, scene: Scene) -> FieldSpec:
    """Return a field as it may be written here: an owned one goes from its owner to the others only."""
    owner = scene.policy(slot_of(spec.name)).owner
    if owner != source.name or spec.direction == "off":
        return spec
    direction: Direction = "in"
    return FieldSpec(spec.name, direction=direction, writable="never", absent_is_empty=spec.absent_is_empty)

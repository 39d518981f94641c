"""Whoever is not planned anew after a write would have been planned as before, less this write."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from syncd.customer import slot_of
from syncd.rules.fulfilled import is_fulfilled
from syncd.rules.ground import Ground
from syncd.rules.plan import Plan, plan
from syncd.rules.target import Target, World
from syncd.rules.written import Sent, read_back
from syncd.values import Customer, Draft, FieldSpec, Golden, Record, Shadow, Shown
from tests.laws.test_plan import FIELDS, REGIONS, mostly, scenes

LATER = datetime(2026, 11, 2, tzinfo=UTC)
WORDS = ("", "own", "one", "a longer note", "0912345678", "An", "Gent", "9000")

Scene = tuple[Customer, list[Record], World]


@st.composite
def needing(draw: st.DrawFn, world: World) -> World:
    """Draw which fields may only be written together with others."""
    targets = []
    for target in world.targets:
        fields = {
            name: replace(spec, needs=() if draw(mostly) else tuple(draw(st.sets(st.sampled_from(FIELDS), max_size=2)) - {name}))
            for name, spec in target.fields.items()
        }  # fmt: skip
        targets.append(replace(target, fields=fields))
    return replace(world, targets=targets)


@st.composite
def due(draw: st.DrawFn) -> tuple[Scene, Plan, Draft]:
    """Draw a customer of whom something is to be written, with what every record knows already noted."""
    customer, group, world = draw(scenes())
    world = draw(needing(world))
    for record in group:
        record.customer = customer.id
    for ack in plan(customer, group, world).acks:
        shadow = next(each for each in group if each.key == (ack.connection, ack.vendor_id)).shadow
        shadow.acked.update(ack.fields)
        shadow.knew[ack.slot] = max(ack.number, shadow.knew.get(ack.slot, 0))
    made = plan(customer, group, world)
    assert not made.acks
    updates = [each for each in made.drafts if each.kind == "update"]
    assume(updates)
    return (customer, group, world), made, draw(st.sampled_from(updates))


@st.composite
def answers(draw: st.DrawFn, draft: Draft, record: Record) -> dict[str, str | None]:
    """Draw what the vendor shows after the write: mostly what was sent, and the rest as it was."""
    shown: dict[str, str | None] = {}
    for name in FIELDS:
        before = record.shadow.seen.get(name)
        expected = draft.fields[name][1] if name in draft.fields else before
        if draw(mostly):
            if name in draft.fields or name in record.shadow.seen:
                shown[name] = expected
        elif draw(st.booleans()):
            shown[name] = draw(st.sampled_from((*WORDS, (expected or "").upper(), before)))
    return shown


@st.composite
def written(draw: st.DrawFn) -> tuple[Scene, Plan, Draft, Record, set[str] | None]:
    """Draw what was planned, one write of it, and the record after it with what moved in it, None where more was learnt."""
    scene, made, draft = draw(due())
    _, group, world = scene
    target = next(each for each in world.targets if each.name == draft.connection)
    record = deepcopy(next(each for each in group if each.key == (draft.connection, draft.vendor_id)))
    numbers = count(100)
    readable = frozenset(target.fields)
    stating = frozenset(name for name in readable if draw(st.booleans()))
    ground = Ground(target.name, target.region, readable, stating, lambda _: draw(st.booleans()), lambda: next(numbers), LATER)  # fmt: skip
    shown = Shown("1", draw(answers(draft, record)), {}, LATER)
    carried = {
        name: text or "" for name, text in record.shadow.seen.items() if name not in draft.fields and draw(st.booleans())
    }  # fmt: skip
    sent = Sent(
        {name: after for name, (_, after) in draft.fields.items()},
        {slot_of(name): draft.numbers[slot_of(name)] for name in draft.fields},
        LATER, True, LATER + timedelta(minutes=2), carried,
    )  # fmt: skip
    back = read_back(record, shown, sent, ground)
    for name in draft.fields:
        record.shadow.refused.pop(name, None)
    return scene, made, draft, record, None if back.doubtful or back.absorbed.changed else back.moved


def _target(world: World, name: str) -> Target:
    return next(each for each in world.targets if each.name == name)


@settings(max_examples=200)
@given(written())
def test_a_fulfilled_plan_is_the_plan_without_its_write(
    drawn: tuple[Scene, Plan, Draft, Record, set[str] | None],
) -> None:
    (customer, group, world), made, draft, record, moved = drawn
    held = {one.field for one in made.held if one.connection == draft.connection}
    fulfilled = moved is not None and is_fulfilled(
        customer, record, draft, moved, held, _target(world, draft.connection), REGIONS
    )
    event(f"fulfilled: {fulfilled}, more was learnt: {moved is None}")
    if not fulfilled:
        return
    after = plan(customer, [record if one.key == record.key else one for one in group], world)
    assert after.drafts == [each for each in made.drafts if each is not draft]
    assert after.held == made.held
    assert not after.acks


def test_what_waits_for_a_field_is_planned_once_that_is_shown() -> None:
    """The notes, which nobody states, are there since the write of a phone: so the city may be written."""
    shadow = Shadow(seen=dict.fromkeys(("phone", "city", "notes"), ""), acked={"phone": "", "city": ""})
    record = Record("crm", "1", shadow, customer="c-1")
    golden = {
        slot: Golden(value, 10, "latest_edit")
        for slot, value in (("phone", {"phone": "+84912345678"}), ("address", {"city": "Gent"}))
    }
    customer = Customer("c-1", golden)
    specs = (FieldSpec("phone"), FieldSpec("notes"), FieldSpec("city", needs=("notes",)))
    target = Target("crm", frozenset({"update"}), {spec.name: spec for spec in specs}, region="VN")
    world = World([target], REGIONS)
    (draft,) = plan(customer, [record], world).drafts
    assert set(draft.fields) == {"phone"}
    shadow.seen |= {"phone": "+84912345678"}
    shadow.acked |= {"phone": "+84912345678"}
    shadow.knew["phone"] = 10
    assert is_fulfilled(customer, record, draft, {"phone"}, (), target, REGIONS)
    shadow.seen["notes"] = "one"
    assert not is_fulfilled(customer, record, draft, {"phone", "notes"}, (), target, REGIONS)
    assert set(plan(customer, [record], world).drafts[0].fields) == {"city"}


def test_what_was_held_beside_what_was_written_is_planned_anew() -> None:
    """The vendor showed no first name, and fills it in itself once it has the last one: the hold has to go."""
    name = Golden({"first_name": "An", "last_name": "Nguyễn"}, 10, "latest_edit")
    customer = Customer("c-1", {"name": name})
    record = Record("crm", "1", Shadow(seen={"last_name": ""}, acked={"last_name": ""}), customer="c-1")
    specs = (FieldSpec("first_name", direction="fill"), FieldSpec("last_name"))
    target = Target("crm", frozenset({"update"}), {spec.name: spec for spec in specs})
    made = plan(customer, [record], World([target], REGIONS))
    (draft,) = made.drafts
    assert (set(draft.fields), [one.field for one in made.held]) == ({"last_name"}, ["first_name"])
    shown = {"first_name": "own", "last_name": "Nguyễn"}
    record.shadow.seen |= shown
    record.shadow.acked |= shown
    record.shadow.knew["name"] = 10
    assert plan(customer, [record], World([target], REGIONS)) == Plan()
    assert not is_fulfilled(customer, record, draft, shown, {"first_name"}, target, REGIONS)
    assert not is_fulfilled(customer, record, draft, shown, {""}, target, REGIONS)
    assert is_fulfilled(customer, record, draft, shown, {"phone"}, target, REGIONS)

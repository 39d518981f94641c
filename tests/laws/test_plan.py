"""The plan writes what golden says, where it may be written, once; everything else that is due is held with a reason."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.customer import clean, slot_of, split_name
from syncd.rules.create import create_fields
from syncd.rules.plan import Plan, plan
from syncd.rules.target import Target, World
from syncd.values import (
    Customer,
    Direction,
    FieldSpec,
    Golden,
    Record,
    Shadow,
    Statement,
    StatementKind,
    Unconfirmed,
    Writable,
)

NOW = datetime(2026, 11, 1, tzinfo=UTC)
REGIONS: Mapping[str, str | None] = {"crm": "VN", "shop": "BE", "loyalty": None}
SLOTS = {
    "notes": ({"notes": "one"}, {"notes": "a longer note"}, {"notes": ""}),
    "phone": ({"phone": "0912 345 678"}, {"phone": "+32475123456"}, {"phone": ""}),
    "name": (
        {"first_name": "An", "last_name": "Nguyễn"},
        {"full_name": "Nguyễn Văn An"},
        {"first_name": "An", "last_name": "Trần", "full_name": "Trần An"},
    ),
    "address": ({"city": "Gent", "postal_code": "9000"}, {"city": "Huế", "postal_code": ""}),
}
FIELDS = ("notes", "phone", "first_name", "last_name", "full_name", "city", "postal_code")

# What lets something be written is drawn often, or most scenes would have nothing to write.
directions: st.SearchStrategy[Direction] = st.sampled_from(("both",) * 8 + ("in", "out", "off", "fill"))
writables: st.SearchStrategy[Writable] = st.sampled_from(("always",) * 8 + ("create", "update", "never"))
kinds: st.SearchStrategy[StatementKind] = st.sampled_from(("edit", "edit", "initial", "clear"))
mostly = st.sampled_from((True,) * 5 + (False,))
seldom = mostly.map(lambda yes: not yes)
pushes = st.sampled_from((("create", "update"),) * 5 + (("create",), ("update",), ()))


@st.composite
def goldens(draw: st.DrawFn, slot: str) -> Golden:
    """Draw the golden value of a slot with its holder."""
    value = draw(st.sampled_from(SLOTS[slot]))
    number = draw(st.integers(10, 20))
    holder = Statement(draw(st.sampled_from(sorted(REGIONS))), "1", slot, value, draw(kinds), number - 1)
    return Golden(value, number, "latest_edit", holder=holder)


@st.composite
def targets(draw: st.DrawFn, name: str) -> Target:
    """Draw one connection with what it can hold and what may be written there."""
    held = [each for each in FIELDS if draw(mostly)]
    specs = {
        each: FieldSpec(
            each,
            direction=draw(directions),
            writable=draw(writables),
            maximum=5 if draw(seldom) else None,
            required=draw(seldom) and each != "full_name",
            clearable=draw(mostly),
        )
        for each in held
    }
    looked = NOW if draw(mostly) else None
    full_done = draw(mostly)
    push = frozenset(draw(pushes))
    return Target(name, push, specs, region=REGIONS[name], full_done=full_done, looked=looked)


@st.composite
def records(draw: st.DrawFn, name: str) -> Record:
    """Draw one record: what it shows, what it was given, and what stands in the way."""
    shadow = Shadow()
    for each in FIELDS:
        if draw(mostly):
            shadow.seen[each] = draw(st.sampled_from(("", "own", "one")))
            shadow.acked[each] = shadow.seen[each] or ""
    for slot in SLOTS:
        if draw(st.booleans()):
            own = {each: text for each, text in shadow.acked.items() if slot_of(each) == slot}
            shadow.stated[slot] = Statement(name, "1", slot, own, draw(kinds), draw(st.integers(1, 9)))
        shadow.knew[slot] = draw(st.integers(0, 20))
    if draw(seldom):
        shadow.doubtful["notes"] = Unconfirmed("sent", 10, draw(st.none() | st.just(NOW)))
    if draw(seldom):
        shadow.not_kept["phone"] = draw(st.integers(5, 25))
    return Record(
        name, "1", shadow, role="primary" if draw(mostly) else "duplicate",
        state="live" if draw(mostly) else draw(st.sampled_from(("suspect", "gone"))), linked_at=draw(st.integers(0, 15)),
    )  # fmt: skip


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Customer, list[Record], World]:
    """Draw one customer with its records in a world of three connections."""
    golden = {slot: draw(goldens(slot)) for slot in SLOTS if draw(mostly)}
    customer = Customer("c-1", golden, first_seen=NOW - timedelta(hours=1 if draw(mostly) else -1))
    group = [draw(records(name)) for name in REGIONS if draw(st.booleans())]
    under_way = frozenset() if draw(mostly) else draw(st.frozensets(st.sampled_from(sorted(REGIONS))))
    world = World(
        [draw(targets(name)) for name in REGIONS],
        REGIONS,
        open_creates=under_way,
        overwrite=draw(st.booleans()),
    )
    return customer, group, world


def specs(world: World, made: Plan) -> list[tuple[FieldSpec, str, str, str]]:
    """Return of each field that is written: its specification, its kind of operation, before and after."""
    tables = {target.name: target.fields for target in world.targets}
    return [
        (tables[draft.connection][name], draft.kind, before, after)
        for draft in made.drafts
        for name, (before, after) in draft.fields.items()
    ]


def golden_forms(customer: Customer, name: str) -> set[str]:
    """Return every form in which a golden value may be written: as it is, by any plan of phones, in either order."""
    value = customer.golden[slot_of(name)].value
    if name == "phone":
        return {value["phone"], *(clean("phone", value["phone"], region) for region in REGIONS.values())}
    if name == "full_name":
        first, last = value.get("first_name", ""), value.get("last_name", "")
        return {value.get("full_name", ""), f"{first} {last}", f"{last} {first}"}
    splits = [split_name(value.get("full_name", ""), order) for order in ("given_first", "family_first")]
    return {value.get(name, ""), *(split.get(name, "") for split in splits)}


@given(scenes())
def test_nothing_is_written_that_golden_does_not_say(scene: tuple[Customer, list[Record], World]) -> None:
    customer, group, world = scene
    for spec, _, _, after in specs(world, plan(customer, group, world)):
        assert after in golden_forms(customer, spec.name)


@given(scenes())
def test_nothing_is_written_where_it_must_not_be(scene: tuple[Customer, list[Record], World]) -> None:
    customer, group, world = scene
    made = plan(customer, group, world)
    by_name = {target.name: target for target in world.targets}
    for draft in made.drafts:
        assert draft.kind in by_name[draft.connection].push
    for spec, kind, before, after in specs(world, made):
        assert spec.direction not in ("in", "off")
        assert spec.writable in ("always", kind)
        assert not (spec.direction == "fill" and before)
        assert spec.maximum is None or len(after) <= spec.maximum


@given(scenes())
def test_only_a_live_primary_record_is_updated(scene: tuple[Customer, list[Record], World]) -> None:
    customer, group, world = scene
    writable = {one.connection for one in group if one.role == "primary" and one.state == "live"}
    # a duplicate that is gone stands for nobody: what a person had restored is created beside it
    there = {one.connection for one in group if one.role == "primary" or one.state != "gone"}
    for draft in plan(customer, group, world).drafts:
        assert draft.connection in writable if draft.kind == "update" else draft.connection not in there


@settings(max_examples=300)
@given(scenes())
def test_nothing_is_blanked_that_nobody_emptied(scene: tuple[Customer, list[Record], World]) -> None:
    customer, group, world = scene
    for spec, _, _, after in specs(world, plan(customer, group, world)):
        if not after:
            holder = customer.golden[slot_of(spec.name)].holder
            assert holder is not None
            assert holder.kind != "initial"
            assert spec.clearable
            assert not spec.required


@given(scenes())
def test_no_create_without_a_look_and_what_the_vendor_requires(
    scene: tuple[Customer, list[Record], World],
) -> None:
    customer, group, world = scene
    by_name = {target.name: target for target in world.targets}
    for draft in [one for one in plan(customer, group, world).drafts if one.kind == "create"]:
        target = by_name[draft.connection]
        assert target.full_done
        assert target.name not in world.open_creates
        assert customer.first_seen is None or (
            target.looked is not None and target.looked > customer.first_seen
        )
        assert all(draft.fields.get(n, ("", ""))[1] for n, spec in target.fields.items() if spec.required)


@given(scenes())
def test_an_initial_value_of_its_own_is_overwritten_only_with_leave(
    scene: tuple[Customer, list[Record], World],
) -> None:
    customer, group, world = scene
    if world.overwrite:
        return
    assert not any(draft.overwrites for draft in plan(customer, group, world).drafts)


@given(scenes())
def test_every_hold_says_why(scene: tuple[Customer, list[Record], World]) -> None:
    customer, group, world = scene
    assert all(one.reason and one.customer == customer.id for one in plan(customer, group, world).held)


@given(scenes())
def test_what_was_delivered_is_not_due_again(scene: tuple[Customer, list[Record], World]) -> None:
    customer, group, world = scene
    by_name = {record.connection: record for record in group if record.role == "primary"}
    for draft in plan(customer, group, world).drafts:
        if draft.kind == "create":
            by_name[draft.connection] = Record(draft.connection, "new", Shadow(ours=True))
            group.append(by_name[draft.connection])
        shadow = by_name[draft.connection].shadow
        for name, (_, after) in draft.fields.items():
            shadow.acked[name] = shadow.seen[name] = after
            shadow.given.add(name)
            shadow.doubtful.pop(name, None)
        shadow.knew.update(draft.numbers)
    updates = [draft for draft in plan(customer, group, world).drafts if draft.kind == "update"]
    assert updates == []


@given(scenes())
def test_planning_twice_gives_the_same_in_any_order(scene: tuple[Customer, list[Record], World]) -> None:
    customer, group, world = scene
    assert plan(customer, group, world) == plan(customer, list(reversed(group)), world)


def test_a_name_is_not_split_into_a_field_that_a_create_may_not_carry() -> None:
    value = {"full_name": "Nguyễn Văn An"}
    customer = Customer("x-1", golden={"name": Golden(value, 1, "latest_edit")})
    fields = {"first_name": FieldSpec("first_name"), "last_name": FieldSpec("last_name", direction="in")}
    target = Target("shop", frozenset({"create"}), fields, full_done=True)
    sent, derived, _ = create_fields(customer, target, World([target], {}))
    assert set(sent) == set(derived) == {"first_name"}


def test_a_full_name_is_due_where_a_record_shows_parts_that_are_held_since() -> None:
    fields = {"full_name": FieldSpec("full_name")}
    target = Target("shop", frozenset({"update"}), fields, full_done=True)
    shadow = Shadow(acked={"full_name": "Đức Trần"}, given={"full_name"}, seen={"full_name": "Đức Trần"})
    record = Record("shop", "1", shadow, linked_at=1)
    held = {"first_name": "Đức", "last_name": "Trần", "full_name": "Lê Thị Mai"}
    customer = Customer("x-1", golden={"name": Golden(held, 9, "latest_edit")})
    drafts = plan(customer, [record], World([target], {})).drafts
    assert [draft.fields for draft in drafts] == [{"full_name": ("Đức Trần", "Lê Thị Mai")}]
    one = Customer("x-1", golden={"name": Golden({**held, "full_name": "Trần Đức"}, 9, "latest_edit")})
    assert not plan(one, [record], World([target], {})).drafts

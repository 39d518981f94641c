"""A customer that is founded at sight is stored as if every rule had been asked about it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syncd.customer import FIELDS, OWNED, slot_of
from syncd.rules.first import first_look
from syncd.rules.golden import Policy
from syncd.rules.target import Target
from syncd.store import Store, Writing
from syncd.store.documents import read_shadow
from syncd.sync.joining import Joiner
from syncd.sync.planning import Planner
from syncd.sync.scene import Safety, Scene, Source
from syncd.values import Direction, FieldSpec, Newcomer, Writable
from syncd.vendors.base import Connector
from tests.laws import words

NOW = datetime(2026, 11, 1, tzinfo=UTC)
NAMES = ("crm", "shop", "till")
EVERY = frozenset(FIELDS)
TABLES = ("customers", "words", "journal", "records", "keys", "holds", "operations", "reviews")
TAME = {
    "phone": "0912345678", "email": "an@example.com", "full_name": "Văn An", "first_name": "An", "last_name": "Lê",
    "company": "", "notes": "-", "city": "Huế", "country": "VN", "points": "7",
}  # fmt: skip

# neither is looked at where nothing is asked of a vendor
NO_CONNECTOR, NO_SAFETY = cast(Connector, None), cast(Safety, None)

mostly = st.sampled_from((True,) * 5 + (False,))
directions: st.SearchStrategy[Direction] = st.sampled_from(("both",) * 8 + ("in", "out", "off", "fill"))
writables: st.SearchStrategy[Writable] = st.sampled_from(("always",) * 8 + ("create", "update", "never"))
pushes = st.sampled_from(((),) * 8 + (("update",), ("create", "update")))
regions = st.sampled_from(("VN", "VN", "VN", None, "BE"))
some_fields = st.frozensets(words.fields, min_size=1)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Records that are one customer where an external id tells it, and the connections that they are of."""

    scene: Scene
    targets: Sequence[Target]
    shown: Sequence[tuple[str, Mapping[str, str | None]]]
    stating: Mapping[str, frozenset[str]]
    keys: frozenset[tuple[str, str]] = frozenset({("id:x", "1")})


@st.composite
def tables(draw: st.DrawFn) -> dict[str, FieldSpec]:
    """Draw what one connection can hold."""
    return {
        each: FieldSpec(each, direction=draw(directions), writable=draw(writables), clearable=draw(mostly))
        for each in FIELDS
        if draw(mostly)
    }


@st.composite
def drawn(draw: st.DrawFn) -> Drawn:
    """Draw records that say more or less the same."""
    here = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=draw(mostly)))
    said: dict[str, str | None] = {name: text for name, text in TAME.items() if draw(st.booleans())}
    if "full_name" in said:
        said["full_name"] = draw(st.sampled_from(("Văn An", "Văn An", "-", " ", "An Lê")))
    if not draw(mostly):
        said |= draw(st.dictionaries(words.fields, st.none() | words.values, max_size=6))
    shown: list[tuple[str, Mapping[str, str | None]]] = []
    for name in here:
        own = dict(said) if draw(mostly) else {each: text for each, text in said.items() if draw(mostly)}
        if own and not draw(mostly):
            own[draw(st.sampled_from(sorted(own)))] = None
        shown.append((name, own if draw(mostly) else own | {draw(words.fields): draw(words.values)}))
    sources = {
        name: Source(name, NO_CONNECTOR, priority=draw(st.integers(1, 3)), region=draw(regions))
        for name in NAMES
        if name in here or draw(st.booleans())
    }
    owned = () if draw(mostly) else draw(st.frozensets(st.sampled_from(sorted(OWNED)), max_size=2))
    policies = {slot: Policy(owner=draw(st.sampled_from(("*", *NAMES)))) for slot in sorted(owned)}
    scene = Scene(sources, NO_SAFETY, lambda: NOW, policies)
    ordered = sorted(sources.values(), key=lambda source: (source.priority, source.name))
    targets = [
        Target(
            source.name,
            frozenset(draw(pushes)),
            {name: spec for name, spec in draw(tables()).items() if slot_of(name) in scene.slots},
            region=source.region,
            name_order=draw(st.sampled_from(("given_first", "family_first"))),
            full_done=True,
            looked=NOW,
            updates=draw(mostly),
        )
        for source in ordered
    ]
    stating = {name: EVERY if draw(mostly) else draw(some_fields) for name in here}
    return Drawn(scene, targets, shown, stating)


def plain(
    *shown: tuple[str, Mapping[str, str | None]],
    looked_at: Sequence[str] = ("email", "phone"),
    push: Sequence[str] = (),
    priority: int = 1,
    owner: str = "",
) -> Drawn:
    """Return records of the CRM and the shop; `priority` is the CRM's, `owner` who alone speaks of points."""
    sources = {
        "crm": Source("crm", NO_CONNECTOR, priority=priority),
        "shop": Source("shop", NO_CONNECTOR),
    }
    policies = {"points": Policy(owner=owner)} if owner else {}
    ordered = sorted(sources.values(), key=lambda source: (source.priority, source.name))
    fields = {name: FieldSpec(name) for name in looked_at}
    targets = [Target(source.name, frozenset(push), fields) for source in ordered]
    scene = Scene(sources, NO_SAFETY, lambda: NOW, policies)
    return Drawn(scene, targets, shown, {"crm": EVERY, "shop": EVERY})


AN: Mapping[str, str | None] = {"email": "an@example.com"}
CALLED = {**AN, "phone": "0912345678"}

# A name without a word is golden, and is written nowhere.
NAMELESS = plain(("crm", {"full_name": "-", **AN}), looked_at=("full_name", "email"))
# Of two that say the same, the one that is trusted more holds it.
TRUSTED = plain(("crm", AN), ("shop", AN), priority=2)
# What one of them beats is journalled, though nobody would write it.
BEATEN = plain(("crm", {**AN, "notes": "a"}), ("shop", {**AN, "notes": "b"}))
# Of two in one connection one is a duplicate.
TWICE = plain(("crm", AN), ("crm", AN))
# What one shows empty, or not at all, and may be given is to be written there.
EMPTY = plain(("crm", CALLED), ("shop", {**AN, "phone": None}), push=("update",))
MISSING = plain(("crm", CALLED), ("shop", AN), push=("update",))
# What is shown where another connection owns it says nothing.
UNHEARD = plain(("shop", {**AN, "points": "7"}), owner="crm")
# Whom another connection lacks is to be created there.
LACKING = plain(("crm", AN), push=("create",))
# Whose name does not tell which of two it is stays in doubt.
NAMED = (("crm", {"full_name": "Văn An", **AN}), ("crm", {"full_name": "Eva Maes", **AN}))
UNCERTAIN = replace(plain(*NAMED, ("shop", AN)), keys=frozenset({("email", "an@example.com")}))


def newcomer(vendor_id: str, name: str, shown: Mapping[str, str | None], told: Drawn) -> Newcomer:
    """Return a record as a pull adds it."""
    look, stating = first_look(shown, EVERY), told.stating[name]
    stated = look.stated(stating, all_state=stating == EVERY)
    return Newcomer(
        name, vendor_id, look.seen, look.tidied, stated, {"id": vendor_id}, b"1", NOW, None, None, told.keys
    )


def read(table: str, row: Sequence[Any]) -> list[Any]:
    """Return a row whose documents are read: the order in which their parts stand says nothing."""
    texts = [str(each) for each in row]
    return [
        read_shadow(text, (row[1], row[2]))
        if table == "records" and text[:8] == '{"seen":'
        else orjson.loads(text)
        if text[:1] in ("{", "[")
        else each
        for text, each in zip(texts, row, strict=True)
    ]


class Told(Exception):
    """What is stored, told by a unit that is to be taken back."""

    def __init__(self, rows: Mapping[str, list[Any]]) -> None:
        super().__init__()
        self.rows = rows


def stored(store: Store, told: Drawn, *, at_sight: bool) -> Mapping[str, list[Any]]:
    """Return all that is stored once the records have their customer."""

    def unit(tx: Writing) -> None:
        newcomers = [
            newcomer(str(place), name, shown, told) for place, (name, shown) in enumerate(told.shown)
        ]
        _, following = tx.records.add(newcomers, len(newcomers), 1)
        tx.meta.numbers(following)
        joiner = Joiner.of(told.scene, Planner(told.scene, told.targets, "run-1", False, False), 0)
        if not at_sight:
            joiner = replace(joiner, founding=None)
        numbers = list(tx.records.numbers(one.key for one in newcomers).values())
        if len(numbers) == 1:
            joiner.join_lone(tx, numbers)
        else:
            joiner.join_grouped(tx, numbers, ())
        rows = tx.old._tx.rows
        raise Told(
            {
                name: [read(name, row) for row in rows(f"SELECT * FROM {name} ORDER BY 1, 2")]
                for name in TABLES
            }
        )

    with pytest.raises(Told) as caught:
        store.do(unit)
    return caught.value.rows


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Yield a store in which every unit is taken back."""
    folder: Path = tmp_path_factory.mktemp("founding")
    with Store.open(f"sqlite:///{folder}/syncd.db", clock=lambda: NOW) as opened:
        yield opened


@given(drawn())
@example(NAMELESS)
@example(TRUSTED)
@example(BEATEN)
@example(TWICE)
@example(EMPTY)
@example(MISSING)
@example(UNHEARD)
@example(LACKING)
@example(UNCERTAIN)
def test_what_is_founded_at_sight_is_what_the_rules_say(store: Store, told: Drawn) -> None:
    assert stored(store, told, at_sight=True) == stored(store, told, at_sight=False)

"""Sets are decided element by element: what anybody adds is added, what who knew it takes out is out, and then it rests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from syncd.customer import NO, YES, clean, elements, gathered, is_element, same
from syncd.rules.absorb import absorb
from syncd.rules.golden import EVERYBODY, Asked, Policy, decide
from syncd.rules.ground import Ground
from syncd.rules.plan import plan
from syncd.rules.target import Target, World
from syncd.rules.written import Sent, read_back
from syncd.values import Customer, Draft, FieldSpec, Record, Shadow, Shown, Statement

GROUPS = frozenset({"groups"})
NAMES = ("crm", "shop", "booking")
WORDS = ("VIP", "Gold", "Trade: wine", "Lẻ")
SETTLE = timedelta(seconds=120)
Change = tuple[frozenset[str], frozenset[str]]  # words put in, words taken out

words = st.frozensets(st.sampled_from(WORDS))
changes = st.dictionaries(st.sampled_from(NAMES), st.tuples(words, words))


@dataclass
class Shop:
    """One vendor with one customer, and what syncd remembers of it."""

    name: str
    there: frozenset[str]
    record: Record = field(init=False)

    def __post_init__(self) -> None:
        """Begin with a record that nobody has looked at."""
        self.record = Record(self.name, "1", Shadow(), customer="c-1")

    def shown(self, at: datetime) -> Shown:
        """Show the whole set, in an order of the vendor's own."""
        text = "|".join(sorted(self.there, reverse=True))
        return Shown("1", {"groups": text or None}, {}, at)


@dataclass
class Business:
    """Vendors that share one customer, synced by the rules alone; edits that emptied a set go on or not."""

    shops: Sequence[Shop]
    clears_go_on: bool = True
    customer: Customer = field(default_factory=lambda: Customer("c-1"))
    writes: int = 0
    time: datetime = datetime(2026, 11, 2, 8, tzinfo=UTC)
    numbers: count[int] = field(default_factory=lambda: count(1))

    def now(self) -> datetime:
        """Return a time later than every one before."""
        self.time += timedelta(seconds=1)
        return self.time

    def ground(self, name: str) -> Ground:
        """Return what absorbing needs to know."""
        return Ground(
            name,
            None,
            GROUPS,
            GROUPS,
            lambda _: not self.clears_go_on,
            lambda: next(self.numbers),
            self.time,
        )

    def sync(self, order: Sequence[str]) -> None:
        """Look at the vendors in an order, decide, and write what is due."""
        for shop in sorted(self.shops, key=lambda shop: order.index(shop.name)):
            absorb(shop.record, shop.shown(self.now()), self.ground(shop.name))
        self._decide()
        targets = [
            Target(shop.name, frozenset({"update"}), {"groups": FieldSpec("groups")}) for shop in self.shops
        ]
        made = plan(self.customer, [shop.record for shop in self.shops], World(targets, {}))
        by_name = {shop.name: shop for shop in self.shops}
        for ack in made.acks:
            shadow = by_name[ack.connection].record.shadow
            shadow.acked.update(ack.fields)
            shadow.knew[ack.slot] = max(ack.number, shadow.knew.get(ack.slot, 0))
        for draft in made.drafts:
            self._write(by_name[draft.connection], draft)

    def _decide(self) -> None:
        number = next(self.numbers)
        new: dict[str, list[Statement]] = {}
        for record in (shop.record for shop in self.shops):
            for slot, one in record.shadow.stated.items():
                if one.number > record.considered:
                    new.setdefault(slot, []).append(one)
            record.considered = number
        for slot, said in new.items():
            before = self.customer.golden.get(slot)
            policy = Policy(owner=EVERYBODY)
            answer = decide(Asked(slot, before, said, policy, lambda one: (one.connection,), number, {}))
            assert answer.golden is not None
            self.customer.golden[slot] = answer.golden

    def _write(self, shop: Shop, draft: Draft) -> None:
        self.writes += 1
        after = {name: text for name, (_, text) in draft.fields.items()}
        whole = gathered(after, {"groups": "|".join(shop.there)})
        began = self.now()
        shop.there = frozenset(elements(whole["groups"]))
        sent = Sent(after, draft.numbers, began, answered=True, settle=began + SETTLE, carried={})
        read_back(shop.record, shop.shown(self.now()), sent, self.ground(shop.name))

    @property
    def golden(self) -> frozenset[str]:
        """Return the golden set."""
        return frozenset(elements(self.customer.values().get("groups")))


def business(begin: Mapping[str, frozenset[str]], *, clears_go_on: bool = True) -> Business:
    """Return a business whose vendors show these words first."""
    return Business([Shop(name, begin.get(name, frozenset())) for name in NAMES], clears_go_on)


begins = st.dictionaries(st.sampled_from(NAMES), words)
orders = st.permutations(NAMES)


def edit(made: Business, said: Mapping[str, Change]) -> tuple[set[str], set[str]]:
    """Have people change what stands at each vendor; return all that was put in and all that was taken out."""
    put_in: set[str] = set()
    taken: set[str] = set()
    for shop in made.shops:
        new, old = said.get(shop.name, (frozenset(), frozenset()))
        after = (shop.there | new) - old
        put_in |= after - shop.there
        taken |= shop.there - after
        shop.there = after
    return put_in, taken


@given(begins, orders)
def test_what_is_first_seen_is_added_up(begin: dict[str, frozenset[str]], order: list[str]) -> None:
    made = business(begin)
    made.sync(order)
    assert made.golden == frozenset().union(*begin.values())
    assert {shop.there for shop in made.shops} == {made.golden}


@given(begins, st.lists(st.tuples(changes, orders), max_size=4), orders)
def test_added_by_anybody_taken_out_by_who_knew_it(
    begin: dict[str, frozenset[str]], rounds: list[tuple[dict[str, Change], list[str]]], order: list[str]
) -> None:
    made = business(begin)
    made.sync(order)
    for said, next_order in rounds:
        before = made.golden
        put_in, taken = edit(made, said)
        made.sync(next_order)
        assert made.golden == (before | put_in) - taken
        assert {shop.there for shop in made.shops} == {made.golden}


@given(begins, changes, orders, orders)
def test_the_order_of_looking_never_matters(
    begin: dict[str, frozenset[str]], said: dict[str, Change], one: list[str], other: list[str]
) -> None:
    ends = []
    for order in (one, other):
        made = business(begin)
        made.sync(order)
        edit(made, said)
        made.sync(order)
        ends.append((made.golden, made.writes))
    assert ends[0] == ends[1]


@given(begins, changes, orders, st.booleans())
def test_then_it_rests(
    begin: dict[str, frozenset[str]], said: dict[str, Change], order: list[str], clears_go_on: bool
) -> None:
    made = business(begin, clears_go_on=clears_go_on)
    made.sync(order)
    edit(made, said)
    made.sync(order)
    before, golden = made.writes, made.golden
    for _ in range(2):
        made.sync(order)
    assert (made.writes, made.golden) == (before, golden)


@given(begins, st.sampled_from(NAMES), orders)
def test_a_set_that_was_emptied_as_a_whole_goes_no_further_by_itself(
    begin: dict[str, frozenset[str]], name: str, order: list[str]
) -> None:
    made = business(begin, clears_go_on=False)
    made.sync(order)
    golden = made.golden
    edit(made, {name: (frozenset(), frozenset(WORDS))})
    made.sync(order)
    assert made.golden == golden
    assert {shop.there for shop in made.shops if shop.name != name} == {golden}


@given(words, words)
def test_what_moved_in_a_set_is_stated_element_by_element(
    before: frozenset[str], after: frozenset[str]
) -> None:
    made = business({"crm": before})
    shop = made.shops[0]
    absorb(shop.record, shop.shown(made.now()), made.ground("crm"))
    shop.there = after
    said = absorb(shop.record, shop.shown(made.now()), made.ground("crm")).statements
    taken_out = "edit" if after else "clear"
    expected = {(f"groups:{word}", YES, "edit") for word in after - before}
    expected |= {(f"groups:{word}", NO, taken_out) for word in before - after}
    assert {(one.slot, one.value[one.slot], one.kind) for one in said} == expected


@given(words, st.dictionaries(st.sampled_from(WORDS), st.sampled_from((YES, NO, ""))))
def test_what_nothing_is_said_of_stays_in_the_set(before: frozenset[str], said: dict[str, str]) -> None:
    told = {f"groups:{word}": answer for word, answer in said.items()}
    after = gathered({**told, "notes": "x"}, {"groups": "|".join(before)})
    asked_in = {word for word, answer in said.items() if answer == YES}
    expected = (before | asked_in) - (said.keys() - asked_in) if said else before
    assert after["notes"] == "x"
    assert frozenset(elements(after.get("groups", "|".join(before)))) == expected
    assert not any(map(is_element, after))


def test_an_answer_is_yes_or_it_is_no() -> None:
    texts: Iterable[str] = ("", NO, " ", "No", "perhaps")
    assert all(same("groups:VIP", NO, text) for text in texts)
    assert clean("groups:VIP", " YES ") == YES
    assert clean("groups", " b | a |b") == "a|b"

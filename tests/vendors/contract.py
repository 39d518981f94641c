"""What is relied on of every connector, whatever its vendor: one class that the vendors' test files inherit.

It is proved against the vendor's simulator, spoken to through the connector's own HTTP, in this process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import orjson
import pytest

from syncd.errors import (
    Malformed,
    Missing,
    Refused,
    Throttled,
    Unanswered,
    VendorError,
)
from syncd.sandbox import Entry, Sandbox, Vendor
from syncd.sandbox.ledger import WRITES
from syncd.values import Change, Page, Shown, Written
from syncd.vendors import connect
from syncd.vendors.base import Connector, Keys, Pass, VendorSettings
from tests.support.wsgi import WsgiAdapter

START = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
ADDRESS = "https://vendor.example"


@dataclass
class Clock:
    """A clock that moves a little with every look, and as told."""

    now: datetime = START

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class Scene:
    """One simulated vendor and a connector that talks to it."""

    clock: Clock
    sandbox: Sandbox
    vendor: Any
    connector: Connector
    settings: VendorSettings
    adapter: WsgiAdapter | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def again(self, **changes: Any) -> Connector:
        """Return another connector for the same account, with other settings."""
        adapter = self.adapter or WsgiAdapter(self.vendor)
        return connect(replace(self.settings, **changes), clock=self.clock, adapter=adapter)

    def writes(self) -> list[Entry]:
        """Return what the vendor was asked to change through its API."""
        return [entry for entry in self.vendor.ledger if entry.by == "api" and entry.kind in WRITES]


def pages(connector: Connector, walk: Pass | None = None) -> list[Page]:
    """Return a whole pass."""
    return list(connector.pages(walk or Pass(full=True)))


def shown_by(connector: Connector, some: list[Page]) -> dict[str, Shown]:
    """Return what a pass shows, by id."""
    return {item.vendor_id: connector.read(item, page.started) for page in some for item in page.items}


def pull(connector: Connector, walk: Pass | None = None) -> dict[str, Shown]:
    """Return what a whole pass shows, by id, without tombstones."""
    everything = shown_by(connector, pages(connector, walk))
    return {vendor_id: shown for vendor_id, shown in everything.items() if not shown.deleted}


def carry_out(connector: Connector, change: Change) -> str:
    """Send every step of a change and return the record's id."""
    vendor_id = change.vendor_id
    for step in connector.steps(change):
        written = connector.write(step, replace(change, vendor_id=vendor_id))
        vendor_id = vendor_id_of(connector, written, change) or vendor_id
        change = replace(change, progress={**change.progress, **written.progress})
    assert vendor_id is not None
    return vendor_id


def vendor_id_of(connector: Connector, written: Written, change: Change) -> str | None:
    """Return the id that a step has made known, by a search where the answer does not say."""
    if written.vendor_id is not None or change.kind != "create":
        return written.vendor_id
    keys = Keys(email=change.fields.get("email"), company=change.fields.get("company"), stamp=change.stamp)
    found = connector.find(keys)
    return found[0].vendor_id if found else None


class VendorContract:
    """Inherit it, say how the vendor is reached and what a person types at its screen."""

    vendor: ClassVar[str]
    base_path: ClassVar[str] = ""
    options: ClassVar[Mapping[str, Any]] = {}
    secrets: ClassVar[Mapping[str, str]] = {}  # the setting → the sandbox's word for it
    external_id_field: ClassVar[str | None] = None
    sample: ClassVar[Mapping[str, str]]  # canonical values of one customer, every field that can be written
    other: ClassVar[Mapping[str, str]]  # different values for the same fields
    unwanted: ClassVar[frozenset[str]] = frozenset()  # fields of the samples that a create does not take
    by_number: ClassVar[bool] = False  # pages are numbered, so that only totals tell of rows that move
    counts: ClassVar[bool] = True  # listings announce their totals

    def person(self, number: int) -> Mapping[str, Any]:
        """Return what is typed at the vendor's screen for one person of many."""
        raise NotImplementedError

    def phone(self, text: str) -> Mapping[str, Any]:
        """Return what is typed at the vendor's screen to change a phone number."""
        raise NotImplementedError

    def arrange(self, vendor: Any) -> None:
        """Set the simulator's switches before anything is asked of it."""

    def spoken(self, vendor: Vendor) -> Any:
        """Return the application that the connector talks to: the simulator, or it in other words."""
        return vendor

    def settings(self, sandbox: Sandbox) -> VendorSettings:
        """Return the settings of a connection to the simulator."""
        words = sandbox.secrets()
        return VendorSettings(
            name="there",
            vendor=self.vendor,
            base_url=ADDRESS + self.base_path,
            options=self.options,
            secrets={name: words[word] for name, word in self.secrets.items()},
            external_id_field=self.external_id_field,
        )

    @pytest.fixture
    def scene(self) -> Iterator[Scene]:
        clock = Clock()
        sandbox = Sandbox.empty(clock)
        vendor: Vendor = sandbox.vendors[self.vendor]
        self.arrange(vendor)
        settings = self.settings(sandbox)
        adapter = WsgiAdapter(self.spoken(vendor))
        connector = connect(settings, clock=clock, adapter=adapter)
        yield Scene(clock, sandbox, vendor, connector, settings, adapter)
        connector.close()

    def create(self, scene: Scene, values: Mapping[str, str] | None = None) -> str:
        """Create a customer through the connector and return its id."""
        fields = {k: v for k, v in (values or self.sample).items() if k not in self.unwanted}
        vendor_id = carry_out(scene.connector, Change("create", fields, key="op-1", trace="run-1 op-1"))
        scene.clock.advance(60)
        return vendor_id

    def update(self, scene: Scene, vendor_id: str, fields: Mapping[str, str], **more: Any) -> str:
        """Update a customer through the connector and return its id."""
        current = scene.connector.get(vendor_id)
        change = Change("update", fields, vendor_id, current, key="op-2", trace="run-2 op-2", **more)
        scene.clock.advance(60)
        return carry_out(scene.connector, change)

    def writable(self, scene: Scene) -> list[str]:
        """Return the fields that an update can write, in the order of the sample."""
        specs = scene.connector.fields
        return [name for name in self.sample if specs[name].writable in {"update", "always"}]

    # listing

    def test_a_full_pass_shows_everybody_once(self, scene: Scene) -> None:
        people = {scene.vendor.human_create(**self.person(number)) for number in range(230)}
        scene.clock.advance(3600)
        some = pages(scene.connector)
        ids = [item.vendor_id for page in some for item in page.items]
        assert sorted(ids) == sorted(people)
        assert [page.last for page in some] == [False] * (len(some) - 1) + [True]
        assert not any(page.poison for page in some)
        assert all(page.total in {None, 230} for page in some)

    def test_an_empty_vendor_has_an_empty_complete_pass(self, scene: Scene) -> None:
        some = pages(scene.connector)
        assert [page.items for page in some] == [()]
        assert some[-1].last

    def test_what_does_not_change_is_shown_alike(self, scene: Scene) -> None:
        self.create(scene)
        first, second = pull(scene.connector), pull(scene.connector)
        assert {key: _bytes(shown) for key, shown in first.items()} == {
            key: _bytes(shown) for key, shown in second.items()
        }

    def test_no_secret_leaves_the_connector(self, scene: Scene) -> None:
        self.create(scene)
        text = b"".join(_bytes(shown) for shown in pull(scene.connector).values()).decode()
        for word in (*scene.settings.secrets.values(), "password", "last_ip", "new_pass_key", "$2"):
            assert word not in text

    def test_a_pass_goes_on_where_it_was_interrupted(self, scene: Scene) -> None:
        people = {scene.vendor.human_create(**self.person(number)) for number in range(230)}
        scene.clock.advance(3600)
        walk = scene.connector.pages(Pass(full=True))
        first = next(walk)
        resume = orjson.loads(orjson.dumps(first.resume))
        rest = [] if first.last else pages(scene.again(), Pass(full=True, resume=resume))
        assert {item.vendor_id for page in (first, *rest) for item in page.items} == people

    def test_a_change_is_seen_by_the_next_incremental_pass(self, scene: Scene) -> None:
        if not scene.connector.abilities.incremental:
            pytest.skip("this vendor has no incremental listing")
        ids = []
        for number in range(230):
            ids.append(scene.vendor.human_create(**self.person(number)))
            scene.clock.advance(60)
        cursor = pages(scene.connector)[-1].cursor
        assert cursor is not None
        scene.clock.advance(3600)
        scene.vendor.human_edit(ids[3], **self.phone("+32470000001"))
        scene.clock.advance(3600)
        before = scene.connector.requests
        some = pages(scene.connector, Pass(full=False, cursor=orjson.loads(orjson.dumps(cursor))))
        assert some[-1].last
        assert scene.connector.requests - before <= (
            1 if self.counts else 2
        )  # untold, the end has to be tried
        assert ids[3] in {item.vendor_id for page in some for item in page.items}

    def test_an_import_of_many_is_not_read_again_for_ever(self, scene: Scene) -> None:
        if not scene.connector.abilities.incremental:
            pytest.skip("this vendor has no incremental listing")
        for number in range(230):
            scene.vendor.human_create(**self.person(number))
        cursor = pages(scene.connector)[-1].cursor
        spent = []
        for _ in range(3):
            scene.clock.advance(3600)
            before = scene.connector.requests
            cursor = pages(scene.connector, Pass(full=False, cursor=cursor))[-1].cursor
            spent.append(scene.connector.requests - before)
        assert spent[-1] == 1

    def test_requests_are_counted(self, scene: Scene) -> None:
        self.create(scene)
        pull(scene.connector)
        assert scene.connector.requests == len([e for e in scene.vendor.ledger if e.by == "api"])

    # truth of listings

    def test_an_empty_answer_is_no_complete_pass(self, scene: Scene) -> None:
        self.create(scene)
        scene.vendor.faults.add("empty_list", count=None)
        self.assert_incomplete(scene)

    def test_half_a_listing_is_no_complete_pass(self, scene: Scene) -> None:
        for number in range(40):
            scene.vendor.human_create(**self.person(number))
        scene.clock.advance(3600)
        scene.vendor.faults.add("half_list", count=None)
        self.assert_incomplete(scene)

    def assert_incomplete(self, scene: Scene) -> None:
        """A pass either fails or shows fewer than it says there are; vendors that say nothing are exempt."""
        try:
            some = pages(scene.connector)
        except VendorError:
            return
        if some[-1].total is None:
            pytest.skip("this vendor announces no total")
        assert sum(len(page.items) for page in some) != some[-1].total

    def test_rows_that_move_between_pages_are_not_missed(self, scene: Scene) -> None:
        if self.by_number and not self.counts:
            pytest.skip("numbered pages without totals do not show what moves")
        ids = [scene.vendor.human_create(**self.person(number)) for number in range(230)]
        scene.clock.advance(3600)
        seen: set[str] = set()
        for count, page in enumerate(scene.connector.pages(Pass(full=True))):
            seen |= {item.vendor_id for item in page.items}
            if count == 0:
                scene.vendor.human_delete(ids[0])
        assert seen >= set(ids[1:])

    def test_a_repeated_page_ends(self, scene: Scene) -> None:
        for number in range(230):
            scene.vendor.human_create(**self.person(number))
        scene.clock.advance(3600)
        scene.vendor.faults.add("repeat_page", kind="list", count=None)
        with suppress(Malformed):
            pages(scene.connector)
        assert scene.connector.requests < 100

    # one record

    def test_a_record_reads_like_its_listing(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        listed, single = pull(scene.connector)[vendor_id], scene.connector.get(vendor_id)
        both = listed.fields.keys() & single.fields.keys()
        assert both
        assert {name: listed.fields[name] for name in both} == {name: single.fields[name] for name in both}
        assert single.vendor_id == vendor_id

    def test_another_record_is_not_taken_for_the_one_that_was_asked_for(self, scene: Scene) -> None:
        one, other = (scene.vendor.human_create(**self.person(number)) for number in (1, 2))
        document = scene.connector.get(other).payload
        inner = document.get("customer", document)  # a Perfex record is a customer and its contact
        for body in (inner, {"data": inner}):
            scene.vendor.faults.answer(200, body, kind="get", count=1)
            with pytest.raises(Malformed):
                scene.connector.get(one)
            scene.vendor.faults.clear()

    def test_only_the_vendors_word_makes_a_record_missing(self, scene: Scene) -> None:
        vendor_id = scene.vendor.human_create(**self.person(1))
        for fault in ("html", "answer"):
            scene.vendor.faults.add(
                fault, status=404, body="<html>not here</html>", kind="get|contacts", count=1
            )
            with pytest.raises(VendorError) as error:
                scene.connector.get(vendor_id)
            assert not isinstance(error.value, Missing)
            scene.vendor.faults.clear()

    def test_a_deleted_record_is_missing_or_a_tombstone(self, scene: Scene) -> None:
        vendor_id = scene.vendor.human_create(**self.person(1))
        scene.connector.get(vendor_id)
        scene.vendor.human_delete(vendor_id)
        with suppress(Missing):
            assert scene.connector.get(vendor_id).deleted

    def test_a_record_is_found_by_what_the_connector_promises(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        for key in scene.connector.abilities.finds & self.sample.keys():
            found = scene.connector.find(Keys(**{key: self.sample[key]}))
            assert [shown.vendor_id for shown in found] == [vendor_id], key
        assert scene.connector.find(Keys(email="nobody@example.com", external_id="no-such")) == ()

    # the two laws of a mapping

    def test_a_created_record_shows_what_was_written(self, scene: Scene) -> None:
        shown = scene.connector.get(self.create(scene)).fields
        expected = {name: value for name, value in self.sample.items() if name not in self.unwanted}
        assert {name: shown.get(name) for name in expected} == expected

    def test_each_field_reads_as_it_was_written_and_moves_no_other(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        for name in self.writable(scene):
            before = pull(scene.connector)[vendor_id].fields
            vendor_id = self.update(scene, vendor_id, {name: self.other[name]})
            after = pull(scene.connector)[vendor_id].fields
            assert after[name] == self.other[name], name
            assert _without(after, name) == _without(before, name), name

    def test_each_field_can_be_cleared_where_the_table_says_so(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        needed = {need for spec in scene.connector.fields.values() for need in spec.needs}
        for name in self.writable(scene):
            if scene.connector.fields[name].clearable and name not in needed:
                vendor_id = self.update(scene, vendor_id, {name: ""})
                assert not pull(scene.connector)[vendor_id].fields.get(name), name

    def test_writing_what_was_read_changes_nothing(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        before = pull(scene.connector)[vendor_id].fields
        fields = {name: before[name] or "" for name in self.writable(scene) if before.get(name)}
        vendor_id = self.update(scene, vendor_id, fields)
        assert pull(scene.connector)[vendor_id].fields == before

    def test_nothing_to_write_takes_no_request(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        current = scene.connector.get(vendor_id)
        assert scene.connector.steps(Change("update", {}, vendor_id, current)) == ()

    def test_a_delete_deletes_where_the_connector_can(self, scene: Scene) -> None:
        if not scene.connector.abilities.deletes:
            pytest.skip("this connector deletes nothing")
        vendor_id = self.create(scene)
        carry_out(scene.connector, Change("delete", {}, vendor_id, scene.connector.get(vendor_id)))
        assert vendor_id not in pull(scene.connector)

    # failures

    def test_a_lost_answer_to_a_create_is_unanswered_and_not_sent_again(self, scene: Scene) -> None:
        fields = {name: value for name, value in self.sample.items() if name not in self.unwanted}
        change = Change("create", fields, key="op-1", trace="op-1")
        for what, made in (("drop_before", 0), ("drop_after", 1)):
            scene.vendor.faults.add(what, kind="create", count=1)
            before = len(scene.vendor.snapshot())
            with pytest.raises(Unanswered):
                scene.connector.write(scene.connector.steps(change)[0], change)
            assert len(scene.vendor.snapshot()) == before + made

    @pytest.mark.parametrize("what", ["html", "truncate", "server error"])
    def test_an_unreadable_answer_to_a_write_is_unanswered(self, scene: Scene, what: str) -> None:
        vendor_id = self.create(scene)
        name = self.writable(scene)[-1]
        change = Change("update", {name: self.other[name]}, vendor_id, scene.connector.get(vendor_id))
        writing = {"kind": "update|contact_update", "count": 1}
        if what == "server error":
            scene.vendor.faults.answer(500, {"message": "oops"}, **writing)
        else:
            scene.vendor.faults.add(what, at=3, **writing)
        sent = len(scene.writes())
        with pytest.raises(Unanswered):
            scene.connector.write(scene.connector.steps(change)[0], change)
        assert len(scene.writes()) == sent + 1

    @pytest.mark.parametrize("what", ["html", "truncate", "redirect"])
    def test_an_unreadable_listing_is_no_listing(self, scene: Scene, what: str) -> None:
        self.create(scene)
        scene.vendor.faults.add(what, kind="list", at=40, count=None)
        with pytest.raises((Malformed, Unanswered)):
            pages(scene.connector)

    def test_a_write_to_a_deleted_record_is_missing(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        name = self.writable(scene)[-1]
        change = Change("update", {name: self.other[name]}, vendor_id, scene.connector.get(vendor_id))
        scene.vendor.human_delete(vendor_id)
        with pytest.raises(Missing):
            scene.connector.write(scene.connector.steps(change)[0], change)

    def test_wrong_credentials_are_refused(self, scene: Scene) -> None:
        wrong = dict.fromkeys(scene.settings.secrets, "wrong-secret")
        connector = scene.again(secrets=wrong)
        for call in (lambda: pages(connector), lambda: connector.get("1")):
            with pytest.raises(Refused) as error:
                call()
            assert error.value.next_step
            assert "wrong-secret" not in str(error.value)
        finding = connector.check()[0]
        assert not finding.ok
        assert finding.fix

    def test_right_credentials_pass_the_check(self, scene: Scene) -> None:
        assert all(finding.ok for finding in scene.connector.check())

    def test_a_rate_limit_is_told_with_its_wait(self, scene: Scene) -> None:
        scene.vendor.faults.answer(
            429, {"message": "slow"}, kind="list", count=None, headers={"Retry-After": "90"}
        )
        with pytest.raises(Throttled) as error:
            pages(scene.connector)
        assert error.value.wait == pytest.approx(90, abs=1)

    def test_errors_name_nobody(self, scene: Scene) -> None:
        vendor_id = self.create(scene)
        current = scene.connector.get(vendor_id)
        for status in (400, 403, 409, 422, 500):
            scene.vendor.faults.answer(status, {"message": "no"}, count=None)
            change = Change("update", {"email": "other@example.com"}, vendor_id, current)
            for call in (lambda: scene.connector.get(vendor_id), lambda: carry_out(scene.connector, change)):  # noqa: B023
                with pytest.raises(VendorError) as error:
                    call()
                text = f"{error.value} {error.value.__cause__}"
                assert self.sample["email"] not in text
                assert "other@example.com" not in text
            scene.vendor.faults.clear()


def _bytes(shown: Shown) -> bytes:
    return orjson.dumps(shown.payload, option=orjson.OPT_SORT_KEYS)


def _without(fields: Mapping[str, str | None], name: str) -> dict[str, str | None]:
    """Return the fields without one, and without those that follow from it or that the vendor makes itself."""
    followers = {"first_name": {"full_name", "company"}, "last_name": {"full_name", "company"}}
    gone = {name, "card", *followers.get(name, ())}
    return {key: value or "" for key, value in fields.items() if key not in gone}

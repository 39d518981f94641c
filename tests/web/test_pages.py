"""What the pages show and do: runs, plans, customers, reviews, connections."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import pytest

from syncd.config.schedule import parse
from syncd.web.show.schedule import cron_words, next_times, schedule_words
from syncd.web.show.times import spoken, took
from tests.web.conftest import HOSTILE, Page

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class Tags(HTMLParser):
    """The tags and their attributes that a browser would see."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]


def customer_of(page: Page, email: str) -> str:
    """Return the id of the customer with an e-mail."""
    with page.app.store.look() as tx:
        return next(one.id for one in tx.customers.list(limit=100) if one.values().get("email") == email)


def test_hostile_names_are_names_on_every_page(page: Page) -> None:
    visit = page.logged_in()
    with page.app.store.look() as tx:
        ids = [one.id for one in tx.customers.list(limit=100)]
        reviews = [review.id for review in tx.reviews.list()]
    paths = [
        "/",
        "/runs/run-1",
        "/runs/run-2",
        "/customers",
        "/customers?show=held",
        "/customers?show=pending",
        "/reviews",
    ]
    seen = ""
    for path in [*paths, *(f"/customers/{one}" for one in ids), *(f"/reviews/{one}" for one in reviews)]:
        answer = visit.get(path)
        assert answer.status_code == 200, path
        tags = Tags(answer.text)
        assert tags.tags.count("script") == 1, path
        assert "img" not in tags.tags, path
        assert not [name for name in tags.attributes if name.startswith("on")], path
        seen += answer.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in seen
    assert "{{ 7*7 }}" in seen
    assert all(name in seen or "<" in name or "'" in name or '"' in name for name in HOSTILE)


def test_search_looks_for_anything(page: Page) -> None:
    visit = page.logged_in()
    for asked in ("an@ex", "Peeters", "+3247012345", customer_of(page, "an@example.com")):
        assert "An Peeters" in visit.get("/customers", params={"q": asked}).text, asked
    assert "Nobody is found" in visit.get("/customers", params={"q": "zzzz"}).text


def test_the_dry_run_and_the_waiting_plan_share_one_page(page: Page) -> None:
    visit = page.logged_in()
    dry, waiting = visit.get("/runs/run-1").text, visit.get("/runs/run-2").text
    assert "What a sync would write" in dry
    assert "Approve all" not in dry
    assert "What waits for you" in waiting
    assert "Approve all" in waiting
    for text in (dry, waiting):
        assert "bram@example.com" in text
        assert '<dl class="diff' in text


def test_a_customer_shows_golden_beside_every_record_and_why(page: Page) -> None:
    text = page.logged_in().get(f"/customers/{customer_of(page, 'an@example.com')}").text
    assert text.count("duplicate") >= 1
    assert "the most trusted connection" in text.lower()
    assert "+32470123450" in text
    assert "0470 99 99 99" in text


def test_every_single_write_is_listed_by_its_state(page: Page) -> None:
    visit = page.logged_in()
    whole = visit.get("/operations").text
    waiting = visit.get("/operations?state=waiting").text
    with page.app.store.look() as tx:
        some = tx.operations.list(states=("waiting",), limit=50)
    assert some
    assert all(f'href="/operations/{one.id}"' in waiting for one in some)
    assert f'href="/operations/{some[0].id}"' in whole
    assert "No such operation" in visit.get("/operations?state=rejected").text
    assert visit.get("/operations?state=%00&connection=%22&after=op-x").status_code < 500


def test_what_is_not_there_is_404_with_a_way_back(page: Page) -> None:
    visit = page.logged_in()
    for path in ("/runs/run-999", "/customers/nobody", "/reviews/999", "/nowhere"):
        answer = visit.get(path)
        assert answer.status_code == 404, path
        assert 'href="/"' in answer.text


def test_a_request_from_the_page_is_one_run_however_often(plain_page: Page) -> None:
    visit = plain_page.logged_in()
    answers = [visit.post("/runs", {"connection": "crm"}) for _ in range(10)]
    assert {answer.headers["location"] for answer in answers} == {"/runs/run-1?said=asked"}
    other = visit.post("/runs", {"connection": "crm", "dry_run": "1"})
    assert other.headers["location"] != answers[0].headers["location"]
    shown = visit.get("/runs/run-1")
    assert "joined by 9 more requests" in shown.text
    assert "Queued" in shown.text


def test_an_unknown_connection_is_told_with_the_known_ones(plain_page: Page) -> None:
    answer = plain_page.logged_in().post("/runs", {"connection": "crmm"})
    assert answer.status_code == 422
    assert "booking, crm, loyalty, shop" in answer.text


def test_pause_and_resume_are_shown_and_written_down(plain_page: Page) -> None:
    visit = plain_page.logged_in()
    assert visit.post("/connections/shop/pause").status_code == 303
    home = visit.get("/").text
    assert "Paused" in home
    assert "paused by admin" in home
    assert visit.post("/connections/shop/resume").status_code == 303
    assert "Paused" not in visit.get("/").text
    activity = visit.get("/activity").text
    assert "pause" in activity
    assert "resume" in activity


def test_empty_pages_say_why_and_what_to_do(plain_page: Page) -> None:
    visit = plain_page.logged_in()
    assert "Nothing has run yet" in visit.get("/").text
    assert "No customer yet" in visit.get("/customers").text
    assert "Reviews appear when" in visit.get("/reviews").text


def test_settings_show_where_secrets_are_kept_and_never_what_they_are(page: Page) -> None:
    text = page.logged_in().get("/connections").text
    assert "env:CRM_TOKEN" in text
    assert page.sandbox.secrets()["CRM_TOKEN"] not in text


def test_the_live_part_of_a_run_is_sent_as_an_event(page: Page) -> None:
    with page.logged_in().get("/live/runs/run-2", stream=True) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        text = answer.raw.read(20_000).decode()
    assert text.startswith("event: part\ndata: ")
    assert text.endswith("event: done\ndata: \n\n")


def test_health_names_what_is_missing(plain_page: Page) -> None:
    text = plain_page.logged_in().get("/health").text
    assert "No daemon holds the store" in text
    assert "There is no backup yet" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("every 5 minutes", "every 5 minutes"),
        ("* * * * *", "every minute (UTC)"),
        ("*/15 * * * *", "every 15 minutes (UTC)"),
        ("0 6 * * 1-5", "at 06:00 on Mondays, Tuesdays, Wednesdays, Thursdays and Fridays (UTC)"),
        ("*/15 6-22 * * *", "every 15 minutes of hours 6 to 22 (UTC)"),
        ("30 4 1 * *", "at 04:30 on day 1 of the month (UTC)"),
    ],
)  # fmt: skip
def test_schedules_in_words(text: str, words: str) -> None:
    assert schedule_words(parse(text), "UTC") == words


def test_the_next_three_times_are_those_of_the_schedule() -> None:
    cron = next_times(parse("0 6 * * 0"), None, NOW, "UTC")
    assert [time.isoformat() for time in cron] == [
        "2026-11-29T06:00:00+00:00",
        "2026-12-06T06:00:00+00:00",
        "2026-12-13T06:00:00+00:00",
    ]
    every = next_times(parse("every 2 hours"), NOW + timedelta(minutes=7), NOW, "UTC")
    assert [(time - NOW) for time in every] == [timedelta(minutes=7 + 120 * step) for step in range(3)]
    assert cron_words("0,20,40 * * * *") == "every 20 minutes"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "just now"), (-90, "1 minute ago"), (3 * 3600 + 5, "in 3 hours"), (-2 * 86400, "2 days ago"), (5, "in a moment")],
)  # fmt: skip
def test_times_in_words(seconds: int, words: str) -> None:
    assert spoken(NOW + timedelta(seconds=seconds), NOW) == words


def test_how_long_a_run_took() -> None:
    assert took(NOW, NOW + timedelta(seconds=2.34)) == "2.3 s"
    assert took(NOW, NOW + timedelta(minutes=75)) == "1 h 15 min"
    assert took(NOW, None) == ""


def test_every_page_names_its_fields_and_has_one_heading(page: Page) -> None:
    visit = page.logged_in()
    for path in (
        "/",
        "/runs",
        "/runs/run-1",
        "/customers",
        "/reviews",
        "/reviews/1",
        "/connections",
        "/settings",
    ):
        text = visit.get(path).text
        assert text.count("<h1") == 1, path
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids)), path
        for control in re.findall(r"<(?:input|select)(?![^>]*type=\"hidden\")[^>]*>", text):
            found = re.search(r'id="([^"]+)"', control)
            assert found, (path, control)
            assert f'for="{found.group(1)}"' in text, (path, control)

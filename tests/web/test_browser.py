"""The page in a real browser on a real daemon: an admin's five stories, from the first login to an undone run.

Wants the system's chromium.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.daemon.conftest import IDLE, Daemon, Place, place, until
from tests.web.browsing import PATHS, Admin, admin_at, browser

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
__all__ = ["browser", "place"]

# An admin who syncs by hand, approves first writes, and decides conflicts about phone numbers in person.
BY_HAND = {**IDLE, "SYNCD__SAFETY__APPROVE": "first", "SYNCD__FIELDS__PHONE__CONFLICT": "review"}
HOSTILE = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg onload=alert(1)>", "\"><script>alert(1)</script>",
    "'><img src=x onerror=alert(1)>", "javascript:alert(1)", "<iframe src=javascript:alert(1)>", "<body onload=alert(1)>",
    "<a href=javascript:alert(1)>x</a>", "{{constructor.constructor('alert(1)')()}}", "${alert(1)}", "<%= 7*7 %>",
    "{% raw %}{{ 7*7 }}", "</title><script>alert(1)</script>", "</textarea><script>alert(1)</script>",
    "--><script>alert(1)</script>", "]]><script>alert(1)</script>", "<math><mtext></mtext><script>alert(1)</script></math>",
    "<details open ontoggle=alert(1)>", "<input autofocus onfocus=alert(1)>", "\\\"-alert(1)-\\\"", "&lt;script&gt;alert(1)",
    "%3Cscript%3Ealert(1)%3C/script%3E", "<ScRiPt>alert(1)</sCrIpT>", "<style>*{background:url(//x)}</style>",
    "<link rel=stylesheet href=//x>", "<base href=//x>", "<form action=//x><button>go</button>", "\u202eelpmaxe", "=1+1",
)  # fmt: skip
CRM_PHONE, TILL_PHONE = "+32470555001", "0470555002"


def test_an_admins_five_stories(place: Place, browser: Browser) -> None:
    place.sandbox.kiotviet.human_create(
        name="An Peeters", email="an@example.com", contactNumber="0470 99 99 98"
    )
    daemon = place.start(**BY_HAND)
    daemon.says("The admin page is at")
    admin = _looks_before_anything_is_written(browser, daemon, place)
    _approves_the_plan_and_follows_it(admin, place)
    customer = _asks_why(admin)
    _decides_by_keys(admin, place, customer)
    _undoes_a_run(admin, place)
    assert admin.faults == []
    assert daemon.end() == 0


def _looks_before_anything_is_written(browser: Browser, daemon: Daemon, place: Place) -> Admin:
    """First story: the one-time link, a password, and a dry run."""
    admin = admin_at(browser, daemon)
    until(lambda: place.done() >= 4, "the first scheduled runs")
    before = place.customers()
    admin.open("/")
    admin.page.click("text=Dry run of all")
    admin.wait_for_end()
    assert "nothing was written" in admin.text()
    assert place.customers() == before
    return admin


def _approves_the_plan_and_follows_it(admin: Admin, place: Place) -> None:
    """Second story: sync, see what waits, approve all of it, until everybody is at every vendor."""
    until(lambda: _all_approved(admin, place), "everybody at every vendor", 120)
    until(lambda: place.done() == len(place.runs()), "nothing under way")


def _all_approved(admin: Admin, place: Place) -> bool:
    """Approve the first plan that waits, if any; tell whether everybody is at every vendor."""
    if "Look at the plan" in admin.open("/"):
        admin.page.click("text=Look at the plan >> nth=0")
        admin.page.wait_for_load_state()
        # a run may have ended meanwhile that replaced the plan, or carried it out
        if admin.page.locator("text=Approve all").count():
            admin.page.click("text=Approve all")
            assert "Approved" in admin.text()
    return set(place.customers().values()) == {3, 4}


def _asks_why(admin: Admin) -> str:
    """Third story: find a customer, see golden beside every record, and why the e-mail is what it is."""
    customer = admin.find("an@example.com")
    row = admin.page.locator("tr:has(th:text-is('E-mail'))")
    row.locator("summary").click()
    assert "The most trusted connection's first value" in row.inner_text()
    admin.page.click("text=as of then >> nth=0")
    assert "As it was after" in admin.text()
    return customer


def _decides_by_keys(admin: Admin, place: Place, customer: str) -> None:
    """Fourth story: a duplicate and a conflict, each walked to with j, opened with Enter, and decided by a number."""
    _decide(admin, "Duplicate in one connection", "1")
    assert "admin decided: Keep as it is" in admin.text()
    crm = next(iter(place.sandbox.perfex.snapshot()))
    place.sandbox.perfex.human_edit(crm, contact={"phonenumber": CRM_PHONE})
    place.sandbox.kiotviet.human_edit(_at_the_till(place), contactNumber=TILL_PHONE)
    admin.open("/")
    admin.page.click("text=Sync all now")
    admin.wait_for_end()
    _decide(admin, "Two edits that did not know of each other", "2")
    assert "admin decided" in admin.text()
    until(lambda: place.done() == len(place.runs()), "the run that carries the decision out")
    assert "Two edits" not in admin.open("/reviews")
    chosen = admin.page.goto(admin.address + customer)
    assert chosen is not None
    golden = admin.page.inner_text("tr:has(th:text-is('Phone')) td.gold")
    assert golden.startswith((CRM_PHONE, TILL_PHONE, "+32470555002"))


def _at_the_till(place: Place) -> str:
    """Return the id of the record at the till that is written to."""
    known = place.sandbox.kiotviet.snapshot()
    return min(one for one, shown in known.items() if shown.get("email") == "an@example.com")


def _decide(admin: Admin, title: str, key: str) -> None:
    """Walk down the open reviews to one with a title, open it and press a key."""
    admin.open("/reviews")
    titles = admin.page.locator("tbody tr td:first-child").all_inner_texts()
    place = next(number for number, one in enumerate(titles) if one.startswith(title))
    for _ in range(place + 1):
        admin.page.keyboard.press("j")
    admin.page.keyboard.press("Enter")
    admin.page.wait_for_selector("text=Your decision")
    admin.page.keyboard.press(key)
    admin.page.wait_for_selector("text=admin decided")


def _undoes_a_run(admin: Admin, place: Place) -> None:
    """Fifth story: somebody edits at a vendor; the run that brought it is undone, also at that vendor."""
    userid = next(iter(place.sandbox.perfex.snapshot()))
    place.sandbox.perfex.human_edit(userid, city="Brugge")
    admin.open("/")
    admin.page.click("article:has-text('crm') >> text=Sync now")
    run = admin.wait_for_end()
    customer = admin.find("an@example.com")
    assert admin.page.inner_text("tr:has(th:text-is('City')) td.gold").startswith("Brugge")
    admin.open(run)
    admin.page.click("button:has-text('Undo')")
    admin.page.wait_for_url("**said=undone")
    admin.open(customer)
    assert admin.page.inner_text("tr:has(th:text-is('City')) td.gold").startswith("Gent")
    until(
        lambda: _all_approved(admin, place) and place.sandbox.perfex.snapshot()[userid]["city"] == "Gent",
        "Gent in the CRM",
        90,
    )


def test_thirty_hostile_names_do_nothing_anywhere(place: Place, browser: Browser) -> None:
    for number, name in enumerate(HOSTILE):
        place.sandbox.kiotviet.human_create(name=name, email=f"odd{number}@example.com", address=name)
    daemon = place.start(**BY_HAND)
    daemon.says("The admin page is at")
    admin = admin_at(browser, daemon)
    until(lambda: place.done() >= 4, "the first scheduled runs")
    runs = [f"/runs/run-{number}" for number in range(1, 5)]
    for path in (*PATHS, *runs, "/customers?show=pending", "/customers?show=held", "/connections/new"):
        admin.open(path)
    operation = admin.page.goto(admin.address + "/runs/run-4")
    assert operation is not None
    links = _links(admin, "/customers", "tbody a")
    assert len(links) >= len(HOSTILE)
    planned = [link for run in runs for link in _links(admin, run, ".change a[href^='/operations/']")]
    reviews = _links(admin, "/reviews", "tbody a")
    for link in (*links, *planned[:20], *reviews):
        assert admin.open(link)
    assert admin.faults == []
    assert daemon.end() == 0


def _links(admin: Admin, path: str, which: str) -> list[str]:
    """Return where links on a page lead."""
    admin.open(path)
    found = admin.page.eval_on_selector_all(which, "all => all.map(one => one.getAttribute('href'))")
    return [str(link) for link in found]

"""What vendors do to values on the way in, as switches, and the webhooks of KiotViet and Omniwallet."""

import base64
import hashlib
import hmac
import unicodedata
from typing import Any

import pytest

from syncd.sandbox import Sandbox
from syncd.sandbox.mangle import mangled
from syncd.sandbox.webhooks import NotLoopback, check_loopback
from tests.sandbox.callers import Caller, Clock, Receiver


@pytest.mark.parametrize(
    ("names", "value", "stored"),
    [
        (["upper"], "Đặng", "ĐẶNG"),
        (["lower"], "A@X", "a@x"),
        (["title"], "van den broeck", "Van Den Broeck"),
        (["trim"], "  a ", "a"),
        (["cut:3"], "abcdef", "abc"),
        (["trim", "upper", "cut:2"], " abc ", "AB"),
        (["nfd"], "Hà", unicodedata.normalize("NFD", "Hà")),
        (["phone_digits"], "+84 (0)912.345", "+840912345"),
        (["phone_spaces"], "0912345678", "091 234 567 8"),
        (["phone_zeros"], "+84 912", "0084912"),
        (["null_to_empty"], None, ""),
        (["empty_to_null"], "", None),
        (["drop"], "x", ""),
        (["upper"], 5, 5),
    ],
)
def test_a_mangler(names: list[str], value: Any, stored: Any) -> None:
    assert mangled({"f": value}, {"f": names}) == {"f": stored}


def test_an_ignored_field_keeps_its_old_value(sandbox: Sandbox, crm: Caller) -> None:
    userid = sandbox.perfex.human_create(company="Old", city="Gent")
    sandbox.perfex.switches.mangle = {"city": ["ignore"], "company": ["upper"]}
    crm.put(f"/customers/{userid}", json={"company": "new", "city": "Brugge"})
    stored = sandbox.perfex.snapshot()[userid]
    assert (stored["company"], stored["city"]) == ("NEW", "Gent")


def test_contacts_are_mangled_under_their_own_names(sandbox: Sandbox, crm: Caller) -> None:
    sandbox.perfex.switches.mangle = {"contact.phonenumber": ["phone_digits"], "phonenumber": ["cut:2"]}
    userid = sandbox.perfex.human_create(company="A", phonenumber="0470 1")
    form = {"customer_id": userid, "firstname": "A", "lastname": "B", "email": "a@example.com"}
    crm.post("/contacts", data={**form, "phonenumber": "0470 11", "donotsendwelcomeemail": "on"})
    stored = sandbox.perfex.snapshot()[userid]
    assert (stored["phonenumber"], stored["contacts"][0]["phonenumber"]) == ("04", "047011")


def test_every_vendor_mangles(sandbox: Sandbox, shop: Caller, booking: Caller) -> None:
    sandbox.kiotviet.switches.mangle = {"name": ["upper"]}
    sandbox.omniwallet.switches.mangle = {"name": ["title"]}
    sandbox.pexip_engage.switches.mangle = {"firstName": ["cut:2"]}
    assert shop.post("/customers", json={"name": "bê"}).json()["data"]["name"] == "BÊ"
    sandbox.omniwallet.human_create(name="ana", email="ana@example.com")
    assert sandbox.omniwallet.snapshot()["ana@example.com"]["name"] == "Ana"
    assert booking.post("/customers", json={"firstName": "Jan-Piet"}).json()["data"]["firstName"] == "Ja"


@pytest.mark.parametrize("form", ["text", "bytes"])
def test_kiotviet_signs_with_sha256_under_the_name_of_sha1(
    sandbox: Sandbox, shop: Caller, receiver: Receiver, form: Any
) -> None:
    sandbox.kiotviet.switches.hook_key = form
    secret = base64.b64encode(b"key").decode()
    hook = {"Type": "customer.update", "Url": receiver.url, "IsActive": True, "Secret": secret}
    assert shop.post("/webhooks", json={"Webhook": hook}).json()["type"] == "customer.update"
    key = sandbox.kiotviet.human_create(name="A", contactNumber="0912")
    assert [each.status for each in sandbox.kiotviet.deliver_webhooks()] == [200]
    headers, body = receiver.received[0]
    used = b"key" if form == "bytes" else secret.encode()
    assert headers["x-hub-signature"] == f"sha1={hmac.new(used, body, hashlib.sha256).hexdigest()}"
    notification = receiver.bodies[0]["Notifications"][0]
    assert notification["Action"].startswith("customer.update")
    assert (notification["Data"][0]["Id"], notification["Data"][0]["ContactNumber"]) == (int(key), "0912")
    assert "Groups" not in notification["Data"][0]


def test_kiotviet_tells_of_deletions_and_stops_after_a_4xx(
    sandbox: Sandbox, shop: Caller, receiver: Receiver
) -> None:
    hook = {"Type": "customer.delete", "Url": receiver.url}
    shop.post("/webhooks", json={"Webhook": hook})
    keys = [sandbox.kiotviet.human_create(name=name) for name in "ABC"]
    receiver.status = 500
    sandbox.kiotviet.human_delete(keys[0])
    assert [each.attempt for _ in range(2) for each in sandbox.kiotviet.deliver_webhooks()] == [1, 2]
    receiver.status = 404
    sandbox.kiotviet.deliver_webhooks()
    assert receiver.bodies[0] == {"RemoveId": [int(keys[0])]}
    sandbox.kiotviet.human_delete(keys[1])
    assert sandbox.kiotviet.deliver_webhooks() == []
    assert shop.get("/webhooks/1").json()["isActive"] is False
    assert shop.delete("/webhooks/1").status_code == 200
    assert shop.get("/webhooks").json()["total"] == 0


def test_omniwallet_tells_who_but_not_what_until_it_is_heard(
    sandbox: Sandbox, receiver: Receiver, clock: Clock
) -> None:
    sandbox.omniwallet.hooks.add(receiver.url, "s3", ("customer.created",))
    sandbox.omniwallet.human_create(name="Ana", email="ana@example.com")
    sandbox.omniwallet.human_edit("ana@example.com", phone="1")
    receiver.status = 500
    first = sandbox.omniwallet.deliver_webhooks()
    receiver.status = 200
    second = sandbox.omniwallet.deliver_webhooks()
    assert [(each.id, each.attempt, each.arrived) for each in first + second] == [
        ("evt-1", 1, False),
        ("evt-1", 2, True),
    ]
    headers, body = receiver.received[1]
    stamp = headers["x-omniwallet-timestamp"]
    assert stamp == str(int(clock().timestamp()))
    signed = hmac.new(b"s3", f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["x-omniwallet-signature"] == signed
    assert receiver.bodies[1] == {"event": "customer.created", "data": {"customer_id": "ana@example.com"}}
    assert sandbox.omniwallet.deliver_webhooks() == []


def test_omniwallet_gives_up_after_a_day(sandbox: Sandbox, receiver: Receiver, clock: Clock) -> None:
    sandbox.omniwallet.hooks.add(receiver.url, "s3")
    sandbox.omniwallet.human_create(name="Ana", email="ana@example.com")
    receiver.status = 500
    clock.forward(86_401)
    assert len(sandbox.omniwallet.deliver_webhooks()) == 1
    assert sandbox.omniwallet.deliver_webhooks() == []


def test_nothing_is_delivered_to_another_machine() -> None:
    check_loopback("http://127.0.0.1:8080/x")
    check_loopback("http://[::1]/x")
    for url in ("http://192.0.2.7/x", "https://hooks.example.com/", "nonsense"):
        with pytest.raises(NotLoopback):
            check_loopback(url)

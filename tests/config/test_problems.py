"""Every slip of the pen is told with its line, its key and what to write instead; none hides another."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.config.files import BOOKING, CRM, LOYALTY, SECRETS, SHOP, problems_of

# text, line (None: not in the file), key, a piece of what is said
SLIPS = [
    ("[safety]\nsetle_seconds = 5\n", 2, "safety.setle_seconds", "Did you mean settle_seconds?"),
    ('[safety]\napprove = "frist"\n', 2, "safety.approve", '"first", "always", "over_limits" or "never"'),
    ("[safety]\nmax_creates = 50\n", 2, "safety.max_creates", '[50, "10%"]'),
    ('[safety]\nmax_clears = [1, "2"]\n', 2, "safety.max_clears", '[50, "10%"]'),
    ('[safety]\nmax_deletes = [-1, "2%"]\n', 2, "safety.max_deletes", '[50, "10%"]'),
    ("[safety]\nread_before_write = -1\n", 2, "safety.read_before_write", "at least 0"),
    ("[weeb]\nport = 1\n", 1, "weeb", "Did you mean web?"),
    ("[web]\nport = 70000\n", 2, "web.port", "at most 65535"),
    ('[web]\nport = "many"\n', 2, "web.port", "must be a number"),
    ('[web]\npublic_url = "syncd.example.com"\n', 2, "web.public_url", "https://syncd.example.com"),
    (
        '[web]\npublic_url = "https://example.com/syncd"\n',
        2,
        "web.public_url",
        'Write "https://example.com".',
    ),
    (
        '[identity]\nmatch = ["email",\n  "mail"]\n',
        2,
        "identity.match.1",
        '"external_id", "email" or "phone"',
    ),
    ('[identity]\nblocked = "test@*"\n', 2, "identity.blocked", "must be a list"),
    ('[fields.fone]\nconflict = "newest"\n', 1, "fields.fone", "Did you mean phone?"),
    ('[fields.phone]\nowner = "cmr"\n', 2, "fields.phone.owner", "Did you mean crm?"),
    ('[fields.points]\nowner = "*"\n', 2, "fields.points.owner", "There are crm"),
    (
        '[fields.city]\nconflict = "review"\n[fields.address]\nconflict = "priority"\n',
        1,
        "fields.city",
        "Write it once, as [fields.address].",
    ),
    ('[store]\nurl = "mysql://h/db"\n', 2, "store.url", "SQLite or PostgreSQL"),
    ('[store]\nurl = "sqlite://"\n', 2, "store.url", "must outlive the process"),
    ('[log]\nlevel = "loud"\n', 2, "log.level", '"debug", "info", "warning" or "error"'),
    ('[alerts]\nto = ["a@example.com"]\n', 1, "alerts.smtp", "mail cannot be sent"),
    ('[daemon]\ntime_zone = "Mars/Base"\n', 2, "daemon.time_zone", "is not a time zone"),
    ("connections = 3\n", 1, "connections", "must be a table"),
]

# what is written after the crm's table, from its line 5 on
CRM_SLIPS = [
    ('retailer = "x"\n', "retailer", "is a setting of kiotviet"),
    ('scedule = "every 5 minutes"\n', "scedule", "Did you mean schedule?"),
    ('schedule = "now and then"\n', "schedule", "every 5 minutes"),
    ('schedule = "61 * * * *"\n', "schedule", "minute (0 to 59)"),
    ('region = "UK"\n', "region", 'Write "GB"'),
    ('push = "update"\n', "push", "must be a list"),
    ('push = ["delete"]\n', "push.0", '"create" or "update"'),
    ('only = { contry = ["BE"] }\n', "only.contry", "Did you mean country?"),
    ('fields = { notez = "off" }\n', "fields.notez", "Did you mean notes?"),
    ('fields = { notes = "of" }\n', "fields.notes", "is no direction"),
    ('groups = "ignore"\n', "groups", '"hold", "unused"'),
    ("groups = []\n", "groups", '"hold", "unused"'),
    ('external_id = "crm"\nexternal_id_field = "custom:4"\n', "external_id", "does not refer to itself"),
    ('external_id = "erp"\n', "external_id_field", 'Write external_id_field = "custom:4".'),
    ('external_id_field = "vat"\n', "external_id_field", 'Write external_id_field = "custom:4".'),
    ("timeout = 0\n", "timeout", "must be more than 0"),
    ('name = "other"\n', "name", "no such setting"),
    ('token_url = "https://x.example.com"\n', "token_url", "is a setting of kiotviet and pexip_engage"),
]

ADDRESSES = [
    (CRM, "https://crm.example.com", "https://crm.example.com/api", 'Write "https://crm.example.com".'),
    (
        CRM,
        "https://crm.example.com",
        "https://crm.example.com/crm/api/customers",
        'Write "https://crm.example.com/crm".',
    ),
    (CRM, "https://crm.example.com", "http://crm.example.com", "allow_http = true"),
    (CRM, "https://crm.example.com", "https://user:pw@crm.example.com", "Write https://crm.example.com."),
    (CRM, "https://crm.example.com", "https://crm.example.com?x=1", "Write https://crm.example.com."),
    (CRM, "https://crm.example.com", "ftp://crm.example.com", "is not a web address"),
    (CRM, "https://crm.example.com", "crm.example.com", "is not a web address"),
    (CRM, "https://crm.example.com", "https://169.254.169.254", "no vendor's address"),
    (CRM, "https://crm.example.com", "https://[fe80::1]", "no vendor's address"),
    (CRM, "https://crm.example.com", "https://127.0.0.1", "allow_private = true"),
    (CRM, "https://crm.example.com", "https://[::1]", "allow_private = true"),
    (CRM, "https://crm.example.com", "https://localhost", "allow_private = true"),
    (CRM, "https://crm.example.com", "https://192.168.1.5", "allow_private = true"),
    (CRM, "https://crm.example.com", "https://2130706433", "a number in disguise"),
    (CRM, "https://crm.example.com", "https://0x7f000001", "a number in disguise"),
    (CRM, "https://crm.example.com", "https://127.1", "a number in disguise"),
    (CRM, "https://crm.example.com", "https://crm.example.com:port", "is not a web address"),
]


@pytest.mark.parametrize(("text", "line", "key", "said"), SLIPS, ids=[slip[2] for slip in SLIPS])
def test_a_slip_is_told_with_its_line_and_key(
    tmp_path: Path, text: str, line: int, key: str, said: str
) -> None:
    found = problems_of(tmp_path, text + ("" if "connections =" in text else CRM))
    assert [problem.key for problem in found] == [key]
    assert found[0].where == f"{tmp_path / 'syncd.toml'}:{line}"
    assert said in str(found[0])


@pytest.mark.parametrize(("text", "key", "said"), CRM_SLIPS, ids=[slip[0].strip() for slip in CRM_SLIPS])
def test_a_slip_in_a_connection(tmp_path: Path, text: str, key: str, said: str) -> None:
    found = problems_of(tmp_path, CRM + text)
    assert [problem.key for problem in found] == [f"connections.crm.{key}"]
    assert said in str(found[0])
    assert found[0].where.startswith(f"{tmp_path / 'syncd.toml'}:")


@pytest.mark.parametrize(("table", "good", "bad", "said"), ADDRESSES, ids=[each[2] for each in ADDRESSES])
def test_an_address_that_no_vendor_has(tmp_path: Path, table: str, good: str, bad: str, said: str) -> None:
    found = problems_of(tmp_path, table.replace(good, bad))
    assert [problem.key for problem in found] == ["connections.crm.base_url"]
    assert found[0].where.endswith(":3")
    assert said in str(found[0])
    assert "pw" not in str(found[0])


@pytest.mark.parametrize(
    ("table", "line", "said"),
    [
        (LOYALTY, 'base_url = "https://api.omniwallet.cloud"', 'Write "https://api.omniwallet.cloud/v1".'),
        (
            BOOKING,
            'base_url = "https://api.pexipengage.com/enterprises/acme"',
            'Write "https://api.pexipengage.com".',
        ),
        (SHOP, 'base_url = "https://public.kiotapi.com/customers"', 'Write "https://public.kiotapi.com".'),
        (SHOP, 'token_url = "http://id.kiotviet.vn/connect/token"', "https://id.kiotviet.vn/connect/token"),
        (SHOP, "pull = { grup = 12 }", "Did you mean group?"),
        (SHOP, 'external_id = "crm"', 'Write external_id_field = "code".'),
        (SHOP, 'fields = { notes = "custom:4" }', "KiotViet has no custom fields"),
        (LOYALTY, 'external_id = "crm"', "has no field for external ids"),
    ],
)
def test_what_one_vendor_does_not_have(tmp_path: Path, table: str, line: str, said: str) -> None:
    found = problems_of(tmp_path, f"{table}{line}\n")
    assert len(found) == 1
    assert said in str(found[0])


def test_all_problems_come_together(tmp_path: Path) -> None:
    text = "".join(
        slip[0] for slip in SLIPS if slip[0].startswith(("[safety]\nset", "[weeb]", "[fields.fone]"))
    )
    found = problems_of(tmp_path, text + CRM.replace("https", "http") + 'region = "UK"\n' + SHOP, {})
    assert [problem.key for problem in found] == [
        "safety.setle_seconds",
        "weeb",
        "fields.fone",
        "connections.crm.base_url",
        "connections.crm.token",
        "connections.crm.region",
        "connections.shop-hanoi.client_id",
        "connections.shop-hanoi.client_secret",
    ]


@pytest.mark.parametrize(
    ("text", "where", "said"),
    [
        ("[store\n", ":1", "Expected"),
        ("a = \n", ":1", "Invalid value"),
        (CRM + CRM, ":5", "twice"),
    ],
)
def test_text_that_is_no_toml(tmp_path: Path, text: str, where: str, said: str) -> None:
    found = problems_of(tmp_path, text)
    assert len(found) == 1
    assert found[0].where.endswith(where)
    assert said in found[0].what


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "syncd.toml").write_bytes(b'a = "\xff"')
    from syncd.config import load
    from syncd.errors import ConfigError

    with pytest.raises(ConfigError, match="UTF-8"):
        load(tmp_path / "syncd.toml", {})


def test_two_connections_of_one_account(tmp_path: Path) -> None:
    second = CRM.replace("crm]", "crm2]").replace("crm.example.com", "CRM.example.com/")
    assert [problem.key for problem in problems_of(tmp_path, CRM + second)] == ["connections.crm2"]
    other_shop = SHOP.replace("shop-hanoi", "shop-hue").replace("myshop", "another")
    assert problems_of(tmp_path, SHOP + other_shop) == []
    same_shop = SHOP.replace("shop-hanoi", "shop-hue").replace("myshop", "MyShop")
    assert [problem.key for problem in problems_of(tmp_path, SHOP + same_shop)] == ["connections.shop-hue"]


ENVIRONMENT = [
    ({"SYNCD__WEB__PORT": "many"}, "environment SYNCD__WEB__PORT", "web.port"),
    ({"SYNCD__WEB__PROT": "1"}, "environment SYNCD__WEB__PROT", "web.prot"),
    ({"SYNCD__STOER__URL": "x"}, "environment SYNCD__STOER__URL", "stoer"),
    (
        {"SYNCD__CONNECTIONS__CRM__PUSH": "[update]"},
        "environment SYNCD__CONNECTIONS__CRM__PUSH",
        "connections.crm.push",
    ),
    ({"SYNCD__STORE": "x"}, "environment SYNCD__STORE", "store"),
    ({"SYNCD__WEB__PUBLIC_URL": "syncd.lan"}, "environment SYNCD__WEB__PUBLIC_URL", "web.public_url"),
    (
        {
            "SYNCD__CONNECTIONS__TWO__VENDOR": "perfex",
            "SYNCD__CONNECTIONS__TWO__BASE_URL": "https://two.example",
        },
        "environment SYNCD__CONNECTIONS__TWO__BASE_URL",
        "connections.two.token",
    ),
]


@pytest.mark.parametrize(("environ", "where", "key"), ENVIRONMENT, ids=[each[2] for each in ENVIRONMENT])
def test_a_slip_in_the_environment(tmp_path: Path, environ: Mapping[str, str], where: str, key: str) -> None:
    found = problems_of(tmp_path, CRM, {**SECRETS, **environ})
    assert [(problem.where, problem.key) for problem in found] == [(where, key)]

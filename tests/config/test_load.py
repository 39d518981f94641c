"""What a good configuration gives: defaults, overrides, places, sources."""

from datetime import timedelta
from pathlib import Path

import pytest

from syncd.config import FIELDS, Limit, find_file, load
from syncd.config.places import line_numbers
from syncd.config.section import UNITS
from syncd.config.show import rows
from syncd.customer import ADDRESS, NAME
from syncd.customer import FIELDS as CANONICAL
from syncd.errors import ConfigError
from tests.config.files import BOOKING, CRM, LOYALTY, SECRETS, SHOP, settings_of

ALL = CRM + SHOP + LOYALTY + BOOKING


def test_the_canonical_fields_are_the_customers() -> None:
    assert FIELDS == CANONICAL
    assert UNITS == {"name": NAME, "address": ADDRESS}


def test_defaults(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, ALL)
    crm, shop = settings.connections["crm"], settings.connections["shop-hanoi"]
    assert crm.push == {"update"}
    assert (crm.on_delete, crm.region, shop.region, crm.schedule) == ("unlink", None, "VN", None)
    assert crm.options == {"groups": "hold", "permissions": (), "per_minute": 0}
    shop_words = {"hidden_phones": "hold", "put_null": "clear"}
    token_url = "https://id.kiotviet.vn/connect/token"
    assert shop.options == {"token_url": token_url, "retailer": "myshop", **shop_words}
    assert shop.base_url == "https://public.kiotapi.com"
    assert settings.safety.max_creates == Limit(50, 10.0)
    assert settings.store.url == f"sqlite:///{tmp_path}/var/syncd.db"
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8384)
    assert set(settings.fields) == set(FIELDS)
    assert settings.fields["phone"].conflict == "newest"
    assert settings.warnings == ()


def test_trust_follows_the_numbers_and_then_the_file(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, CRM + SHOP + "priority = 2\n" + LOYALTY)
    assert {name: each.priority for name, each in settings.connections.items()} == {
        "crm": 3,
        "shop-hanoi": 2,
        "loyalty": 4,
    }


def test_a_connection_in_full(tmp_path: Path) -> None:
    text = (
        SHOP
        + 'branch = 4\npull = { group = 12 }\nschedule = "every 5 minutes"\npush = []\n'
        + 'only = { country = "vn", city = ["Hà Nội", "Huế"] }\nfields = { notes = "off" }\n'
        + 'external_id = "erp"\nexternal_id_field = "code"\n'
    )
    shop = settings_of(tmp_path, text).connections["shop-hanoi"]
    assert shop.options["pull"] == {"group": 12}
    assert shop.options["branch"] == 4
    assert shop.schedule is not None
    assert shop.schedule.every == timedelta(minutes=5)
    assert shop.push == frozenset()
    assert shop.only == {"country": ("vn",), "city": ("Hà Nội", "Huế")}
    assert shop.fields == {"notes": "off"}


def test_a_unit_has_one_policy(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path, CRM + '[fields.address]\non_clear = "propagate"\n[fields.last_name]\nconflict = "review"\n'
    )
    assert {settings.fields[part].on_clear for part in ADDRESS} == {"propagate"}
    assert {settings.fields[part].conflict for part in NAME} == {"review"}


def test_groups_may_be_everybodys(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, CRM + '[fields.groups]\nowner = "*"\n')
    assert settings.fields["groups"].owner == "*"


@pytest.mark.parametrize("url", ["sqlite:///var/a.db", "sqlite+pysqlite:///./var/a.db"])
def test_a_relative_store_stands_beside_the_file(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert (
        settings_of(tmp_path, f'{CRM}[store]\nurl = "{url}"\n').store.url == f"sqlite:///{tmp_path}/var/a.db"
    )


def test_an_absolute_store_stays(tmp_path: Path) -> None:
    assert (
        settings_of(tmp_path, f'{CRM}[store]\nurl = "sqlite:////srv/a.db"\n').store.url
        == "sqlite:////srv/a.db"
    )


def test_flag_over_environment_over_file(tmp_path: Path) -> None:
    text = f"{CRM}[web]\nport = 1\n"
    environ = {**SECRETS, "SYNCD__WEB__PORT": "2", "syncd__web__host": "::1"}
    assert settings_of(tmp_path, text).web.port == 1
    settings = settings_of(tmp_path, text, environ)
    assert (settings.web.port, settings.web.host) == (2, "::1")
    assert settings_of(tmp_path, text, environ, web__port=3).web.port == 3


def test_the_environment_speaks_toml_where_it_must(tmp_path: Path) -> None:
    environ = {
        **SECRETS,
        "SYNCD__SAFETY__MAX_CREATES": '[7, "3%"]',
        "SYNCD__CONNECTIONS__SHOP_HANOI__PUSH": '["create"]',
        "SYNCD__CONNECTIONS__SHOP_HANOI__ALLOW_HTTP": "true",
        "SYNCD__CONNECTIONS__SHOP_HANOI__BASE_URL": "http://127.0.0.1:99/",
        "SYNCD__CONNECTIONS__SHOP_HANOI__RETAILER": "0123",
        "SYNCD__CONNECTIONS__SHOP_HANOI__FIELDS__NOTES": "off",
        "SYNCD__FIELDS__PHONE__ON_CLEAR": "propagate",
    }
    settings = settings_of(tmp_path, SHOP, environ)
    shop = settings.connections["shop-hanoi"]
    assert settings.safety.max_creates == Limit(7, 3.0)
    assert shop.push == {"create"}
    assert (shop.base_url, shop.options["retailer"]) == ("http://127.0.0.1:99", "0123")
    assert shop.fields == {"notes": "off"}
    assert settings.fields["phone"].on_clear == "propagate"


def test_sources_say_who_spoke(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, CRM, {**SECRETS, "SYNCD__LOG__LEVEL": "debug"}, web__port=0)
    said = {row.key: (row.value, row.source) for row in rows(settings)}
    assert said["connections.crm.token"] == ("env:CRM_TOKEN", f"{tmp_path / 'syncd.toml'}:4")
    assert said["log.level"] == ("debug", "environment SYNCD__LOG__LEVEL")
    assert said["web.port"] == (0, "flag")
    assert said["safety.max_creates"] == ([50, "10%"], "default")


def test_advice(tmp_path: Path) -> None:
    assert [each.key for each in settings_of(tmp_path, "").warnings] == ["connections"]
    plain = CRM.replace("https", "http") + "allow_http = true\ntimeout = 100\n"
    assert [each.key for each in settings_of(tmp_path, plain).warnings] == [
        "connections.crm.allow_http",
        "connections.crm.timeout",
    ]


def test_where_a_configuration_is_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {"HOME": str(tmp_path / "home"), "XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    with pytest.raises(ConfigError, match="syncd init"):
        find_file(None, environ)
    xdg = tmp_path / "xdg" / "syncd" / "syncd.toml"
    xdg.parent.mkdir(parents=True)
    xdg.write_text("")
    assert find_file(None, environ) == xdg
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "syncd.toml").write_text("")
    assert find_file(None, environ) == Path("config/syncd.toml")
    assert find_file(None, {**environ, "SYNCD_CONFIG": "/named.toml"}) == Path("/named.toml")
    assert find_file(Path("flag.toml"), {**environ, "SYNCD_CONFIG": "/named.toml"}) == Path("flag.toml")


def test_a_named_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.toml: file: cannot be read"):
        load(tmp_path / "nothing.toml", {})


def test_lines_are_counted_through_everything_that_toml_allows() -> None:
    text = '''# a comment with [brackets] = "and"
top = 1
[a."b.c"]   # here
x = """
[not.a.table]
y = 3
"""
'q' = [ 1, # ]
  2 ]
z.w = {  k = "}" }
[a]
last = '\\'
'''
    assert line_numbers(text) == {
        ("top",): 2,
        ("a", "b.c"): 3,
        ("a", "b.c", "x"): 4,
        ("a", "b.c", "q"): 8,
        ("a", "b.c", "z", "w"): 10,
        ("a",): 11,
        ("a", "last"): 12,
    }

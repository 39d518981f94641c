"""The settings of a vendor stand in two places, because connectors are a higher floor; here both are compared."""

import pytest

from syncd.config import VENDORS
from syncd.vendors import VENDORS as CONNECTORS

OPTIONAL = {"webhook_secret"}


def test_the_vendors_are_the_same() -> None:
    assert set(VENDORS) == set(CONNECTORS)


@pytest.mark.parametrize("name", sorted(VENDORS))
def test_the_settings_of_a_vendor_are_the_same(name: str) -> None:
    settings, vendor = VENDORS[name], CONNECTORS[name]
    assert settings.title == vendor.title
    assert set(settings.option_names) == set(vendor.options)
    assert set(settings.secret_names) - OPTIONAL == set(vendor.secrets)
    assert settings.account_names == vendor.account


@pytest.mark.parametrize("name", sorted(VENDORS))
def test_the_defaults_of_a_vendor_are_the_same(name: str) -> None:
    for option, (_, default, _) in CONNECTORS[name].options.items():
        info = VENDORS[name].model_fields[option]
        if default is ...:
            assert info.is_required(), option
        elif default:
            assert info.default == default, option
        else:
            assert not info.default, option

"""The vendors' simulators by name."""

import pytest

from syncd.sandbox.kiotviet import KiotViet
from syncd.sandbox.perfex import Perfex
from tests.vendors.perfex_crm import TOKEN, VERSIONS


@pytest.fixture(params=VERSIONS)
def crm(request: pytest.FixtureRequest) -> Perfex:
    """A Perfex installation of each generation."""
    sandbox = Perfex(token=TOKEN)
    sandbox.switches.version = request.param
    return sandbox


@pytest.fixture
def fork() -> Perfex:
    """A Perfex installation of the generation that is simulated by default."""
    return Perfex(token=TOKEN)


@pytest.fixture
def shop() -> KiotViet:
    """A KiotViet shop."""
    return KiotViet(client_id="id", client_secret="secret")

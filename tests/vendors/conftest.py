"""The contract's assertions explain themselves as those of a test file do; and the vendors' simulators by name."""

import pytest

pytest.register_assert_rewrite("tests.vendors.contract")

from syncd.sandbox.kiotviet import KiotViet  # noqa: E402
from syncd.sandbox.perfex import Perfex  # noqa: E402
from tests.vendors.perfex_crm import TOKEN, VERSIONS  # noqa: E402


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

"""How passwords are kept: with the work that a guess is to cost."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from syncd.web.entrance import passwords
from tests.web.conftest import PASSWORD, STRONG


def test_a_password_is_kept_as_the_rfc_recommends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", STRONG)  # the other tests of the page hash with little work
    kept = passwords.hashed(PASSWORD)
    # [RFC 9106, section 4, second recommended option: 64 MiB, three passes]
    assert kept.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert passwords.matches(kept, PASSWORD)
    assert not passwords.matches(kept, f"{PASSWORD}!")
    assert not passwords.outdated(kept)
    assert passwords.outdated(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD))

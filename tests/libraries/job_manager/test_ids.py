"""Ids and secrets with a secret of the operator."""

from __future__ import annotations

import pytest
from redis import Redis

from libraries.job_manager.ids import creation_time, derive_secret, new_id
from libraries.settings import BadSettings, Settings, read_settings, use_settings


def test_ids_and_secrets_are_derived_from_the_secret_key(settings: Settings) -> None:
    """Without the broker, so they remain valid when it loses its data."""
    found: list[tuple[str, bool, bytes]] = []
    for key in ("an old secret key", "another secret key", "an old secret key"):
        use_settings(settings.with_values(secret_key=key))
        job_id = found[0][0] if found else new_id(Redis(), "ann")
        is_known = creation_time(Redis(), job_id, "ann") is not None
        found.append((job_id, is_known, derive_secret("link", "ann")))
    assert [is_known for _, is_known, _ in found] == [True, False, True]
    assert found[0] == found[2] != found[1]
    assert creation_time(Redis(), found[0][0], "bob") is None


def test_a_secret_key_that_can_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "change-me")
    with pytest.raises(BadSettings, match="SECRET_KEY: Must have at least 16 characters") as error:
        read_settings(None)
    assert "change-me" not in str(error.value)

from __future__ import annotations

import base64
import json
import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from libraries.settings import Settings, read_settings
from libraries.webhooks import key_of, secret_of, signed_headers
from tests.errors import raises_code

SECRET = secret_of(bytes(range(32)))
BODY = json.dumps({"type": "job.finished", "data": {"message": "grüße"}}).encode()


def verified(body: bytes, headers: dict[str, str], secret: str = SECRET) -> object:
    return Webhook(secret).verify(body, headers)


@pytest.mark.parametrize("length", [24, 32, 64])
def test_a_signature_is_accepted_by_an_independent_library(length: int) -> None:
    secret = secret_of(bytes(range(length)))
    headers = signed_headers(secret, delivery_id="msg_1", sent_at=int(time.time()), body=BODY)
    assert verified(BODY, headers, secret) == json.loads(BODY)


def test_an_altered_body_id_time_or_secret_is_detected() -> None:
    now = int(time.time())
    headers = signed_headers(SECRET, delivery_id="msg_1", sent_at=now, body=BODY)
    altered = [
        (BODY.replace(b"finished", b"failed"), headers, SECRET),
        (BODY, headers | {"webhook-id": "msg_2"}, SECRET),
        (BODY, headers | {"webhook-timestamp": str(now + 1)}, SECRET),
        (BODY, headers, secret_of(bytes(32))),
    ]
    for body, sent, secret in altered:
        with pytest.raises(WebhookVerificationError):
            verified(body, sent, secret)


def test_a_secret_and_its_key_can_be_converted() -> None:
    assert key_of(SECRET) == bytes(range(32))


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "hunter2",
        base64.b64encode(bytes(32)).decode(),
        f"whsec_{base64.b64encode(bytes(23)).decode()}",
        f"whsec_{base64.b64encode(bytes(65)).decode()}",
        "whsec_" + "ä" * 32,
        "whsec_" + "-" * 32,
        SECRET + "\n",
        SECRET.upper(),
    ],
)
def test_an_invalid_secret_is_rejected_and_not_repeated(secret: str) -> None:
    with raises_code("bad-webhook-secret") as caught:
        key_of(secret)
    assert caught.value.field == "secret"
    assert len(secret) < 8 or secret.strip() not in str(caught.value)


def test_the_setting_only_accepts_a_secret(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert settings.webhooks.webhook_secret == ""
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET)
    chosen = read_settings(None)
    assert chosen.webhooks.webhook_secret == SECRET
    assert SECRET not in repr(chosen)
    monkeypatch.setenv("WEBHOOK_SECRET", "hunter2")
    with pytest.raises(Exception, match="WEBHOOK_SECRET: Must be whsec_") as caught:
        read_settings(None)
    assert "hunter2" not in str(caught.value)

"""Replies: by keyword, and from a language model over HTTP."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from libraries.settings import BadSettings, Settings, read_settings, use_settings
from libraries.texts import generate
from tests.errors import raises_code
from tests.libraries.texts.model_server import model_server, reply

DOCUMENTED = "That's an interesting point... Based on my analysis, I would suggest exploring this topic further."


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("What is the weather like?", ["weather"]),
        ("WEATHER", ["weather"]),
        ("I love food", ["restaurant", "pasta"]),
        ("what shall I eat?", ["restaurant", "pasta"]),
        ("help!", ["help"]),
        ("news about Bauhaus", [DOCUMENTED]),
        ("a great treat", [DOCUMENTED]),
    ],
)
def test_without_a_model_keywords_reply(content: str, words: list[str]) -> None:
    answer = generate(content)
    head, _, text = answer.text.partition("\n")
    assert head == f"🤖 AI Response to '{content}':"
    assert [word for word in words if word not in text] == []
    assert answer.engine == "keywords"


def test_a_configured_model_replies(settings: Settings) -> None:
    with model_server((200, reply(" A plotter draws lines.\n"))) as server:
        use_settings(
            settings.with_values(
                text_model_url=f"{server.url}/", text_model="small", text_model_key="k-1"
            )
        )
        answer = generate("What is a plotter? ñ")
    assert (answer.text, answer.engine) == (
        "🤖 AI Response to 'What is a plotter? ñ':\nA plotter draws lines.",
        "model",
    )
    ((path, headers, question),) = server.requests
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer k-1"
    assert question == {
        "messages": [{"role": "user", "content": "What is a plotter? ñ"}],
        "stream": False,
        "model": "small",
    }


def test_optional_parameters_are_not_sent(settings: Settings) -> None:
    with model_server((200, reply("yes"))) as server:
        use_settings(
            settings.with_values(text_model_url=f"{server.url.removesuffix('/v1')}?version=2")
        )
        assert generate("well?").text.endswith("\nyes")
    ((path, headers, question),) = server.requests
    assert path == "/chat/completions?version=2"
    assert "Authorization" not in headers
    assert "model" not in question


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (500, reply("hello"), "rejected the request (reply 500)"),
        (401, {"error": "the key /secret/place is bad"}, "rejected the request (reply 401)"),
        (307, reply("hello"), "rejected the request (reply 307)"),
        (200, b"no JSON", "cannot be read"),
        (200, b"\xff\xfe", "cannot be read"),
        (200, b"[" * 900_000, "cannot be read"),
        (200, [], "cannot be read"),
        (200, {"choices": []}, "cannot be read"),
        (200, {"choices": [{"message": "hello"}]}, "cannot be read"),
        (200, reply(None), "has no text"),
        (200, reply(" \n"), "has no text"),
        (200, reply(["a"]), "has no text"),
        (200, b" " * 1_000_001, "too large"),
        (0, b"", "does not answer"),
    ],
)
def test_an_unusable_reply_is_a_temporary_error(
    settings: Settings, status: int, body: Any, message: str
) -> None:
    with model_server((status, body)) as server:
        use_settings(settings.with_values(text_model_url=server.url, text_model_key="k-1"))
        with raises_code("model-away") as complaint:
            generate("hello")
    assert message in str(complaint.value)
    assert "secret" not in str(complaint.value)
    assert len(server.requests) == 1


def test_an_unreachable_or_silent_server_is_reported(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("libraries.texts.language_model.TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        use_settings(
            settings.with_values(text_model_url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
        )
        with raises_code("model-away", match="does not answer"):
            generate("hello")
    with raises_code("model-away", match="does not answer"):
        generate("hello")


def test_a_slow_reply_times_out(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def drops() -> Iterator[bytes]:
        while True:
            time.sleep(0.02)
            yield b" "

    monkeypatch.setattr("libraries.texts.language_model.TIMEOUT_S", 0.3)
    with model_server((200, drops())) as server:
        use_settings(settings.with_values(text_model_url=server.url))
        with raises_code("model-away", match="takes too long"):
            generate("hello")


@pytest.mark.parametrize(
    "url", ["http://a..b/v1", f"http://{'a' * 64}.example/v1", "https://127.0.0.1:1/v1"]
)
def test_an_unknown_host_is_reported(settings: Settings, url: str) -> None:
    use_settings(settings.with_values(text_model_url=url))
    with raises_code("model-away", match="does not answer"):
        generate("hello")


def test_a_server_without_tls_is_not_trusted(settings: Settings) -> None:
    with model_server((200, reply("hello"))) as server:
        use_settings(settings.with_values(text_model_url=server.url.replace("http:", "https:")))
        with raises_code("model-away", match="certificate"):
            generate("hello")
    assert server.requests == []


def test_a_long_or_invalid_reply_is_sanitized(settings: Settings) -> None:
    with model_server((200, reply("a\x00\x1b\ud83d")), (200, reply("x" * 50_000))) as server:
        use_settings(settings.with_values(text_model_url=server.url))
        assert generate("hi").text.endswith("\na\ufffd\ufffd\ufffd")
        assert generate("hi").text.endswith(f":\n{'x' * 9_999}…")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TEXT_MODEL_URL", "localhost:11434/v1"),
        ("TEXT_MODEL_URL", "ftp://127.0.0.1/v1"),
        ("TEXT_MODEL_URL", "http:///v1"),
        ("TEXT_MODEL_URL", "http://127.0.0.1:99999/v1"),
        ("TEXT_MODEL_URL", "http://ann:hidden@127.0.0.1/v1"),
        ("TEXT_MODEL_URL", "http://127.0.0.1/v1 x"),
        ("TEXT_MODEL_KEY", "hidden\nX-Other: 1"),
        ("TRANSLATION_PAIR", "eng-spa; rm -r /"),
        ("TRANSLATION_PAIR", "--help"),
        ("TRANSLATION_PAIR", "../eng-spa"),
        ("DEMO_DELAYS", "often"),
    ],
)
@pytest.mark.usefixtures("settings")
def test_invalid_settings_are_rejected_at_the_start(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadSettings, match=name) as complaint:
        read_settings(None)
    assert "hidden" not in str(complaint.value)


def test_the_repr_of_the_settings_has_no_key(settings: Settings) -> None:
    assert "k-1" not in repr(settings.with_values(text_model_key="k-1"))

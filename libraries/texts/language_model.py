"""Client for a language model with the OpenAI API (`POST /chat/completions`), as in Ollama, llama.cpp and vLLM."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import time
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import SplitResult, urlsplit

from libraries.errors import Unavailable
from libraries.texts.contents import printable

TIMEOUT_S = 120.0
MAX_RESPONSE_BYTES = 1_000_000


def ask_model(content: str, url: str, *, model: str = "", key: str = "") -> str:
    """Return the reply of a language model to `content`, at most 10,000 characters, or raise Unavailable.

    `url` is the base URL of the API, such as `http://127.0.0.1:11434/v1`; `model` and `key` (a bearer
    token) are sent if they are not empty.
    """
    question = {"messages": [{"role": "user", "content": content}], "stream": False} | (
        {"model": model} if model else {}
    )
    base = urlsplit(url)
    address = base._replace(path=f"{base.path.rstrip('/')}/chat/completions")
    reply = _reply_text(_post(address, json.dumps(question).encode(), key))
    return printable(reply.strip(), longest=10_000)


def _failed(problem: str) -> Unavailable:
    return Unavailable(problem, code="model-away")


def _reply_text(body: bytes) -> str:
    try:
        reply = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise _failed("the language model's reply cannot be read") from error
    if not isinstance(reply, str) or not reply.strip():
        raise _failed("the language model's reply has no text")
    return reply


def _post(address: SplitResult, body: bytes, key: str) -> bytes:
    """Return the response to `body`. Redirects are not followed, so that the key is not passed on."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    target = f"{address.path}?{address.query}" if address.query else address.path
    deadline = time.monotonic() + TIMEOUT_S
    with _translated_errors(), contextlib.closing(_connection(address)) as connection:
        connection.connect()
        # The first byte of the reply may take long.
        connection.sock.settimeout(TIMEOUT_S)
        connection.request(
            "POST", target, body, headers | ({"Authorization": f"Bearer {key}"} if key else {})
        )
        with connection.getresponse() as response:
            if response.status != HTTPStatus.OK:
                raise _failed(f"the language model rejected the request (reply {response.status})")
            return _read(response, deadline)


def _connection(address: SplitResult) -> http.client.HTTPConnection:
    host, connect_s = address.hostname or "", 10.0
    if address.scheme == "https":
        trust = ssl.create_default_context()
        return http.client.HTTPSConnection(host, address.port, timeout=connect_s, context=trust)
    return http.client.HTTPConnection(host, address.port, timeout=connect_s)


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """Return the body of a response; raise Unavailable after `deadline` (monotonic seconds) or if it is too large."""
    body = b""
    while time.monotonic() < deadline:
        block = response.read1(65_536)
        body += block
        if len(body) > MAX_RESPONSE_BYTES:
            raise _failed("the language model's reply is too large")
        if not block:
            return body
    raise _failed("the language model takes too long")


@contextlib.contextmanager
def _translated_errors() -> Iterator[None]:
    """Translate the errors of http.client; the texts of the server are not passed on."""
    try:
        yield
    except ssl.SSLError as error:
        raise _failed("the language model's certificate is not trusted") from error
    # ValueError: an invalid port or host name.
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _failed("the language model does not answer") from error

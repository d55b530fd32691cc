"""A language model behind an OpenAI-compatible endpoint: one question, one reply.

The request and the reply have the form of `POST /chat/completions` of the OpenAI API, which Ollama,
llama.cpp, vLLM and others speak as well.
"""

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
    """Return the reply of a language model to `content`, at most 10,000 characters.

    Args:
        content: what to reply to.
        url: address of the endpoint, such as `http://127.0.0.1:11434/v1`.
        model: name of the model, if the endpoint wants one.
        key: sent as a bearer token, if the endpoint wants one.

    Raises:
        Unavailable: the endpoint cannot be reached, refuses, is silent for 120 s or talks for
            longer, or answers with something else than a reply.
    """
    question = {"messages": [{"role": "user", "content": content}], "stream": False} | (
        {"model": model} if model else {}
    )
    base = urlsplit(url)
    address = base._replace(path=f"{base.path.rstrip('/')}/chat/completions")
    reply = _reply_text(_post(address, json.dumps(question).encode(), key))
    return printable(reply.strip(), longest=10_000)


def _reply_text(body: bytes) -> str:
    """Return the text in a reply of the endpoint, or raise Unavailable."""
    try:
        reply = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError) as error:
        raise Unavailable("the language model's reply cannot be read", code="model-away") from error
    if not isinstance(reply, str) or not reply.strip():
        raise Unavailable("the language model's reply has no text", code="model-away")
    return reply


def _post(address: SplitResult, body: bytes, key: str) -> bytes:
    """Return what the endpoint answers to `body`.

    Redirects are not followed, so the key stays with whom it is for.
    """
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    target = f"{address.path}?{address.query}" if address.query else address.path
    deadline = time.monotonic() + TIMEOUT_S
    with _plain_errors(), contextlib.closing(_connection(address)) as connection:
        connection.connect()
        # The model thinks before it answers.
        connection.sock.settimeout(TIMEOUT_S)
        connection.request(
            "POST", target, body, headers | ({"Authorization": f"Bearer {key}"} if key else {})
        )
        with connection.getresponse() as response:
            if response.status != HTTPStatus.OK:
                raise Unavailable(
                    f"the language model refused the request (reply {response.status})",
                    code="model-away",
                )
            return _read(response, deadline)


def _connection(address: SplitResult) -> http.client.HTTPConnection:
    connect_s = 10.0
    if address.scheme == "https":
        trust = ssl.create_default_context()
        return http.client.HTTPSConnection(
            address.hostname or "", address.port, timeout=connect_s, context=trust
        )
    return http.client.HTTPConnection(address.hostname or "", address.port, timeout=connect_s)


def _read(response: http.client.HTTPResponse, deadline: float) -> bytes:
    """Return the body of a response that ends before `deadline`, in monotonic seconds, and is no larger than a megabyte."""
    body = b""
    while time.monotonic() < deadline:
        block = response.read1(65_536)
        body += block
        if len(body) > MAX_RESPONSE_BYTES:
            raise Unavailable("the language model's reply is too large", code="model-away")
        if not block:
            return body
    raise Unavailable("the language model takes too long", code="model-away")


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    """Turn what http.client raises into our error; the endpoint's own words are not passed on."""
    try:
        yield
    except ssl.SSLError as error:
        raise Unavailable(
            "the language model's certificate is not good enough to trust", code="model-away"
        ) from error
    # ValueError: a port or a host name that cannot be one.
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unavailable("the language model does not answer", code="model-away") from error

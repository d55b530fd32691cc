from __future__ import annotations

import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from components.http.problems import EdgeError
from components.http.strict_json import (
    MAX_CONTAINERS,
    MAX_DEPTH,
    MAX_MEMBERS,
    MAX_VALUES,
    TEXT,
    MalformedJson,
    deeper_than,
    parse_strictly,
)
from libraries.settings import Settings

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
JSON = {"content_type": "application/json"}


def nested(levels: int, opening: str = "[", closing: str = "]") -> str:
    return opening * levels + closing * levels


@given(VALUES)
def test_every_json_value_round_trips(value: Any) -> None:
    assert parse_strictly(json.dumps(value).encode()) == value


@given(st.binary() | st.text(alphabet='[]{}":,\\u0123456789.eE-+ truefalsnN').map(str.encode))
def test_any_bytes_are_either_a_value_or_malformed(data: bytes) -> None:
    try:
        value = parse_strictly(data)
    except MalformedJson:
        return
    assert json.loads(data) == value


def depth_of(text: str) -> int:
    """Count brackets one by one."""
    depth, deepest, inside, escaped = 0, 0, False, False
    for letter in text:
        if inside:
            inside, escaped = letter != '"' or escaped, letter == "\\" and not escaped
        elif letter == '"':
            inside, escaped = True, False
        else:
            depth += (letter in "[{") - (letter in "]}")
            deepest = max(deepest, depth)
    return deepest


@given(VALUES, st.integers(0, 6))
def test_the_depth_of_json_is_measured_correctly(value: Any, levels: int) -> None:
    text = json.dumps(value)
    assert deeper_than(TEXT.sub("", text), levels) == (depth_of(text) > levels)


@pytest.mark.parametrize(
    "text",
    [
        nested(MAX_DEPTH + 1),
        nested(100_000),
        nested(100_000, '{"a":[', "]}"),
        "[" * 100_000,
        '{"a":' * 100_000,
        "[]" * 10 + "[" * 100_000,
        "]" * 100_000 + "[" * 100_000,
        '["[\\"",' * 100_000,
        nested(MAX_DEPTH + 1, '["]]]]]]",', "]"),
    ],
)
def test_json_deeper_than_the_limit_is_rejected_without_recursion(
    client: FlaskClient, text: str
) -> None:
    response = client.post("/artboard/create", data=text, **JSON)
    assert response.status_code == 400
    assert response.get_json()["type"] == "/problems/malformed-json"


def test_json_as_deep_as_the_limit_is_read() -> None:
    assert parse_strictly(nested(MAX_DEPTH).encode())
    assert parse_strictly(('["' + "[" * 1000 + '"]').encode())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{"width": NaN}', "NaN"),
        (b'{"width": Infinity}', "Infinity"),
        (b'{"width": -Infinity}', "-Infinity"),
        (b'{"width": 1e400}', "too large"),
        (b'{"width": -1e400}', "too large"),
        (b'{"width": ' + b"9" * 5000 + b"}", "5000 digits"),
        (b'{"width": 1, "width": 1000000000}', 'key "width" appears twice'),
        (b'{"params": {"a": 1, "b": 2, "a": 1}}', 'key "a" appears twice'),
        (b'{"width": 1,}', "line 1, column"),
        (b'{\n  "width": 1\n  "height": 2}', "line 3, column 3"),
        (b"{'width': 1}", "line 1, column 2"),
        (b'{"a": "\n"}', "line 1"),
        (b'{"a": "\\x"}', "line 1"),
        (b'{"a": 01}', "line 1"),
        (b"", "empty"),
        (b"  \n ", "empty"),
        (b'{"a": "\xff"}', "not UTF-8: byte 7"),
        ('{"width": 1}'.encode("utf-16"), "not UTF-8"),
        (b'\xef\xbb\xbf{"width": 1}', "BOM"),
        (b"\x00", "line 1"),
    ],
)
def test_json_that_is_not_strict_is_rejected_with_the_reason(
    client: FlaskClient, text: bytes, message: str
) -> None:
    response = client.post("/artboard/create", data=text, **JSON)
    assert response.status_code == 400
    assert response.get_json()["type"] == "/problems/malformed-json"
    assert message in response.get_json()["detail"]


@pytest.mark.parametrize("text", ["[]", "1", '"simple"', "null", "true", '[{"width": 1}]'])
def test_json_that_is_not_an_object_is_unprocessable(client: FlaskClient, text: str) -> None:
    response = client.post("/artboard/create", data=text, **JSON)
    assert response.status_code == 422
    assert response.get_json()["errors"] == [
        {"pointer": "#", "detail": "The body must be a JSON object."}
    ]


@pytest.mark.parametrize(
    "text", ['{"id": "\\ud800"}', '{"params": {"x": ["a", "\\uDFFF"]}}', '{"\\ud800": 1}']
)
def test_a_lone_surrogate_is_unprocessable(client: FlaskClient, text: str) -> None:
    response = client.post("/artboard/create", data=text, **JSON)
    assert response.status_code == 422
    assert "surrogate" in response.get_json()["errors"][0]["detail"]


def test_a_surrogate_pair_is_a_character() -> None:
    assert parse_strictly(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/jsonp"},
        {"Content-Type": "text/json"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
        {"Content-Type": "\x7f"},
    ],
)
def test_another_media_type_charset_or_encoding_is_rejected(
    client: FlaskClient, headers: dict[str, str]
) -> None:
    response = client.post("/artboard/create", data=b'{"width": 1}', headers=headers)
    assert (response.status_code, response.get_json()["type"]) == (
        415,
        "/problems/unsupported-media-type",
    )


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/vnd.api+json",
        "application/json; charset=UTF-8",
        "Application/JSON",
    ],
)
def test_every_name_of_json_in_utf_8_is_accepted(client: FlaskClient, media_type: str) -> None:
    body = b'{"width": 60, "height": 60, "complexity": "simple"}'
    assert client.post("/artboard/create", data=body, content_type=media_type).status_code == 200


class Torrent(io.RawIOBase):
    """An endless body that counts the bytes read."""

    def __init__(self) -> None:
        self.taken = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.taken += len(buffer)
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


def test_a_body_over_the_limit_is_rejected_by_its_length_before_it_is_read(
    client: FlaskClient,
) -> None:
    torrent = Torrent()
    flood = {"wsgi.input": torrent, "wsgi.input_terminated": True, "CONTENT_LENGTH": str(10**10)}
    response = client.post("/artboard/create", environ_overrides=flood, **JSON)
    assert (response.status_code, response.get_json()["type"]) == (
        413,
        "/problems/payload-too-large",
    )
    assert torrent.taken == 0


def test_a_body_without_a_length_is_read_up_to_the_limit_and_no_further(
    client: FlaskClient, settings: Settings
) -> None:
    torrent = Torrent()
    flood = {
        "wsgi.input": torrent,
        "wsgi.input_terminated": True,
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    response = client.post("/artboard/create", environ_overrides=flood, **JSON)
    assert (response.status_code, response.get_json()["type"]) == (
        413,
        "/problems/payload-too-large",
    )
    assert torrent.taken <= settings.web.max_body


def test_a_body_in_chunks_is_read_like_any_other(client: FlaskClient) -> None:
    response = client.post(
        "/artboard/create",
        input_stream=io.BytesIO(b'{"width": 60, "height": 60, "complexity": "simple"}'),
        environ_overrides={"wsgi.input_terminated": True},
        **JSON,
    )
    assert response.status_code == 200


def test_a_malformed_body_is_an_edge_error() -> None:
    with pytest.raises(EdgeError):
        parse_strictly(b"{")


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        (json.dumps([0] * MAX_VALUES), True),
        (json.dumps([0] * (MAX_VALUES + 1)), False),
        (json.dumps([[]] * (MAX_CONTAINERS - 1)), True),
        (json.dumps([{}] * MAX_CONTAINERS), False),
        (json.dumps([[[]]] * (MAX_CONTAINERS // 2)), False),
        (json.dumps(["[" * MAX_CONTAINERS, "{" * MAX_CONTAINERS]), True),
        (json.dumps(["," * MAX_VALUES]), True),
        (json.dumps({str(number): 0 for number in range(MAX_MEMBERS)}), True),
        (json.dumps({str(number): 0 for number in range(MAX_MEMBERS + 1)}), False),
        (json.dumps([{"a": {str(number): 0 for number in range(MAX_MEMBERS + 1)}}]), False),
    ],
    ids=[
        "values",
        "a value more",
        "lists",
        "an object more",
        "lists in lists",
        "brackets in strings",
        "commas in a string",
        "members",
        "one more",
        "deeper",
    ],
)
def test_values_and_members_are_counted(text: str, allowed: bool) -> None:
    if allowed:
        assert parse_strictly(text.encode()) == json.loads(text)
    else:
        with pytest.raises(MalformedJson, match=r"values|lists and objects|members"):
            parse_strictly(text.encode())

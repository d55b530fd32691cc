"""Compression of text responses with gzip.

A response that must not be stored is sent as it is. It may contain a secret or a token, and the
size of compressed text with a secret reveals how much of it a guess in the same text matches.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator

from flask import Flask, Response, request

MIN_BYTES = 1024
# Three quarters of the time of the default level, for a few percent more bytes.
LEVEL = 4
GZIP_WBITS = 31
TEXT = re.compile(r"text/(?!event-stream).*|application/(json|javascript|xml)|.*\+(json|xml)")


def install_compression(app: Flask) -> None:
    """Compress what the server sends; callers inside the process, such as tests, get the text."""
    app.after_request(compress)


def compress(response: Response) -> Response:
    """Compress a text of 1 kB or more for a client that accepts gzip."""
    if not _may_vary(response):
        return response
    # A response to a client that names no encodings suits all others too.
    if "Accept-Encoding" in request.headers:
        response.vary.add("Accept-Encoding")
    if not request.accept_encodings.quality("gzip") or "Range" in request.headers:
        return response
    if response.is_streamed or response.direct_passthrough:
        if (response.content_length or MIN_BYTES) < MIN_BYTES:
            return response
        _compress_stream(response)
    else:
        data = response.get_data()
        if len(data) < MIN_BYTES:
            return response
        response.set_data(gzip.compress(data, LEVEL, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Accept-Ranges", None)
    etag, is_weak = response.get_etag()
    if etag and not is_weak:
        # The bytes differ from those of the uncompressed response, the content does not.
        response.set_etag(etag, weak=True)
    return response


def _may_vary(response: Response) -> bool:
    return (
        response.status_code == 200  # noqa: PLR2004
        and request.method == "GET"
        and TEXT.fullmatch(response.mimetype or "") is not None
        and "Content-Encoding" not in response.headers
        and not response.cache_control.no_store
    )


def _compress_stream(response: Response) -> None:
    blocks: Iterable[bytes] = response.iter_encoded()
    close = getattr(response.response, "close", None)
    if close is not None:
        response.call_on_close(close)
    response.direct_passthrough = False
    response.response = _compressed(blocks)
    response.headers.pop("Content-Length", None)


def _compressed(blocks: Iterable[bytes]) -> Iterator[bytes]:
    encoder = zlib.compressobj(LEVEL, wbits=GZIP_WBITS)
    for block in blocks:
        if data := encoder.compress(block):
            yield data
    yield encoder.flush()

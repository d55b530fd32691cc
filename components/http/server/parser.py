"""Requests as gunicorn parses them, with the rules of RFC 9112 about hosts, targets and bodies that it leaves out."""

from __future__ import annotations

import re
from typing import Any

from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.errors import (
    InvalidHeader,
    InvalidRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from werkzeug.exceptions import BadRequest, RequestTimeout


class ClientBody(Body):
    """A body whose mistakes and delays are errors of the client."""

    def __init__(self, reader: Any, request: Request) -> None:
        super().__init__(reader)
        self._request = request
        self.failed = False

    def _read_reader(self, size: int) -> bytes:
        try:
            data: bytes = super()._read_reader(size)  # type: ignore[misc]
        except ParseException as error:
            raise BadRequest from error
        except TimeoutError as error:
            raise RequestTimeout from error
        return data

    def is_outstanding(self) -> bool:
        """Return whether the client may still be sending the body."""
        if isinstance(self.reader, ChunkedReader):
            return self.failed or self.reader.parser is not None
        assert isinstance(self.reader, LengthReader)  # noqa: S101 - no other reader exists for requests
        buffered = self._request.unreader.buf.getbuffer().nbytes
        return self.failed or self.reader.length > buffered


class ClientRequest(Request):
    """A request whose connection closes after a response that does not wait for the body."""

    LATEST_VERSION = (1, 1)

    # RFC 3986, section 3.2, without user information; RFC 9110, section 4.2.1, requires a host.
    AUTHORITY = re.compile(
        r"(?:\[[0-9a-f:.]+\]|[\w.~%!$&'()*+,;=-]+)(?::\d*)?", re.ASCII | re.IGNORECASE
    )
    ABSOLUTE_TARGET = re.compile(rf"https?://({AUTHORITY.pattern})(?:[/?].*)?", AUTHORITY.flags)

    def set_body_reader(self) -> None:
        """Check the head, and prepare to read the body.

        Raises:
            ParseException: the head is not valid.
        """
        # RFC 9110, section 2.5: a later minor version is treated as the latest that is supported.
        self.version = min(self.version or self.LATEST_VERSION, self.LATEST_VERSION)
        self._check_host()
        self._check_target(self.uri or "")
        super().set_body_reader()
        self._check_codings()
        assert self.body is not None  # noqa: S101 - set by the line above
        self.client_body = ClientBody(self.body.reader, self)
        self.body = self.client_body

    def _check_host(self) -> None:
        """Require one valid host (RFC 9112, section 3.2), except of HTTP/1.0. The parser refuses two."""
        hosts = [value for name, value in self.headers if name == "HOST"]
        if not any(hosts) and self.version != self.LATEST_VERSION:
            return
        if not hosts or not self.AUTHORITY.fullmatch(hosts[0]):
            raise InvalidHeader("HOST")

    def _check_target(self, target: str) -> None:
        """Refuse a target with a fragment; take the host from one that has it (RFC 9112, section 3.2.2)."""
        if "#" in target:
            raise InvalidRequestLine(target)
        if self.method == "CONNECT" or target.startswith(("/", "*")):
            return
        found = self.ABSOLUTE_TARGET.fullmatch(target)
        if found is None:
            raise InvalidRequestLine(target)
        others = [(name, value) for name, value in self.headers if name != "HOST"]
        self.headers = [("HOST", found[1]), *others]

    def _check_codings(self) -> None:
        """Refuse all codings but `chunked`: the application would get the coded bytes."""
        for name, value in self.headers:
            if name == "TRANSFER-ENCODING" and value.strip().lower() != "chunked":
                raise UnsupportedTransferCoding(value)

    def should_close(self) -> bool:
        return (
            super().should_close() or self._is_last_request() or self.client_body.is_outstanding()
        )

    def _is_last_request(self) -> bool:
        """Return whether the client asks for the end of the connection, also among other options."""
        options = ",".join(value for name, value in self.headers if name == "CONNECTION")
        return "close" in [option.strip().lower() for option in options.split(",")]


class ClientParser(RequestParser):
    """A parser of `ClientRequest`."""

    mesg_class = ClientRequest

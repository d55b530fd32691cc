"""The part of the threads of a web process that the requests of one owner may use.

The server limits each address; an owner may have many of them.
"""

from __future__ import annotations

import threading
from collections import Counter

from flask import Flask, Response, g, request

from components.http.server.shares import thread_share
from libraries.errors import Unavailable
from libraries.job_manager.ownership import ANONYMOUS
from libraries.settings import Settings


class OwnerRequests:
    """Counts the requests in progress of each owner."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._lock = threading.Lock()
        self._running: Counter[str] = Counter()

    def start(self, owner: str) -> None:
        """Count a request; raise Unavailable if the owner has too many in progress."""
        with self._lock:
            if self._running[owner] >= self.most:
                raise Unavailable(
                    f"{self.most} requests of this owner are in progress, and no more are allowed",
                    code="too-many-requests",
                )
            self._running[owner] += 1

    def finish(self, owner: str) -> None:
        with self._lock:
            self._running[owner] -= 1
            # Drop owners without requests.
            self._running += Counter()


def install_owner_limits(app: Flask, settings: Settings) -> None:
    """Refuse requests of an owner beyond its share of the threads."""
    requests = OwnerRequests(thread_share(settings.web.web_threads))

    def start() -> None:
        if g.caller.name not in ("", ANONYMOUS):
            requests.start(g.caller.name)
            g.counted_as = g.caller.name

    def keep_until_sent(response: Response) -> Response:
        # gunicorn closes the response after the last byte, unless the connection is detached.
        if "counted_as" in g and "gunicorn.socket" in request.environ and response.is_streamed:
            owner = g.pop("counted_as")
            response.call_on_close(lambda: requests.finish(owner))
        return response

    def finish(_: BaseException | None) -> None:
        if "counted_as" in g:
            requests.finish(g.pop("counted_as"))

    app.before_request(start)
    app.after_request(keep_until_sent)
    app.teardown_request(finish)

"""Redis clients for web processes, workers and subscriptions.

The web profile fails fast: short timeouts and no retries inside the client, because a hidden retry
of a write whose reply was lost would queue a job twice. The worker profile survives a restart of
the broker. No other module creates clients.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, urlsplit

from redis import ConnectionPool, Redis
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.connection import DefaultParser
from redis.retry import Retry

from libraries.broker.errors import NotWritable
from libraries.broker.in_memory import in_memory_url
from libraries.broker.paths import socket_path
from libraries.broker.retry import BROKER_ERRORS
from libraries.settings import BrokerSettings, JobSettings, Settings


def broker_url(settings: Settings | None = None) -> str:
    """Return `REDIS_URL`, or the socket of the embedded broker.

    In immediate mode without a running broker, this process starts an in-memory broker; raises
    QueueUnavailable if that fails.
    """
    jobs = settings.jobs if settings else JobSettings.current()
    broker = settings.broker if settings else BrokerSettings.current()
    if jobs.immediate and broker.embedded_broker:
        return in_memory_url(broker.data_dir)
    return broker.redis_url or _embedded_url(broker.data_dir)


@lru_cache(maxsize=8)
def _embedded_url(data_dir: Path) -> str:
    return f"unix://{quote(str(socket_path(data_dir)))}"


def redacted_broker_url(settings: Settings) -> str:
    """Return the broker URL without user and password, for logs."""
    url = broker_url(settings)
    parts = urlsplit(url)
    if "@" not in parts.netloc and not parts.query:
        return url
    # The query may contain a password.
    query = "&".join(part for part in parts.query.split("&") if part.startswith("db="))
    netloc = f"***@{parts.netloc.rpartition('@')[2]}" if "@" in parts.netloc else parts.netloc
    return parts._replace(netloc=netloc, query=query).geturl()


class _Process:
    """What `use_client_of_job` has set."""

    client_of_job: Callable[[], Redis | None] = staticmethod(lambda: None)


def use_client_of_job(find: Callable[[], Redis | None]) -> None:
    """Let `web_client()` return what `find` returns, unless that is None.

    A plain `rq worker` has the address of the broker from its command line, not from the settings.
    """
    _Process.client_of_job = staticmethod(find)


def web_client(settings: Settings | None = None) -> Redis:
    """Return the shared client of a web process: 0.5 s to connect, 1 s to reply, no retries."""
    found = _Process.client_of_job() if settings is None else None
    return found or _web_client(broker_url(settings))


@lru_cache(maxsize=8)
def _web_client(url: str) -> Redis:
    return _client(url, socket_timeout=1.0, retry=Retry(NoBackoff(), 0))


def worker_client(settings: Settings) -> Redis:
    """Return a new client for a worker, which retries five times within about half a second.

    Callers handle longer outages, because only they know when the worker has to stop.
    """
    return _client(
        broker_url(settings),
        # Longer than the longest blocking wait for a job, shorter than the keepalive limit.
        socket_timeout=15.0,
        retry=Retry(ExponentialWithJitterBackoff(base=0.01, cap=0.2), 5),
        retry_on_error=list(BROKER_ERRORS),
    )


def subscription_client(settings: Settings) -> Redis:
    """Return a new client that waits for messages, with a health check every 15 s."""
    no_retries = Retry(NoBackoff(), 0)
    return _client(
        broker_url(settings), socket_timeout=None, retry=no_retries, health_check_interval=15
    )


class _Parser(DefaultParser):  # type: ignore[valid-type, misc]
    EXCEPTION_CLASSES: ClassVar = {**DefaultParser.EXCEPTION_CLASSES, "MISCONF": NotWritable}


def _client(url: str, **options: object) -> Redis:
    pool = ConnectionPool.from_url(url, parser_class=_Parser, **_tcp_options(url), **options)
    return Redis(connection_pool=pool)


def _tcp_options(url: str) -> dict[str, object]:
    if url.startswith("unix:"):
        return {}
    # The first probe follows 10 s of silence; three failed probes 5 s apart close the connection.
    probes = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
    options = {
        getattr(socket, name): value for name, value in probes.items() if hasattr(socket, name)
    }
    return {
        "socket_connect_timeout": 0.5,
        "socket_keepalive": True,
        "socket_keepalive_options": options,
    }

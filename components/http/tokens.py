"""Signed, expiring tokens in query strings, for browsers that cannot send a key.

A token allows reading one job or one path as its owner. It is valid until it expires, the job is
deleted, or the setting LINK_SECRET changes.
"""

from __future__ import annotations

import time
from typing import NamedTuple

from itsdangerous import BadData, URLSafeSerializer

from libraries.job_manager.ids import derive_secret
from libraries.settings import AccessSettings

JOB_TOKEN_S = 900
MAX_LINK_S = 30 * 24 * 3600
MAX_TOKEN_CHARS = 1024
JOB_PREFIX = "job:"


class Grant(NamedTuple):
    """Owner, subject and expiry time of a token."""

    owner: str
    subject: str
    """A path, or `job:` and an id for everything of one job that can be read."""
    expires_at: float
    """Unix seconds."""

    @property
    def job_id(self) -> str | None:
        """The job of a token for a whole job."""
        return (
            self.subject.removeprefix(JOB_PREFIX) if self.subject.startswith(JOB_PREFIX) else None
        )


def make_token(owner: str, subject: str, lifetime_s: int) -> tuple[str, float]:
    """Return a token and the Unix time at which it expires. Raises QueueUnavailable."""
    grant = Grant(owner, subject, int(time.time()) + lifetime_s)
    return str(_serializer().dumps(list(grant))), grant.expires_at


def read_token(text: str) -> Grant | None:
    """Verify a token; return None if it is forged, changed or expired. Raises QueueUnavailable."""
    if not text or len(text) > MAX_TOKEN_CHARS:
        return None
    try:
        owner, subject, expires_at = _serializer().loads(text)
        grant = Grant(str(owner), str(subject), float(expires_at))
    except (BadData, ValueError, TypeError):
        return None
    return grant if time.time() < grant.expires_at else None


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(derive_secret("link", AccessSettings.current().link_secret), "link")

"""Tokens: what a browser sends in an address where it cannot send a header.

Each is good for following one job, for a while.
"""

from __future__ import annotations

from typing import NamedTuple

from itsdangerous import BadData, URLSafeTimedSerializer

from libraries.job_manager.ids import derive_secret

LIFETIME_S = 900
MAX_TOKEN_CHARS = 1024


class Granted(NamedTuple):
    """What a token is good for: following this job, as its owner."""

    job_id: str
    owner: str


def make_token(job_id: str, owner: str) -> str:
    """Return a token for following a job of the owner's for 15 minutes.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    return str(_serializer().dumps([job_id, owner]))


def read_token(text: str) -> Granted | None:
    """Return what a token is good for, None if it is forged, changed or too old.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    if not text or len(text) > MAX_TOKEN_CHARS:
        return None
    try:
        job_id, owner = _serializer().loads(text, max_age=LIFETIME_S)
    except (BadData, ValueError):
        return None
    return Granted(str(job_id), str(owner))


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(derive_secret("token", ""), salt="follow-job")

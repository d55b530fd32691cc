"""Tokens in query strings, for browsers that cannot send headers.

A token allows following one job for 15 minutes.
"""

from __future__ import annotations

from typing import NamedTuple

from itsdangerous import BadData, URLSafeTimedSerializer

from libraries.job_manager.ids import derive_secret

LIFETIME_S = 900
MAX_TOKEN_CHARS = 1024


class Granted(NamedTuple):
    """The job that a token allows to follow, and the owner of the job."""

    job_id: str
    owner: str


def make_token(job_id: str, owner: str) -> str:
    return str(_serializer().dumps([job_id, owner]))


def read_token(text: str) -> Granted | None:
    """Return what a token grants; None if it is forged, changed or expired."""
    if not text or len(text) > MAX_TOKEN_CHARS:
        return None
    try:
        job_id, owner = _serializer().loads(text, max_age=LIFETIME_S)
    except (BadData, ValueError):
        return None
    return Granted(str(job_id), str(owner))


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(derive_secret("token", ""), salt="follow-job")

"""Limits on what an owner may use."""

from libraries.accounts.quotas import Quota, begin_quotas, note_quota, noted_quotas
from libraries.accounts.rate_limits import check_rate
from libraries.accounts.waiting import admitted, count_waiting, forget_waiting

__all__ = [
    "Quota",
    "admitted",
    "begin_quotas",
    "check_rate",
    "count_waiting",
    "forget_waiting",
    "note_quota",
    "noted_quotas",
]

"""Limits on what an owner may use."""

from libraries.accounts.rate_limits import check_rate

__all__ = ["check_rate"]

"""The subscribers of the journal of jobs.

A module in this folder that calls `subscribe` adds another one.
"""

from __future__ import annotations

from libraries.job_manager import exhibits, measures, memory, notices, outbox, parcels
from libraries.job_manager.journal import subscribe

for subscriber in (exhibits, outbox, notices, measures, memory, parcels):
    subscribe(subscriber.SUBSCRIPTION)

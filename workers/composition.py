"""The composition root of processes that run jobs: the subscribers of the journal, and how jobs run in immediate mode.

Every module below `workers/` is imported by such processes; one that calls `subscribe` adds a subscriber.
"""

from __future__ import annotations

from libraries import metrics, notifications
from libraries.gallery import arrivals
from libraries.job_manager.immediate import run_inline_with
from libraries.job_manager.journal import subscribe
from libraries.sheets import cache
from libraries.uploads import staging
from libraries.webhooks import outbox
from libraries.worker.inline import InlineRunner

for subscriber in (arrivals, outbox, notifications, metrics, cache, staging):
    subscribe(subscriber.SUBSCRIPTION)

run_inline_with(InlineRunner)

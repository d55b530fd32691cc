"""The composition root of processes that run jobs: journal subscribers, immediate mode, artifacts.

Modules below `workers/` are imported by these processes and may call `subscribe`.
"""

from __future__ import annotations

from libraries import metrics, notifications, usage
from libraries.gallery import arrivals
from libraries.job_manager.backends import run_inline_with
from libraries.job_manager.journal import subscribe
from libraries.sheets import cache
from libraries.sheets.plot_stats import describe_svg
from libraries.uploads import staging
from libraries.webhooks import outbox
from libraries.worker.inline import InlineRunner
from libraries.worker.returned_files import describe_files_with

for subscriber in (arrivals, outbox, notifications, metrics, cache, staging, usage):
    subscribe(subscriber.SUBSCRIPTION)
subscribe(usage.UPLOADS)

run_inline_with(InlineRunner)
describe_files_with("image/svg+xml", describe_svg)

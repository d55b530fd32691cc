"""Commands for whoever runs the service: `flask --app app doctor` and `flask --app app jobs`."""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime
from typing import Any

import click

from components.system.doctor import examine
from libraries.broker.connections import redacted_broker_url
from libraries.broker.errors import QueueUnavailable
from libraries.job_manager import JobFilter, JobRecord, as_owner, list_jobs
from libraries.job_manager.ownership import ANONYMOUS
from libraries.job_manager.states import STATES
from libraries.settings import BadSettings, Settings, get_settings
from libraries.worker.doctor import Finding, is_in_memory

# A rare state is looked for in so many pages of each owner's jobs.
MAX_PAGES = 20
PAGE = 200
MAX_RESULT_CHARS = 80
ROW = "{:<34} {:<9} {:>5}  {:<42} {}"


class UnusableSettings(click.ClickException):
    """Raised when a command cannot start because of its settings; shown as the doctor shows its findings."""

    def show(self, file: Any = None) -> None:
        """Write it as one finding."""
        click.echo(
            line_of(Finding("settings", well=False, detail=self.message)), file=file or sys.stderr
        )


def process_settings() -> Settings:
    """Return the settings of this process.

    Raises:
        BadSettings: they cannot be used.
        UnusableSettings: the same, for a command: it is shown without a trace.
    """
    try:
        return get_settings()
    except BadSettings as error:
        if click.get_current_context(silent=True) is None:
            raise
        raise UnusableSettings(str(error)) from None


@click.command()
def doctor() -> None:
    """Find what keeps the service from working.

    One line for each part, with what to do where all is not well. The exit code is 1 if anything is wrong.
    """
    findings = examine(process_settings())
    for finding in findings:
        click.echo(line_of(finding))
    sys.exit(0 if all(finding.well for finding in findings) else 1)


@click.command()
@click.option(
    "--status", type=click.Choice(sorted(set(STATES.values()))), help="Only jobs in this state."
)
@click.option(
    "--limit",
    type=click.IntRange(1, PAGE),
    default=20,
    show_default=True,
    help="How many jobs, the newest first.",
)
def jobs(status: str | None, limit: int) -> None:
    """List the stored jobs of all owners."""
    settings = process_settings()
    if is_in_memory(settings):
        raise click.ClickException(
            "in immediate mode each process keeps its jobs to itself; there are none to list"
        )
    try:
        found = newest_jobs(settings, JobFilter(status=status), limit)
    except QueueUnavailable:
        where = redacted_broker_url(settings)
        raise click.ClickException(
            f"cannot reach the broker at {where}; `flask --app app doctor` may say why"
        ) from None
    if not found:
        click.echo("There are no such jobs." if status else "There are no jobs.")
        return
    click.echo(ROW.format("JOB", "STATUS", "AGE", "TASK", "RESULT"))
    for record in found:
        click.echo(
            ROW.format(
                record.id, record.status, age_of(record), printable(record.task), told(record)
            ).rstrip()
        )


def newest_jobs(settings: Settings, wanted: JobFilter, limit: int) -> list[JobRecord]:
    """Return the `limit` newest jobs of all owners.

    Raises:
        QueueUnavailable: the broker cannot be reached.
    """
    found: list[JobRecord] = []
    for owner in sorted({ANONYMOUS, *(key.name for key in settings.access.api_keys)}):
        with as_owner(owner):
            found += _of_owner(wanted, limit)
    return sorted(found, key=_made, reverse=True)[:limit]


def _of_owner(wanted: JobFilter, limit: int) -> list[JobRecord]:
    found, cursor = list[JobRecord](), None
    for _ in range(MAX_PAGES):
        page = list_jobs(wanted, limit=limit - len(found), cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None or len(found) == limit:
            break
    return found


def _made(record: JobRecord) -> datetime:
    return record.created_at or datetime.fromtimestamp(0, UTC)


def age_of(record: JobRecord) -> str:
    """Return how long ago the job was made, in the largest unit that fits, such as `5m`."""
    seconds = max(0, int(time.time() - _made(record).timestamp()))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def told(record: JobRecord) -> str:
    """Return what became of the job in one short line: its result as JSON, or its error."""
    text = (
        json.dumps(record.result) if record.status == "finished" else printable(record.error or "")
    )
    return text if len(text) <= MAX_RESULT_CHARS else f"{text[: MAX_RESULT_CHARS - 3]}..."


def printable(text: str) -> str:
    """Return `text` without anything that a terminal would obey."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def line_of(finding: Finding) -> str:
    """Return a finding as a line: well or not, which part, what was found, what to do."""
    mark = "ok" if finding.well else "trouble"
    return f"{mark:<8} {finding.name:<9} {finding.detail}{'. ' if finding.fix else ''}{finding.fix}"

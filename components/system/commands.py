"""The operator commands `flask --app app doctor` and `flask --app app jobs`."""

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
from libraries.job_manager.states import PUBLIC_STATES
from libraries.settings import BadSettings, Settings, get_settings
from libraries.worker.doctor import Finding, is_in_memory

# Limit of pages per owner when jobs are filtered by a rare state.
PAGE = 200
MAX_RESULT_CHARS = 80
ROW = "{:<34} {:<9} {:>5}  {:<42} {}"


class UnusableSettings(click.ClickException):
    """Raised when a command cannot start with its settings; printed as a finding."""

    def show(self, file: Any = None) -> None:
        click.echo(
            line_of(Finding("settings", ok=False, detail=self.message)), file=file or sys.stderr
        )


def process_settings() -> Settings:
    """Return the settings; in a command, invalid settings raise UnusableSettings."""
    try:
        return get_settings()
    except BadSettings as error:
        if click.get_current_context(silent=True) is None:
            raise
        raise UnusableSettings(str(error)) from None


@click.command()
def doctor() -> None:
    """Check all components of the service.

    Prints one line per component, with a remedy for problems. Exits with 1 if there is a problem.
    """
    findings = examine(process_settings())
    for finding in findings:
        click.echo(line_of(finding))
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


@click.command()
@click.option("--status", type=click.Choice(PUBLIC_STATES), help="Only jobs in this state.")
@click.option(
    "--limit",
    type=click.IntRange(1, PAGE),
    default=20,
    show_default=True,
    help="Number of jobs, newest first.",
)
def jobs(status: str | None, limit: int) -> None:
    """List the stored jobs of all owners."""
    settings = process_settings()
    if is_in_memory(settings):
        raise click.ClickException("cannot list jobs: in immediate mode each process has its own")
    try:
        found = newest_jobs(settings, JobFilter(status=status), limit)
    except QueueUnavailable:
        text = f"cannot reach the broker at {redacted_broker_url(settings)}"
        raise click.ClickException(f"{text}; run `flask --app app doctor`") from None
    if not found:
        click.echo("No jobs in this state." if status else "No jobs.")
        return
    click.echo(ROW.format("JOB", "STATUS", "AGE", "TASK", "RESULT"))
    for record in found:
        task, outcome = printable(record.task), outcome_of(record)
        click.echo(ROW.format(record.id, record.status, age_of(record), task, outcome).rstrip())


def newest_jobs(settings: Settings, job_filter: JobFilter, limit: int) -> list[JobRecord]:
    """Return the `limit` newest jobs of all owners; raises QueueUnavailable."""
    found: list[JobRecord] = []
    for owner in sorted({ANONYMOUS, *(key.name for key in settings.access.api_keys)}):
        with as_owner(owner):
            found += list_jobs(job_filter, limit=limit).items
    return sorted(found, key=_made, reverse=True)[:limit]


def _made(record: JobRecord) -> datetime:
    return record.created_at or datetime.fromtimestamp(0, UTC)


def age_of(record: JobRecord) -> str:
    """Return the age of a job in its largest whole unit, such as `5m`."""
    seconds = max(0, int(time.time() - _made(record).timestamp()))
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def outcome_of(record: JobRecord) -> str:
    """Return the result of a job as JSON, or its error, truncated to a line."""
    is_finished = record.status == "finished"
    text = json.dumps(record.result) if is_finished else printable(record.error or "")
    return text if len(text) <= MAX_RESULT_CHARS else f"{text[: MAX_RESULT_CHARS - 3]}..."


def printable(text: str) -> str:
    """Escape characters that control a terminal."""
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape").decode() for one in text
    )


def line_of(finding: Finding) -> str:
    """Format a finding: mark, component, state and remedy."""
    mark = "ok" if finding.ok else "problem"
    return f"{mark:<8} {finding.name:<9} {finding.detail}{'. ' if finding.fix else ''}{finding.fix}"

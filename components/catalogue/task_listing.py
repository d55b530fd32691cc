"""JSON representation of tasks and schedules."""

from __future__ import annotations

from dataclasses import asdict

from libraries.errors import Unavailable
from libraries.job_manager.ownership import ANONYMOUS, current_owner
from libraries.job_manager.representation import utc
from libraries.job_manager.schedules import BadSchedules, ScheduleState, schedule_states
from libraries.job_manager.tasks import TaskDescription, describe_tasks
from libraries.json_types import JsonObject
from libraries.settings import JobSettings


def tasks_body() -> JsonObject:
    """Return all tasks, and the schedules of the caller and of anonymous owners.

    Raise Unavailable with all errors if the schedules file is invalid.
    """
    try:
        states = [] if JobSettings.current().immediate else schedule_states()
    except BadSchedules as error:
        raise Unavailable(str(error), code="schedules-unusable") from None
    states = [state for state in states if state.schedule.owner in (ANONYMOUS, current_owner())]
    return {
        "tasks": [_task_json(one, states) for one in describe_tasks()],
        "schedules": [_schedule_json(state) for state in states],
    }


def _task_json(task: TaskDescription, states: list[ScheduleState]) -> JsonObject:
    schedules = [state.schedule.name for state in states if state.schedule.task == task.name]
    return {**asdict(task), "timeout": JobSettings.current().job_timeout, "schedules": schedules}


def _schedule_json(state: ScheduleState) -> JsonObject:
    schedule = state.schedule
    return {
        "name": schedule.name,
        "task": schedule.task,
        "when": schedule.when,
        "timeout": schedule.timeout or JobSettings.current().job_timeout,
        "catch_up": schedule.catch_up,
        "overlap": schedule.overlap,
        "next_run": utc(state.next_run),
        "last_run": utc(state.last_run),
        "last_job": state.last_job,
        "last_status": state.last_status,
        "runs": state.runs,
        "missed": state.missed,
        "skipped": state.skipped,
    }

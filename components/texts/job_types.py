"""Registry of text job types and their tasks.

A type that is added here is available in `POST /texts`, in batches, over WebSockets and with `queue_job`. Its task takes one
argument, `content`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from components.http.submissions import OPERATIONS, JobPlan, Operation
from components.texts.schemas import content_schema
from libraries.job_manager import JobOptions, submit
from libraries.json_types import JsonObject
from libraries.texts import check_content

JOB_FUNCTIONS = {
    "translate": "workers.text_tasks.translate_text",
    "analyze": "workers.text_tasks.analyze_text",
    "generate": "workers.text_tasks.generate_text",
    "image": "workers.text_tasks.image_text",
    "default": "workers.text_tasks.default_text",
}
DEFAULT_TYPE = "default"


def queue_job(job_type: str, content: str, options: JobOptions | None = None) -> str:
    """Queue a text job and return its id, which begins with the type; unknown types use the default type.

    Raises InvalidInput, Exhausted, QueueUnavailable.
    """
    plan = text_plan(job_type, {"content": check_content(content, job_type)})
    chosen = replace(options or JobOptions(), id_prefix=plan.id_prefix)
    return submit(str(plan.task), plan.args, plan.kwargs, chosen).id


def text_plan(name: str, text: JsonObject) -> JobPlan:
    """Return the job of a text; unknown types use the default type."""
    kind = name if name in JOB_FUNCTIONS else DEFAULT_TYPE
    return JobPlan(
        task=JOB_FUNCTIONS[kind],
        kwargs={"content": text["content"]},
        id_prefix=kind,
        message=f"Text queued for the job type {kind}",
        members={"type": kind},
    )


for _name, _task in JOB_FUNCTIONS.items():
    OPERATIONS.add(
        _name,
        Operation(
            name=_name,
            body=content_schema(_name),
            task=_task,
            call=partial(text_plan, _name),
            module=__name__,
        ),
    )

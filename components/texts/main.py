"""POST /texts."""

from __future__ import annotations

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.submissions import JobPlan
from components.texts.job_types import DEFAULT_TYPE, JOB_FUNCTIONS, text_plan
from components.texts.schemas import CreateTextSchema, TextAcceptedSchema
from libraries.json_types import JsonObject

blueprint = api_blueprint("texts", __name__, "/texts", "Translate, analyze or answer a text.")


@blueprint.submits(
    "",
    access=Access.KEY,
    body=CreateTextSchema,
    reply=TextAcceptedSchema,
    task=JOB_FUNCTIONS[DEFAULT_TYPE],
    other_tasks=tuple(JOB_FUNCTIONS.values()),
)
def create_text(text: JsonObject) -> JobPlan:
    """Queue a text job.

    The id of the job starts with its type. `engine` in the result names the engine that was used.
    """
    return text_plan(text["type"], text)

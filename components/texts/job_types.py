"""The types of text jobs: a name, and the task that does it.

A type is usable everywhere, in `POST /texts`, in batches and over WebSockets, once it has its line here. Its task takes one
argument, `content`.
"""

from __future__ import annotations

from components.http.submissions import OPERATIONS, Operation
from components.texts.schemas import ContentSchema

JOB_FUNCTIONS = {
    "translate": "workers.text_tasks.translate_text",
    "analyze": "workers.text_tasks.analyze_text",
    "generate": "workers.text_tasks.generate_text",
    "default": "workers.text_tasks.default_text",
}
# What an unknown type runs.
DEFAULT_TYPE = "default"

for _name, _task in JOB_FUNCTIONS.items():
    OPERATIONS.add(_name, Operation(task=_task, schema=ContentSchema, calls=lambda text: [text]))


def known_type(name: str) -> str:
    """Return `name` if it is a type of text job, else `default`."""
    return name if name in JOB_FUNCTIONS else DEFAULT_TYPE

"""Request and reply schemas of `POST /artboard/create`."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields

from components.http.replies import AcceptedSchema
from libraries.fields import declare
from libraries.sheets.drawings import DrawingRequest

ARTBOARD_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
SIMPLE = "simple"


class ArtboardId(fields.Field[str]):
    """An artboard id chosen by the client: a string, or an integer that is converted to one."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "Must be an integer, or 1 to 64 letters A-Z and a-z, digits, '_' and '-'."
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not ARTBOARD_ID.fullmatch(text):
            raise self.make_error("invalid")
        return text


class CreateArtboard(DrawingRequest):
    """A request for an artboard: with one pattern, or composed of elements."""

    # Existing frontends send additional fields.
    ignores_unknown = True

    complexity: object = declare(
        fields.Raw(
            allow_none=True,
            metadata={
                "description": f"`{SIMPLE}` returns a rectangle; any other value, of any type, queues a job.",
                "example": "complex",
            },
        ),
        default="complex",
    )
    id: str | None = declare(
        ArtboardId(
            metadata={
                "description": "Id of the artboard, used in the file name; random by default.",
                "type": ["string", "integer"],
                "pattern": f"^{ARTBOARD_ID.pattern}$",
            },
        ),
        default=None,
    )


class QueuedArtboardSchema(AcceptedSchema):
    """Reply to an artboard that was queued."""

    status = fields.String(
        required=True, metadata={"description": "`generating`.", "example": "generating"}
    )
    seed = fields.Integer(metadata={"description": "The requested seed, or a random one."})


class CreatedArtboardSchema(QueuedArtboardSchema):
    """Reply to `POST /artboard/create`: only `svg` for a simple artboard, otherwise a job."""

    status = fields.String(metadata={"description": "`generating`.", "example": "generating"})
    job_id = fields.String(metadata={"description": "Id of the job.", "example": "4f1c9a"})
    message = fields.String(metadata={"description": "Summary of the queued job."})
    svg = fields.String(
        metadata={"description": "The drawing, if it is simple or after `Prefer: wait=N`."}
    )

"""Request and replies of `POST /artboard/create`."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import fields
from marshmallow.validate import Length

from components.http.replies import AcceptedSchema, ReplySchema
from libraries.fields import declare
from libraries.sheets.drawings import DrawingRequest

ARTBOARD_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
SIMPLE = "simple"


class ArtboardId(fields.Field[str]):
    """The caller's own id of an artboard: text, or a whole number that is taken as text."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "Must be 1 to 64 of the letters A-Z and a-z, digits, '_' and '-', or a "
        "whole number."
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if not isinstance(text, str) or not ARTBOARD_ID.fullmatch(text):
            raise self.make_error("invalid")
        return text


class CreateArtboard(DrawingRequest):
    """An artboard as a client asks for it: with one pattern, or composed of elements."""

    # Frontends send more fields than there are.
    ignores_unknown = True

    complexity: str = declare(
        fields.String(
            validate=Length(max=32),
            metadata={
                "description": f"`{SIMPLE}` gives a rectangle at once; anything else queues the "
                "pattern.",
                "example": "complex",
            },
        ),
        default="complex",
    )
    id: str | None = declare(
        ArtboardId(
            metadata={
                "description": "Your own id of the artboard, part of the file's name; a random one "
                "if not given.",
                "type": ["string", "integer"],
                "pattern": f"^{ARTBOARD_ID.pattern}$",
            },
        ),
        default=None,
    )


class SimpleArtboardSchema(ReplySchema):
    """The reply to a simple artboard."""

    svg = fields.String(required=True, metadata={"description": "The drawing."})


class QueuedArtboardSchema(AcceptedSchema):
    """The reply to an artboard that was queued."""

    status = fields.String(
        required=True, metadata={"description": "`generating`.", "example": "generating"}
    )
    seed = fields.Integer(
        metadata={"description": "The seed that is used: yours, or the one that was chosen."}
    )


class CreatedArtboardSchema(QueuedArtboardSchema):
    """The reply to `POST /artboard/create`: `svg` for a simple artboard, else the rest."""

    status = fields.String(metadata={"description": "`generating`.", "example": "generating"})
    job_id = fields.String(
        metadata={"description": "The id to follow the job by.", "example": "4f1c9a"}
    )
    message = fields.String(metadata={"description": "What was queued, in words."})
    svg = fields.String(
        metadata={
            "description": "The drawing, if `complexity` was `simple`, or after `Prefer: wait=N`."
        }
    )

"""Reply schemas of webhooks."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import AcceptedSchema, ReplySchema
from libraries.webhooks import EVENTS


class DeliverySchema(ReplySchema):
    """A delivery attempt."""

    delivery_id = fields.String(
        required=True,
        metadata={
            "description": "Id of the message, sent as `webhook-id`; the same in all attempts."
        },
    )
    event = fields.String(
        required=True, metadata={"description": "Event type.", "enum": list(EVENTS)}
    )
    attempted_at = fields.DateTime(required=True, metadata={"description": "Time of the attempt."})
    status = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "HTTP status of the response, if any."},
    )
    milliseconds = fields.Integer(required=True, metadata={"description": "Duration."})
    error = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Error message; null if delivered."},
    )
    next_attempt_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "Time of the next attempt, if any."},
    )


class DeliveriesSchema(ReplySchema):
    """Delivery attempts of a job."""

    items = fields.List(
        fields.Nested(DeliverySchema),
        required=True,
        metadata={"description": "Attempts, newest first, at most 100."},
    )


class RedeliverySchema(AcceptedSchema):
    """Reply to a redelivery that was queued."""

    delivery_id = fields.String(required=True, metadata={"description": "Id of the message."})


class SecretSchema(ReplySchema):
    """Signing secret of webhooks."""

    secret = fields.String(
        required=True,
        metadata={
            "description": "Secret; share it with the receiver only.",
            "example": "whsec_...",
        },
    )

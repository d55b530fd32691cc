"""What the webhook routes give."""

from __future__ import annotations

from marshmallow import fields

from components.http.replies import AcceptedSchema, ReplySchema
from libraries.webhooks import EVENTS


class DeliverySchema(ReplySchema):
    """One attempt to tell a webhook."""

    delivery_id = fields.String(
        required=True,
        metadata={
            "description": "The id of the message, `webhook-id` to the receiver; the same in all attempts."
        },
    )
    event = fields.String(
        required=True, metadata={"description": "What was told.", "enum": list(EVENTS)}
    )
    attempted_at = fields.DateTime(required=True, metadata={"description": "When."})
    status = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The HTTP status of the answer, if any."},
    )
    milliseconds = fields.Integer(required=True, metadata={"description": "How long it took."})
    error = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "What went wrong; null if it was delivered."},
    )
    next_attempt_at = fields.DateTime(
        required=True,
        allow_none=True,
        metadata={"description": "When it is tried again; null if it is not."},
    )


class DeliveriesSchema(ReplySchema):
    """What was sent to the webhook of a job."""

    items = fields.List(
        fields.Nested(DeliverySchema),
        required=True,
        metadata={"description": "The newest first, the last hundred at most."},
    )


class RedeliverySchema(AcceptedSchema):
    """The reply to a delivery that was queued again."""

    delivery_id = fields.String(
        required=True, metadata={"description": "The id of the message, as before."}
    )


class SecretSchema(ReplySchema):
    """What webhooks are signed with."""

    secret = fields.String(
        required=True,
        metadata={
            "description": "Give it to the receiver, and to nobody else.",
            "example": "whsec_...",
        },
    )

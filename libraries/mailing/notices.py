"""Letters of notifications: a template, its context, attachments, and the picture of a drawing."""

from __future__ import annotations

from libraries.json_types import JsonObject
from libraries.mailing.addresses import check_subject
from libraries.mailing.attachments import MadeBy, read_attachments
from libraries.mailing.messages import Letter, write_letter
from libraries.mailing.pictures import picture_by, picture_of
from libraries.mailing.templates import check_context, check_template


def notice(
    subject: str,
    template: str,
    context: JsonObject | None,
    attachments: list[str] | None,
    made_by: MadeBy,
) -> Letter:
    """Return the letter of a notification; raise InvalidInput, BadContext, UnknownName or Unavailable.

    A template with a picture shows the first drawing among the attachments (ids of jobs, or names such
    as `output/drawings/a.svg`), or else of the job `context["job_id"]`.
    """
    check_subject(subject)
    chosen, values = check_template(template), check_context(context)
    files, picture = read_attachments(attachments, made_by), None
    if chosen.picture:
        picture = picture_of(files) or picture_by(values.get("job_id"), made_by)
    return write_letter(subject, template, values, attachments=files, picture=picture)

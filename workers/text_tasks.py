"""Tasks that translate, analyze and generate texts of 1 to 10,000 characters, and describe images.

The result has `status` ("completed"), `result` (the text), `job_id`, `type` and `engine`, and with
the setting `RESULT_TIMESTAMPS` a `timestamp` (ISO 8601, UTC). A long text is stored in the file
`texts/<job id>/<type>.txt`: `result` is its beginning and `file` its name.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from libraries.job_manager import attach, current_job_id, own_folder, report_progress
from libraries.json_types import JsonObject
from libraries.settings import JobSettings, TextSettings
from libraries.storage import output_folder
from libraries.texts import (
    Answer,
    analyze,
    check_content,
    default,
    demonstration_steps,
    describe_image,
    excerpt,
    generate,
    stamp,
    translate,
)

# Enough for an outage of a translator or language model.
TRIES = 4
log = logging.getLogger(__name__)


def translate_text(content: str) -> JsonObject:
    """Translate a text, by default from English to Spanish; see the setting `TRANSLATION_PAIR`."""
    return _text_result("translate", content, translate)


def analyze_text(content: str) -> JsonObject:
    """Count the characters, words, vowels and consonants of a text."""
    return _text_result("analyze", content, analyze)


def generate_text(content: str) -> JsonObject:
    """Reply to a text, with the language model of the setting `TEXT_MODEL_URL` or by keyword."""
    return _text_result("generate", content, generate)


def image_text(content: str) -> JsonObject:
    """Describe an image in base64: format, size in pixels and mean color."""
    return _text_result("image", content, describe_image)


def default_text(content: str) -> JsonObject:
    """Convert a text to upper case."""
    return _text_result("default", content, default)


def _text_result(kind: str, content: str, process: Callable[[str], Answer]) -> JsonObject:
    """Run a text job of the type `kind` with `process`, and return its result."""
    log.info("Job started: %s", kind)
    check_content(content, kind)
    for step, total in demonstration_steps(kind):
        report_progress(step, total, kind)
    answer = process(content)
    if TextSettings.current().result_timestamps:
        answer = stamp(answer, datetime.now(UTC))
    result = {
        "status": "completed",
        **_stored(kind, answer.text),
        "job_id": current_job_id(),
        "type": kind,
        "engine": answer.engine,
    }
    log.info("Job complete: %s", kind)
    return result | ({"timestamp": answer.timestamp} if answer.timestamp else {})


def _stored(kind: str, text: str) -> JsonObject:
    """Return the text as `result`, or its beginning and a `file` if it is long."""
    beginning = excerpt(text, most_bytes=JobSettings.current().max_result // 2)
    if beginning is None:
        return {"result": text}
    path = attach(output_folder().publish(f"{own_folder('texts')}/{kind}.txt", text))
    return {"result": beginning, "file": output_folder().display_path(path)}

"""Tasks that answer texts.

Each returns `status` ("completed"), `result` (the text), `job_id`, `type` and `engine`, which is who answered. With the setting
`RESULT_TIMESTAMPS` there is a `timestamp` (ISO 8601, UTC) as well. An answer that is too long for the record of a job is a file,
`texts/<job id>/<type>.txt` in the output folder: `result` is then its beginning and `file` its name.
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
    excerpt,
    generate,
    stamp,
    translate,
)

# Translators and language models that are away come back.
TRIES = 4
log = logging.getLogger(__name__)


def translate_text(content: str) -> JsonObject:
    """Translate a text, from English to Spanish unless the setting `TRANSLATION_PAIR` says otherwise.

    Args:
        content: 1 to 10,000 characters.
    """
    return _answered("translate", content, translate)


def analyze_text(content: str) -> JsonObject:
    """Count the characters, words, vowels and consonants of a text.

    Args:
        content: 1 to 10,000 characters.
    """
    return _answered("analyze", content, analyze)


def generate_text(content: str) -> JsonObject:
    """Reply to a text, with the language model of the setting `TEXT_MODEL_URL` or by keyword.

    Args:
        content: 1 to 10,000 characters.
    """
    return _answered("generate", content, generate)


def default_text(content: str) -> JsonObject:
    """Write a text in upper case.

    Args:
        content: 1 to 10,000 characters.
    """
    return _answered("default", content, default)


def _answered(kind: str, content: str, answer: Callable[[str], Answer]) -> JsonObject:
    """Carry out a text job of the type `kind`, and return its result."""
    log.info("Job started: %s", kind)
    check_content(content)
    for step, total in demonstration_steps(kind):
        report_progress(step, total, kind)
    found = answer(content)
    if TextSettings.current().result_timestamps:
        found = stamp(found, datetime.now(UTC))
    result = {
        "status": "completed",
        **_stored(kind, found.text),
        "job_id": current_job_id(),
        "type": kind,
        "engine": found.engine,
    }
    log.info("Job complete: %s", kind)
    return result | ({"timestamp": found.timestamp} if found.timestamp else {})


def _stored(kind: str, text: str) -> JsonObject:
    """Return the text as the `result`; one that takes more than half of the room there is goes into a `file`."""
    beginning = excerpt(text, most_bytes=JobSettings.current().max_result // 2)
    if beginning is None:
        return {"result": text}
    path = attach(output_folder().publish(f"{own_folder('texts')}/{kind}.txt", text))
    return {"result": beginning, "file": output_folder().display_path(path)}

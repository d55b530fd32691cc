"""Replies to a text, from a language model or by keyword."""

from __future__ import annotations

import re

from libraries.settings import TextSettings
from libraries.texts.answers import Answer
from libraries.texts.language_model import ask_model

# The first entry with a keyword in the text is used.
REPLIES: tuple[tuple[frozenset[str], str], ...] = (
    (
        frozenset({"weather"}),
        "I cannot see the weather from here. Please check a weather forecast for your town.",
    ),
    (
        frozenset({"food", "eat"}),
        "Food is always a good subject. Try a small restaurant near you, or cook a plate of pasta at home.",
    ),
    (
        frozenset({"help"}),
        "Here is some help: write a sentence about the weather or about food, or choose another type of job.",
    ),
)


def generate(content: str) -> Answer:
    """Return a reply to `content`, from the model at `TEXT_MODEL_URL` if that is set, else by keyword.

    Raises:
        Unavailable: the model gave no reply.
    """
    settings = TextSettings.current()
    if settings.text_model_url:
        reply = ask_model(
            content, settings.text_model_url, model=settings.text_model, key=settings.text_model_key
        )
        engine = "model"
    else:
        reply, engine = _keyword_reply(content), "keywords"
    return Answer(f"🤖 AI Response to '{content}':\n{reply}", engine)


def _keyword_reply(content: str) -> str:
    words = set(re.findall(r"\w+", content.lower()))
    # The default is the documented reply.
    return next(
        (reply for keywords, reply in REPLIES if keywords & words),
        "That's an interesting point... Based on my analysis, I would suggest exploring this topic further.",
    )

"""Translation with a list of phrases, and with Apertium if it is installed."""

from __future__ import annotations

from libraries.settings import TextSettings
from libraries.texts.answers import Answer
from libraries.texts.apertium import find_pair, run_apertium


def translate(content: str) -> Answer:
    """Translate `content` with the language pair `TRANSLATION_PAIR`, by default English to Spanish.

    The engine is `phrases` for texts in a list of phrases (English to Spanish only), `apertium` if that
    has the pair (raises Unavailable if it fails), else `none`, which returns the text in brackets.
    """
    translated, engine = _translated(content)
    return Answer(f"🌍 Translated: '{content}' → '{translated}'", engine)


def _translated(content: str) -> tuple[str, str]:
    wanted = TextSettings.current().translation_pair
    # Older versions of Apertium use two-letter codes.
    english_spanish = ("eng-spa", "en-es")
    names = english_spanish if wanted in english_spanish else (wanted,)
    phrases = {
        "hello": "hola",
        "world": "mundo",
        "good morning": "buenos días",
        "thank you": "gracias",
    }
    phrase = phrases.get(content.strip().lower()) if wanted in english_spanish else None
    if phrase is not None:
        return phrase, "phrases"
    pair = find_pair(names)
    return (
        (run_apertium(content, pair), "apertium") if pair else (f"[TRANSLATED: {content}]", "none")
    )

"""Translation: a short list of phrases, and Apertium for all else where it is installed."""

from __future__ import annotations

from libraries.settings import TextSettings
from libraries.texts.answers import Answer
from libraries.texts.apertium import find_pair, run_apertium


def translate(content: str) -> Answer:
    """Return `content` in the target language of the setting `TRANSLATION_PAIR`, English to Spanish by default.

    The engine is `phrases` for a text of the list of phrases (English to Spanish only), `apertium` if that program has the pair,
    else `none`: the text comes back untranslated, in brackets that say so.

    Raises:
        Unavailable: Apertium has the pair, but did not translate the text.
    """
    translated, engine = _translated(content)
    return Answer(f"🌍 Translated: '{content}' → '{translated}'", engine)


def _translated(content: str) -> tuple[str, str]:
    wanted = TextSettings.current().translation_pair
    # Apertium has named its language pairs by two letters and later by three.
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

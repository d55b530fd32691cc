"""Text jobs: translate, analyze, generate and default."""

from libraries.texts.analysis import analyze
from libraries.texts.answers import Answer, default, excerpt, stamp
from libraries.texts.contents import EMPTY_MESSAGE, MAX_CONTENT_CHARS, check_content
from libraries.texts.generation import generate
from libraries.texts.pacing import demonstration_steps
from libraries.texts.translation import translate

__all__ = [
    "EMPTY_MESSAGE",
    "MAX_CONTENT_CHARS",
    "Answer",
    "analyze",
    "check_content",
    "default",
    "demonstration_steps",
    "excerpt",
    "generate",
    "stamp",
    "translate",
]

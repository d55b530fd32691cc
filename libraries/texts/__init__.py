"""Text jobs: translate, analyze, generate, image and default."""

from libraries.texts.analysis import analyze
from libraries.texts.answers import Answer, default, excerpt, stamp
from libraries.texts.contents import EMPTY_MESSAGE, MAX_CONTENT_CHARS, check_content, max_chars
from libraries.texts.generation import generate
from libraries.texts.pacing import demonstration_steps
from libraries.texts.pictures import describe_image
from libraries.texts.translation import translate

__all__ = [
    "EMPTY_MESSAGE",
    "MAX_CONTENT_CHARS",
    "Answer",
    "analyze",
    "check_content",
    "default",
    "demonstration_steps",
    "describe_image",
    "excerpt",
    "generate",
    "max_chars",
    "stamp",
    "translate",
]

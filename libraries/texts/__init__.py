"""Text jobs: translate, analyze, generate and default. Each takes a text and says which engine answered."""

from libraries.texts.analysis import analyze
from libraries.texts.answers import Answer, default, excerpt, stamp
from libraries.texts.apertium import TranslatorAway
from libraries.texts.contents import (
    EMPTY_MESSAGE,
    LONGEST_CONTENT,
    BadContent,
    EmptyContent,
    check_content,
)
from libraries.texts.generation import generate
from libraries.texts.language_model import ModelAway
from libraries.texts.pacing import demonstration_steps
from libraries.texts.translation import translate

__all__ = [
    "EMPTY_MESSAGE",
    "LONGEST_CONTENT",
    "Answer",
    "BadContent",
    "EmptyContent",
    "ModelAway",
    "TranslatorAway",
    "analyze",
    "check_content",
    "default",
    "demonstration_steps",
    "excerpt",
    "generate",
    "stamp",
    "translate",
]

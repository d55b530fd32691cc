"""Short copies of JSON values for display: secrets are masked, long values are cut."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from itertools import islice, pairwise
from typing import Any


class Excerpt:
    """Copies values within a limit on characters, and notes which of them are not complete.

    A value is a secret if its name says so (`password`, `api_key`, `accessToken`). In texts the
    passwords of addresses, bearer tokens, webhook secrets and private keys are masked.
    """

    MAX_CHARS, MAX_TEXT_CHARS, MAX_NAME_CHARS, MAX_ITEMS, MAX_DEPTH = 4000, 1000, 100, 64, 8
    # Longer texts are searched for secrets up to here; only the beginning is copied.
    MAX_SEARCHED_CHARS = 20_000
    MASK, CUT = "***", "…"
    WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
    SECRET = re.compile(
        r"password|passwd|passphrase|passcode|pwd|otp|secrets?|tokens?|apikey|auth|authorization|"
        r"bearer|credentials?|cookies?|sig"
    )
    # `api_key` is a secret, `sort_key` is not.
    KIND_OF_KEY = re.compile(
        r"api|access|account|auth|client|encryption|license|master|private|secret|service|signing|"
        r"ssh|storage"
    )
    MARKS = (
        (re.compile(r"(?<=://)[^/?#\s@]*@"), MASK + "@"),
        # A digit is required: "a basic rectangle" has no secret.
        (
            re.compile(
                r"\b(bearer|basic)\s+(?=[A-Za-z._~+/-]*[0-9=])[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE
            ),
            rf"\1 {MASK}",
        ),
        (re.compile(r"\bwhsec_[A-Za-z0-9+/=_-]+"), MASK),
        # A JSON Web Token.
        (re.compile(r"\beyJ[A-Za-z0-9_-]{8,1000}\.[A-Za-z0-9_-]{8,}\.?[A-Za-z0-9_-]*"), MASK),
        (
            re.compile(
                r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)",
                re.DOTALL,
            ),
            MASK,
        ),
    )
    PARAMETER = re.compile(r"([?&;#])([^=&;#?\s]{1,100})=([^&;#\s]+)")
    # Most texts have none of what the patterns above begin with or require.
    SUSPECT = re.compile(r"[@?&;#]|bearer|basic|whsec_|eyJ|PRIVATE KEY", re.IGNORECASE)

    def __init__(self) -> None:
        self.masked: list[str] = []
        self.truncated: list[str] = []
        self._left = self.MAX_CHARS
        self._is_masked = self._is_truncated = False

    def copy(self, field: str, name: str, value: Any) -> Any:
        """Return the copy of a value; `field` is noted if the value is masked or truncated."""
        self._is_masked = self._is_truncated = False
        copied = self._copy(name, value, self.MAX_DEPTH)
        if self._is_masked:
            self.masked.append(field)
        if self._is_truncated:
            self.truncated.append(field)
        return copied

    def _copy(self, name: str, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool) or value == "":
            return value
        if self.is_secret(name):
            self._is_masked = True
            return self.MASK
        if self._left <= 0 or depth == 0:
            return self._cut()
        if isinstance(value, dict):
            return self._copy_object(value, depth)
        if isinstance(value, list | tuple):
            return self._copy_list(value, name, depth)
        return self._number(value) if isinstance(value, int | float) else self._text(str(value))

    def _number(self, value: float) -> Any:
        if isinstance(value, int) and value.bit_length() > self.MAX_NAME_CHARS:
            return self._cut()
        self._left -= len(str(value))
        return value if math.isfinite(value) else str(value)

    def _copy_object(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        copied = {}
        for name, inner in islice(value.items(), self.MAX_ITEMS):
            shown = self.shortened(name)
            if self._left <= 0:
                self._cut()
                break
            self._left -= len(shown) + 4
            copied[shown] = self._copy(shown, inner, depth - 1)
            if shown != name:
                self._cut()
        if len(value) > self.MAX_ITEMS:
            self._cut()
        return copied

    def _copy_list(self, value: Sequence[Any], name: str, depth: int) -> list[Any]:
        copied = []
        for inner in islice(value, self.MAX_ITEMS):
            if self._left <= 0:
                break
            self._left -= 2
            copied.append(self._copy(name, inner, depth - 1))
        return copied if len(copied) == len(value) else [*copied, self._cut()]

    def _text(self, text: str) -> str:
        masked = self._without_secrets(text[: self.MAX_SEARCHED_CHARS])
        self._is_masked |= masked != text[: self.MAX_SEARCHED_CHARS]
        limit = min(self.MAX_TEXT_CHARS, max(self._left, 0))
        self._left -= min(len(masked), limit) + 2
        shown = self._encodable(masked[:limit])
        is_complete = len(masked) <= limit and len(text) <= self.MAX_SEARCHED_CHARS
        return shown if is_complete else shown + self._cut()

    def _without_secrets(self, text: str) -> str:
        if self.SUSPECT.search(text) is None:
            return text
        for pattern, mask in self.MARKS:
            text = pattern.sub(mask, text)
        return self.PARAMETER.sub(self._parameter, text)

    @classmethod
    def shortened(cls, name: object) -> str:
        """Return a name as it is shown."""
        return cls._encodable(str(name)[: cls.MAX_NAME_CHARS])

    @staticmethod
    def _encodable(text: str) -> str:
        """Replace lone surrogates, which cannot be stored."""
        return text.encode(errors="replace").decode()

    def _parameter(self, found: re.Match[str]) -> str:
        before, name, _ = found.groups()
        is_secret = self.is_secret(name) or name.lower().endswith("signature")
        return f"{before}{name}={self.MASK}" if is_secret else found[0]

    def _cut(self) -> str:
        self._is_truncated = True
        return self.CUT

    @classmethod
    def is_secret(cls, name: str) -> bool:
        """Return whether the name of a value says that it is a secret."""
        words = [word.lower() for word in cls.WORDS.findall(name[:200])]
        if words in (["key"], ["keys"]) or any(map(cls.SECRET.fullmatch, words)):
            return True
        return any(
            word in ("key", "keys") and cls.KIND_OF_KEY.fullmatch(before)
            for before, word in pairwise(words)
        )

"""Registry of export formats."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

from marshmallow import Schema

from libraries.declarations import check_method, check_params, check_summary
from libraries.geometry.document import Document
from libraries.loading import LoadError
from libraries.registry import Registry


class FormatParams(Hashable, Protocol):
    """A subclass of `Params` that also writes the format."""

    @classmethod
    def schema(cls) -> type[Schema]: ...

    @classmethod
    def load(cls, values: Mapping[str, Any], *, inside: str = "") -> Self: ...

    def write(self, document: Document) -> Iterator[bytes]:
        """Yield the file in blocks; errors are raised before the first block."""


@dataclass(frozen=True)
class Format:
    """An export format; `name` is that of its module, with hyphens.

    `encoding` is set for formats of stored drawings. `version` is incremented when the same drawing
    gives other bytes.
    """

    name: str
    summary: str
    media_type: str
    suffix: str
    encoding: str | None
    version: int
    params: type[FormatParams]


FORMATS: Registry[Format] = Registry("format")
F = TypeVar("F", bound=FormatParams)


def export(
    *, media_type: str, suffix: str, encoding: str | None = None, version: int = 1
) -> Callable[[type[F]], type[F]]:
    """Register a subclass of `Params` as the format that its module is named after.

    Raises:
        LoadError: the class or an argument is invalid.
    """
    if media_type.count("/") != 1 or media_type != media_type.strip().lower():
        raise LoadError(f"{media_type!r} is not a media type such as image/png, in lower case")
    if not suffix.startswith(".") or len(suffix) == 1:
        raise LoadError(f"the suffix {suffix!r} must start with a dot, such as .png")
    # Drawings are stored as SVG.
    if encoding is not None and media_type != "image/svg+xml":
        raise LoadError("only a format of image/svg+xml can have an encoding")
    if encoding in encodings():
        raise LoadError(f"encoding {encoding!r} is used by another format")

    def register(cls: type[F]) -> type[F]:
        check_method(
            cls, "write", ("self", "document"), "(self, document: Document) -> Iterator[bytes]"
        )
        check_params(cls)
        name = cls.__module__.rpartition(".")[2].replace("_", "-")
        summary = check_summary(cls)
        FORMATS.add(name, Format(name, summary, media_type, suffix, encoding, version, cls))
        return cls

    return register


def encodings() -> tuple[str, ...]:
    return tuple(one.encoding for _, one in FORMATS.items() if one.encoding is not None)


def format_of_encoding(encoding: str) -> Format:
    return next(one for _, one in FORMATS.items() if one.encoding == encoding)


def formats_by_media_type() -> dict[str, Format]:
    """Return the first format of each media type, by name."""
    formats: dict[str, Format] = {}
    for name in FORMATS:
        one = FORMATS[name]
        formats.setdefault(one.media_type, one)
    return formats

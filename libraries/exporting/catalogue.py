"""The catalogue of export formats: how a format declares itself, and its registry."""

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
    """The parameters of a format, which also write it: a subclass of `Params` with one method."""

    @classmethod
    def schema(cls) -> type[Schema]:
        """Return the schema of the parameters; see `Params`."""

    @classmethod
    def load(cls, values: Mapping[str, Any], *, inside: str = "") -> Self:
        """Return the parameters parsed from `values`; see `Params`."""

    def write(self, document: Document) -> Iterator[bytes]:
        """Yield the file in blocks. What is refused is refused before the first block."""


@dataclass(frozen=True)
class Format:
    """A format of the catalogue.

    Attributes:
        name: the name of its module, with hyphens.
        summary: the first line of the docstring of `params`.
        media_type: what the file is, such as `image/svg+xml`.
        suffix: the end of its file names, with the dot.
        encoding: the `encoding` of an artboard that is stored in this format, which is then a way to
            write SVG; None for formats that drawings are not stored in.
        is_cached: whether files are small and slow to make, so that recent ones are kept in memory.
        params: its parameters.
    """

    name: str
    summary: str
    media_type: str
    suffix: str
    encoding: str | None
    is_cached: bool
    params: type[FormatParams]


FORMATS: Registry[Format] = Registry("format")
F = TypeVar("F", bound=FormatParams)


def export(
    *, media_type: str, suffix: str, encoding: str | None = None, is_cached: bool = False
) -> Callable[[type[F]], type[F]]:
    """Register a subclass of `Params` as the format that its module is named after; see `Format`.

    Raises:
        LoadError: the class or an argument breaks a rule of formats; the text names it.
    """
    if media_type.count("/") != 1 or media_type != media_type.strip().lower():
        raise LoadError(f"{media_type!r} is not a media type such as image/png, in lower case")
    if not suffix.startswith(".") or len(suffix) == 1:
        raise LoadError(f"the suffix {suffix!r} must start with a dot, such as .png")
    # What stored drawings are.
    if encoding is not None and media_type != "image/svg+xml":
        raise LoadError("only a format of image/svg+xml can have an encoding")
    if encoding in encodings():
        raise LoadError(f"another format has the encoding {encoding!r}")

    def register(cls: type[F]) -> type[F]:
        check_method(
            cls, "write", ("self", "document"), "(self, document: Document) -> Iterator[bytes]"
        )
        check_params(cls)
        name = cls.__module__.rpartition(".")[2].replace("_", "-")
        summary = check_summary(cls)
        FORMATS.add(name, Format(name, summary, media_type, suffix, encoding, is_cached, cls))
        return cls

    return register


def encodings() -> tuple[str, ...]:
    """Return the encodings that a drawing can be stored in, by the name of their format."""
    return tuple(one.encoding for _, one in FORMATS.items() if one.encoding is not None)


def format_of_encoding(encoding: str) -> Format:
    """Return the format of drawings that are stored in an encoding of `encodings()`."""
    return next(one for _, one in FORMATS.items() if one.encoding == encoding)


def formats_by_media_type() -> dict[str, Format]:
    """Return one format for each media type: the first by name."""
    formats: dict[str, Format] = {}
    for name in FORMATS:
        one = FORMATS[name]
        formats.setdefault(one.media_type, one)
    return formats

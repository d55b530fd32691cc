"""Registry of formats of drawings that are read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

from libraries.errors import InvalidInput
from libraries.extras import Extra
from libraries.fields import number, whole
from libraries.geometry.rectangle import Rectangle
from libraries.loading import LoadError
from libraries.registry import Registry
from libraries.svg_reader import Reading, ReadingOptions, max_svg_bytes
from libraries.svg_syntax.curves import FLATNESS
from libraries.vector_input.heads import HEAD_BYTES, decoded_head


class InputOptions(ReadingOptions):
    """Options of the conversion of a drawing of any format to strokes."""

    pdf_page: int = whole("Page of a PDF.", 1, 10_000, default=1)
    hpgl_unit: float = number(
        "Length of a unit of HP-GL; some plotters have 0.02488 mm.",
        0.001,
        1,
        default=0.025,
        unit="mm",
    )

    # The largest factor for which curves are refined.
    MAX_ENLARGEMENT: ClassVar[float] = 100.0
    # The maximum distance of lines from curves in mm.
    flatness: float = field(default=FLATNESS, kw_only=True)
    # Returns the factor by which a drawing on a page is enlarged later.
    enlarged: Callable[[Rectangle], float] | None = field(default=None, kw_only=True)

    def enlargement(self, page: Rectangle) -> float:
        """Return the factor by which a drawing on a page is enlarged later."""
        return 1.0 if self.enlarged is None else self.enlarged(page)

    def fineness(self, page: Rectangle) -> float:
        """Return the maximum distance of lines from curves in mm, for a drawing on a page."""
        return FLATNESS / min(max(self.enlargement(page), 1.0), self.MAX_ENLARGEMENT)


@dataclass(frozen=True, kw_only=True)
class VectorFormat:
    """A format of drawings.

    Attributes:
        title: the name for users.
        suffixes: extensions of file names; the first one is that of stored files.
        media_types: media types of requests; the first one is that of stored files.
        matches: whether a file that begins with up to `HEAD_BYTES` bytes has this format.
        read: returns the drawing in mm, y down, with its problems. It raises InvalidInput.
        named: whether text that no format matches has this format if its name does.
        extra: the optional packages that it needs.
    """

    title: str
    suffixes: tuple[str, ...]
    media_types: tuple[str, ...]
    matches: Callable[[bytes], bool]
    read: Callable[[bytes, InputOptions], Reading]
    named: bool = False
    extra: Extra | None = None

    def check_installed(self) -> None:
        """Raise InvalidInput if an optional package is missing, with the command to install it."""
        if self.extra is not None and (missing := self.extra.missing()):
            raise InvalidInput(f"{self.title} needs {missing}", code="not-installed")


FORMATS: Registry[VectorFormat] = Registry("vector format")


def register(name: str, form: VectorFormat) -> None:
    """Add a format to the registry; raise LoadError if its suffixes or media types are taken."""
    for other in (FORMATS[one] for one in FORMATS):
        taken = {*other.suffixes, *other.media_types} & {*form.suffixes, *form.media_types}
        if taken:
            raise LoadError(f"{', '.join(sorted(taken))}: used by {other.title}")
    FORMATS.add(name, form)


def recognised(head: bytes, name: str = "") -> VectorFormat | None:
    """Return the format of a file that begins with `head`, by content, then by its `name`."""
    start = head[:HEAD_BYTES]
    forms = [FORMATS[one] for one in FORMATS]
    found = next((form for form in forms if form.matches(start)), None)
    if found is not None or not start.strip():
        return found
    known = [form for form in forms if form.named and name.lower().endswith(form.suffixes)]
    return known[0] if known else None


def format_of(data: bytes, name: str = "") -> VectorFormat:
    """Return the format of a file; markup is read as SVG, whose reader says what is wrong.

    Raises:
        InvalidInput: it is no drawing.
    """
    form = recognised(data, name)
    if form is None:
        text = decoded_head(data[:HEAD_BYTES])
        is_packed = data.startswith(b"\x1f\x8b")
        if not is_packed and (text is None or not text.lstrip().startswith("<")):
            known = ", ".join(FORMATS[one].title for one in FORMATS)
            raise InvalidInput(f"the file is no drawing; accepted: {known}", code="bad-drawing")
    return form or FORMATS["svg"]


def check_installed(head: bytes, name: str = "") -> None:
    """Raise InvalidInput if a file needs an optional package that is missing."""
    form = recognised(head, name)
    if form is not None:
        form.check_installed()


def read(data: bytes, name: str = "", options: InputOptions | None = None) -> Reading:
    """Return the visible strokes of a drawing and its problems; the name helps to find the format.

    Raises:
        InvalidInput: the file is damaged or too large, or a package is missing.
    """
    form = format_of(data, name)
    form.check_installed()
    if len(data) > max_svg_bytes():
        raise damaged(form.title, f"has more than {max_svg_bytes():,} bytes")
    options = options or InputOptions()
    reading = form.read(data, options)
    fine = options.fineness(reading.document.page)
    if form is FORMATS["svg"] or fine > FLATNESS / 1.5 or not len(reading.document):
        return reading
    # The page is only known now, and lines would be far from curves.
    return form.read(data, replace(options, flatness=fine))


def damaged(title: str, reason: str, hint: str | None = None) -> InvalidInput:
    """Return the error for a file of a format that cannot be read."""
    return InvalidInput(f"the {title} file {reason}", code="bad-drawing", field="file", hint=hint)

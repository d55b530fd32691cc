"""The objects of a page of a PDF, read with PDFium in a separate process.

PDFium is native code that gets hostile files and cannot be interrupted. This file is run as a script
that has limits of time and memory and imports nothing of the project; see `formats.pdf`.

The file is read from the standard input. The output is a JSON object in a line, which has the
`error`, or the page and its objects; after it come the segments of all paths as float64 numbers.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import re
import resource
import sys
from array import array
from typing import Any

import pypdfium2.raw as pdfium
from pypdfium2 import PdfDocument, PdfiumError


class Limits:
    """Limits of time, memory and size."""

    CPU_S = 60
    MEMORY_BYTES = 1_000_000_000
    MAX_OBJECTS = 200_000
    MAX_SEGMENTS = 2_000_000
    MAX_CLIP_SEGMENTS = 10_000
    MAX_DEPTH = 16
    MAX_TEXT_CHARS = 2_000
    MAX_MARKS = 16
    # Groups of objects whose visibility is tested, and the objects of a group.
    MAX_GROUPS = 500
    MAX_SAMPLES = 64
    # Rows of segments: kind (0 line, 1 curve, 2 move), x, y and whether it closes the path.
    ROW = 4


class Visibility:
    """Finds the objects that a viewer shows at first, by drawing some of each group alone.

    Objects of a group have the same optional content. PDFium evaluates the states of the layers only
    when it draws.
    """

    SIDE = 64

    def __init__(self, page: Any) -> None:
        self._page = page
        self._groups: dict[tuple[object, ...], list[tuple[list[Any], list[float]]]] = {}
        self._all: list[Any] = []

    def add(self, group: tuple[object, ...], chain: list[Any], matrix: list[float]) -> None:
        """Add an object; `chain` are its enclosing forms and itself."""
        self._all.append(chain[-1])
        if group:
            self._groups.setdefault(group, []).append((chain, matrix))

    def hidden(self) -> set[tuple[object, ...]]:
        """Return the groups of which nothing is shown."""
        if not self._groups:
            return set()
        for one in self._all:
            pdfium.FPDFPageObj_SetIsActive(one, 0)
        bitmap = pdfium.FPDFBitmap_Create(self.SIDE, self.SIDE, 1)
        found = set()
        for group, members in list(self._groups.items())[: Limits.MAX_GROUPS]:
            step = -(-len(members) // Limits.MAX_SAMPLES)
            if not any(self._is_drawn(bitmap, *member) for member in members[::step]):
                found.add(group)
        return found

    def _is_drawn(self, bitmap: Any, chain: list[Any], matrix: list[float]) -> bool:
        left, top, across, down = self._place(chain[-1], matrix)
        if not (-across < left < self.SIDE and -down < top < self.SIDE):
            return True  # off the page, which is another problem
        for one in chain:
            pdfium.FPDFPageObj_SetIsActive(one, 1)
        pdfium.FPDFBitmap_FillRect(bitmap, 0, 0, self.SIDE, self.SIDE, 0)
        pdfium.FPDF_RenderPageBitmap(bitmap, self._page, left, top, across, down, 0, 0)
        for one in chain:
            pdfium.FPDFPageObj_SetIsActive(one, 0)
        size = pdfium.FPDFBitmap_GetStride(bitmap) * self.SIDE
        return any(ctypes.string_at(pdfium.FPDFBitmap_GetBuffer(bitmap), size))

    def _place(self, one: Any, matrix: list[float]) -> tuple[int, int, int, int]:
        """Return the left and upper edge and the size of the page at which an object fills the bitmap."""
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        pdfium.FPDFPageObj_GetBounds(one, left, bottom, right, top)
        a, b, c, d, e, f = matrix
        size = pdfium.FPDF_GetPageWidthF(self._page), pdfium.FPDF_GetPageHeightF(self._page)
        corners = [
            (a * x.value + c * y.value + e, b * x.value + d * y.value + f)
            for x in (left, right)
            for y in (bottom, top)
        ]
        spans = [max(axis) - min(axis) for axis in zip(*corners, strict=True)]
        zoom = min(self.SIDE / max(*spans, 1.0), 1e7 / max(*size, 1.0))
        across, down = (max(round(zoom * side), 1) for side in size)
        x, y = ctypes.c_int(), ctypes.c_int()
        places = []
        for corner in corners:
            pdfium.FPDF_PageToDevice(self._page, 0, 0, across, down, 0, *corner, x, y)
            places.append((x.value, y.value))
        return -min(place[0] for place in places), -min(place[1] for place in places), across, down


class Page:
    """Collects the objects of a page; matrices are `[a, b, c, d, e, f]` in points, y up.

    Its methods raise OverflowError for a page that exceeds a limit.
    """

    def __init__(self, page: Any) -> None:
        self.segments = array("d")
        self.objects: list[dict[str, Any]] = []
        self.clips: list[list[int]] = []
        self.left_out: dict[str, int] = {}
        # Numbers of objects on layers that are not shown.
        self.hidden: dict[str, int] = {}
        self._known: dict[tuple[bytes, ...], int] = {}
        self._text = pdfium.FPDFText_LoadPage(page)
        self._buffer = ctypes.create_string_buffer(4 * Limits.MAX_TEXT_CHARS)
        self._visibility = Visibility(page)
        self._groups: list[tuple[object, ...]] = []
        self._forms = 0

    def add_all(self, page: Any) -> None:
        """Add the objects of a page that a viewer shows at first."""
        unit = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]
        for number in range(pdfium.FPDFPage_CountObjects(page)):
            self.add([pdfium.FPDFPage_GetObject(page, number)], unit, "", ())
        hidden = self._visibility.hidden()
        shown = []
        for one, group in zip(self.objects, self._groups, strict=True):
            if group in hidden:
                self.hidden[one["layer"]] = self.hidden.get(one["layer"], 0) + 1
            else:
                shown.append(one)
        self.objects = shown

    def add(
        self, chain: list[Any], matrix: list[float], layer: str, group: tuple[object, ...]
    ) -> None:
        """Add an object, the last of `chain` after its enclosing forms, and those of a form."""
        if len(self.objects) >= Limits.MAX_OBJECTS:
            raise OverflowError(f"more than {Limits.MAX_OBJECTS:,} objects")
        one, depth = chain[-1], len(chain) - 1
        kind = pdfium.FPDFPageObj_GetType(one)
        names = self._layers(one)
        layer = layer or next(filter(None, names), "")
        # Content without a name is a separate group.
        group += tuple(name or len(self.objects) for name in names)
        self._visibility.add(group, chain, matrix)
        if kind == pdfium.FPDF_PAGEOBJ_PATH:
            self._add_path(one, matrix, layer)
        elif kind == pdfium.FPDF_PAGEOBJ_TEXT:
            self._add_text(one, matrix, layer)
        elif kind == pdfium.FPDF_PAGEOBJ_FORM and depth < Limits.MAX_DEPTH:
            inner = product(matrix, own_matrix(one))
            # A form may be optional content itself.
            self._forms += 1
            group = (*group, -self._forms)
            for number in range(max(pdfium.FPDFFormObj_CountObjects(one), 0)):
                member = pdfium.FPDFFormObj_GetObject(one, number)
                self.add([*chain, member], inner, layer, group)
        else:
            name = {pdfium.FPDF_PAGEOBJ_IMAGE: "image", pdfium.FPDF_PAGEOBJ_SHADING: "gradient"}
            found = name.get(kind, "form")
            self.left_out[found] = self.left_out.get(found, 0) + 1
        self._groups += [group] * (len(self.objects) - len(self._groups))

    def _add_path(self, path: Any, matrix: list[float], layer: str) -> None:
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
        first = len(self.segments) // Limits.ROW
        self._add_segments(
            pdfium.FPDFPath_CountSegments(path),
            lambda number: pdfium.FPDFPath_GetPathSegment(path, number),
        )
        last = len(self.segments) // Limits.ROW
        whole = product(matrix, own_matrix(path))
        self.objects.append(
            {
                "first": first,
                "last": last,
                "matrix": whole,
                "layer": layer,
                "fill": colour(path, pdfium.FPDFPageObj_GetFillColor) if fill.value else None,
                "evenodd": fill.value == pdfium.FPDF_FILLMODE_ALTERNATE,
                "stroke": colour(path, pdfium.FPDFPageObj_GetStrokeColor) if stroke.value else None,
                "width": number_of(path, pdfium.FPDFPageObj_GetStrokeWidth),
                "cap": pdfium.FPDFPageObj_GetLineCap(path),
                "dashes": dashes(path) if stroke.value else [],
                "phase": number_of(path, pdfium.FPDFPageObj_GetDashPhase),
                "clip": self._clip(path, matrix),
            }
        )

    def _add_text(self, text: Any, matrix: list[float], layer: str) -> None:
        used = pdfium.FPDFTextObj_GetText(
            text,
            self._text,
            ctypes.cast(self._buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)),
            len(self._buffer),
        )
        size = number_of(text, pdfium.FPDFTextObj_GetFontSize)
        mode = pdfium.FPDFTextObj_GetTextRenderMode(text)
        invisible = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)
        if mode in invisible or not 0 < used <= len(self._buffer):
            self.left_out["text"] = self.left_out.get("text", 0) + 1
            return
        self.objects.append(
            {
                "text": self._buffer.raw[: used - 2].decode("utf-16-le", "ignore"),
                "size": size,
                "matrix": product(matrix, own_matrix(text)),
                "layer": layer,
                "fill": colour(text, pdfium.FPDFPageObj_GetFillColor),
                "clip": self._clip(text, matrix),
            }
        )

    def _add_segments(self, count: int, get: Any) -> None:
        if len(self.segments) // Limits.ROW + count > Limits.MAX_SEGMENTS:
            raise OverflowError(f"more than {Limits.MAX_SEGMENTS:,} segments")
        x, y = ctypes.c_float(), ctypes.c_float()
        for number in range(count):
            segment = get(number)
            pdfium.FPDFPathSegment_GetPoint(segment, x, y)
            kind = pdfium.FPDFPathSegment_GetType(segment)
            closes = pdfium.FPDFPathSegment_GetClose(segment)
            self.segments.extend((kind, x.value, y.value, closes))

    def _clip(self, one: Any, matrix: list[float]) -> list[int]:
        """Return the numbers of the clip paths of an object; equal ones are stored once."""
        clip = pdfium.FPDFPageObj_GetClipPath(one)
        numbers: list[int] = []
        for index in range(max(pdfium.FPDFClipPath_CountPaths(clip) if clip else 0, 0)):
            count = pdfium.FPDFClipPath_CountPathSegments(clip, index)
            if not 0 < count <= Limits.MAX_CLIP_SEGMENTS:
                self.left_out["clip-path"] = self.left_out.get("clip-path", 0) + 1
                continue
            first = len(self.segments)
            self._add_segments(
                count, lambda number, i=index: pdfium.FPDFClipPath_GetPathSegment(clip, i, number)
            )
            key = (self.segments[first:].tobytes(), repr(matrix).encode())
            if key in self._known:
                del self.segments[first:]
            else:
                self._known[key] = len(self.clips)
                bounds = first // Limits.ROW, len(self.segments) // Limits.ROW
                self.clips.append([*bounds, *matrix])  # type: ignore[list-item]
            numbers.append(self._known[key])
        return numbers

    def _layers(self, one: Any) -> list[str]:
        """Return the names of the optional content groups of an object; some have an empty name."""
        found = []
        for number in range(min(pdfium.FPDFPageObj_CountMarks(one), Limits.MAX_MARKS)):
            mark = pdfium.FPDFPageObj_GetMark(one, number)
            if self._string(lambda *out, m=mark: pdfium.FPDFPageObjMark_GetName(m, *out)) == "OC":
                found.append(self._name(mark))
        return found

    def _name(self, mark: Any) -> str:
        used = ctypes.c_ulong()
        place = ctypes.cast(self._buffer, ctypes.POINTER(ctypes.c_ubyte))
        size = len(self._buffer)
        get = pdfium.FPDFPageObjMark_GetParamBlobValue
        if not get(mark, b"Name", place, size, used) or used.value > size:
            return ""
        name = self._buffer.raw[: used.value]
        for start, encoding in (
            (b"\xfe\xff", "utf-16-be"),
            (b"\xff\xfe", "utf-16-le"),
            (b"\xef\xbb\xbf", "utf-8"),
        ):
            if name.startswith(start):
                return name[len(start) :].decode(encoding, "ignore")
        return name.decode("latin-1")

    def _string(self, get: Any) -> str:
        used = ctypes.c_ulong()
        place = ctypes.cast(self._buffer, ctypes.POINTER(pdfium.FPDF_WCHAR))
        if not get(place, len(self._buffer), used) or not 2 <= used.value <= len(self._buffer):  # noqa: PLR2004
            return ""
        return self._buffer.raw[: used.value - 2].decode("utf-16-le", "ignore")


def own_matrix(one: Any) -> list[float]:
    found = pdfium.FS_MATRIX()
    if not pdfium.FPDFPageObj_GetMatrix(one, found):
        return [1.0, 0.0, 0.0, 1.0, 0.0, 0.0]
    return [found.a, found.b, found.c, found.d, found.e, found.f]


def product(outer: list[float], inner: list[float]) -> list[float]:
    """Return the matrix that applies `inner`, then `outer`."""
    a, b, c, d, e, f = outer
    p, q, r, s, t, u = inner
    return [
        a * p + c * q,
        b * p + d * q,
        a * r + c * s,
        b * r + d * s,
        a * t + c * u + e,
        b * t + d * u + f,
    ]


def colour(one: Any, get: Any) -> list[int] | None:
    """Return red, green, blue and opacity from 0 to 255; None for gradients and patterns."""
    parts = [ctypes.c_uint() for _ in range(4)]
    return [part.value for part in parts] if get(one, *parts) else None


def number_of(one: Any, get: Any) -> float:
    found = ctypes.c_float()
    return float(found.value) if get(one, found) else 0.0


def dashes(path: Any) -> list[float]:
    count = pdfium.FPDFPageObj_GetDashCount(path)
    most = 32
    if not 0 < count <= most:
        return []
    found = (ctypes.c_float * count)()
    return list(found) if pdfium.FPDFPageObj_GetDashArray(path, found, count) else []


def user_unit(document: Any, index: int, data: bytes) -> float:
    """Return the length of a unit of a page in points; PDFium itself ignores it.

    In a copy of the page, as PDFium writes it, the entry of the page is plain text.
    """
    if b"/UserUnit" not in data and b"/ObjStm" not in data:
        return 1.0
    copy, out = PdfDocument.new(), io.BytesIO()
    with contextlib.suppress(PdfiumError):
        copy.import_pages(PdfDocument(document), [index])
        copy.save(out)
    for one in re.finditer(
        rb"obj\s*<<(?:(?!endobj|stream).)*?>>\s*endobj", out.getvalue(), re.DOTALL
    ):
        unit = re.search(rb"/UserUnit\s+([0-9.]{1,12})", one[0])
        if unit and re.search(rb"/Type\s*/Page\b", one[0]):
            with contextlib.suppress(ValueError):
                return float(unit[1])
    return 1.0


def read(data: bytes, number: int) -> tuple[dict[str, Any], bytes]:
    """Return the description of a page, from 1, and its segments."""
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        is_locked = pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD
        return {"error": "needs a password" if is_locked else "is damaged"}, b""
    count = pdfium.FPDF_GetPageCount(document)
    if not 1 <= number <= count:
        return {"error": f"has no page {number}; it has {count}", "pages": count}, b""
    page = pdfium.FPDF_LoadPage(document, number - 1)
    if not page:
        return {"error": f"is damaged on page {number}"}, b""
    box = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, box)
    found = Page(page)
    try:
        found.add_all(page)
    except OverflowError as error:
        return {"error": f"has {error} on page {number}"}, b""
    described = {
        "pages": count,
        "box": [box.left, box.bottom, box.right, box.top],
        "rotation": pdfium.FPDFPage_GetRotation(page),
        "objects": found.objects,
        "clips": found.clips,
        "left_out": found.left_out,
        "hidden": found.hidden,
        "unit": user_unit(document, number - 1, data),
    }
    return described, found.segments.tobytes()


def main() -> int:
    """Read the page that the first argument names."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (Limits.CPU_S, Limits.CPU_S + 1))
        resource.setrlimit(resource.RLIMIT_AS, (Limits.MEMORY_BYTES, Limits.MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    data = sys.stdin.buffer.read()
    pdfium.FPDF_InitLibrary()
    described, segments = read(data, int(sys.argv[1]))
    sys.stdout.buffer.write(json.dumps(described).encode() + b"\n" + segments)
    return 0


if __name__ == "__main__":
    sys.exit(main())

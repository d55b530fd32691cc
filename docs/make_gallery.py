"""`python -m docs.make_gallery` (`make gallery`): docs/gallery.md, its pictures, and the picture at the top of the README.

Starts a service with temporary folders and a private broker, draws every request of images/gallery/pieces.json and
images/drawings.json through the HTTP API, and stops the service. Equal requests give equal files. The texts of the page come from
the catalogue of patterns and from the jobs.

Exit code: 0, or 1 if the service does not start or a piece is not drawn.
"""

from __future__ import annotations

import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "gallery.md"
PICTURES = DOCS / "images" / "gallery"
PIECES = PICTURES / "pieces.json"
STRIP = DOCS / "images" / "drawings.png"
STRIP_PIECES = DOCS / "images" / "drawings.json"
HOST = "127.0.0.1"
# Seconds to wait for the service to start, and for a drawing.
PATIENCE = 60
PAUSE = 0.1
# Pictures are drawn at this width and reduced until the file is small enough for a repository.
DRAWN_WIDTH = 1280
WIDTHS = (480, 440, 400, 360, 320)
MOST_BYTES = 47_000
# One ink on white needs few shades, several inks need more.
GREYS, COLOURS = 8, 24
# The strip of the README: the height of a sheet and the gap between sheets in pixels, the colours, and the colour of an edge.
STRIP_HEIGHT, STRIP_GAP, STRIP_COLOURS = 592, 32, 96
EDGE = (200, 200, 200)
PROFILE = "axidraw"
TIDY = {"text": "Text", "postcard": "Postcards"}
SAID = {
    "text": "A composition combines patterns, texts and shapes on one page. Each element has a box and a layer, and each layer a pen.",
    "postcard": "A message in single strokes with a frame that suits the occasion.",
}


HEAD = """# Gallery

Two drawings of each pattern. The request below each picture reproduces it. The times are estimates for an AxiDraw and include the
travel between strokes. `make gallery` regenerates this page.

Send a request unchanged, or change its `seed` for another drawing of the same kind:

```sh
curl -sS http://127.0.0.1:5000/artboard/create \\
  -H 'Content-Type: application/json' \\
  -d '{"paper": "a5", "pattern": "flow_field", "seed": 7}'
```

`GET /patterns` lists the parameters of each pattern."""


class NotDrawn(Exception):
    """Raised when a piece cannot be drawn; the text names the piece and quotes the service."""


@dataclass(frozen=True)
class Piece:
    """A request and the name of its picture: the name of the pattern, a dash and a number."""

    name: str
    to: str
    body: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """Return the subject: the name of a pattern, `text` or `postcard`."""
        return self.name.rpartition("-")[0]


@dataclass(frozen=True)
class Drawn:
    """A drawn piece: its picture as PNG and its plot statistics."""

    piece: Piece
    picture: bytes
    plot: Mapping[str, Any]


def pieces() -> list[Piece]:
    """Return the pieces of the gallery in the order of the page."""
    return _read(PIECES)


def strip_pieces() -> list[Piece]:
    """Return the pieces at the top of the README from left to right."""
    return _read(STRIP_PIECES)


def _read(file: Path) -> list[Piece]:
    """Return the pieces of a file. A body that is a text names a file of the repository."""
    return [
        Piece(each["name"], each["to"], _body(each["body"]))
        for each in json.loads(file.read_text())
    ]


def _body(body: Any) -> Mapping[str, Any]:
    if isinstance(body, str):
        body = json.loads((DOCS.parent / body).read_text())
    return dict(body)


@dataclass(frozen=True)
class Service:
    """A service on a port of this machine."""

    port: int

    def request(self, method: str, path: str, body: object = None) -> bytes:
        """Return the body of the response.

        Raises:
            NotDrawn: the response is an error.
            OSError: the service is unreachable.
        """
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(
                method, path, data, {"Content-Type": "application/json"} if data else {}
            )
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise NotDrawn(f"{method} {path}: {content.decode(errors='replace')[:500]}")
        return content

    def draw(self, piece: Piece) -> Drawn:
        """Draw a piece and fetch its picture, reduced.

        Raises:
            NotDrawn: the request was refused, the job failed or timed out.
        """
        picture, plot = self.picture(piece)
        return Drawn(piece, small(picture), plot)

    def picture(self, piece: Piece) -> tuple[bytes, Mapping[str, Any]]:
        """Draw a piece; return its picture as PNG and its plot statistics.

        Raises:
            NotDrawn: as for `draw`.
        """
        job = f"/jobs/{json.loads(self.request('POST', piece.to, piece.body))['job_id']}"
        deadline = time.monotonic() + PATIENCE
        while not (seen := json.loads(self.request("GET", f"{job}?wait=10")))["done"]:
            if time.monotonic() > deadline:
                raise NotDrawn(f"{piece.name} takes too long")
        if seen["status"] != "finished":
            raise NotDrawn(f"{piece.name} {seen['status']}: {seen['error']}")
        picture = self.request("GET", f"{job}/preview.png?width={DRAWN_WIDTH}")
        return picture, seen["artifacts"][0]["plot"]

    def summaries(self) -> dict[str, str]:
        """Return the summary of each pattern of the catalogue."""
        return {
            each["name"]: each["summary"]
            for each in json.loads(self.request("GET", "/patterns"))["patterns"]
        }


def small(picture: bytes) -> bytes:
    """Reduce a picture to at most `MOST_BYTES`, or to the smallest width if that is still larger."""
    with Image.open(io.BytesIO(picture)) as opened:
        full = opened.convert("RGB")
    shades = GREYS if full.convert("L").convert("RGB").tobytes() == full.tobytes() else COLOURS
    data = b""
    for width in WIDTHS:
        reduced = full.resize(
            (width, round(full.height * width / full.width)), Image.Resampling.LANCZOS
        )
        file = io.BytesIO()
        reduced.quantize(shades, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            file, "PNG", optimize=True
        )
        data = file.getvalue()
        if len(data) <= MOST_BYTES:
            break
    return data


def strip(pictures: Sequence[bytes]) -> bytes:
    """Return pictures side by side as one PNG on a transparent ground, each with a thin edge."""
    sheets = []
    for picture in pictures:
        with Image.open(io.BytesIO(picture)) as opened:
            full = opened.convert("RGB")
        width = round(full.width * STRIP_HEIGHT / full.height)
        sheet = full.resize((width, STRIP_HEIGHT), Image.Resampling.LANCZOS)
        sheets.append(ImageOps.expand(sheet, 2, EDGE))
    size = (
        sum(sheet.width for sheet in sheets) + STRIP_GAP * (len(sheets) - 1),
        max(sheet.height for sheet in sheets),
    )
    row, gaps = Image.new("RGB", size, "white"), Image.new("1", size, 1)
    left = 0
    for sheet in sheets:
        row.paste(sheet, (left, 0))
        gaps.paste(0, (left, 0, left + sheet.width, sheet.height))
        left += sheet.width + STRIP_GAP
    flat = row.quantize(STRIP_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    # One more colour, transparent, for the gaps.
    shades = (flat.getpalette() or [])[: 3 * STRIP_COLOURS]
    flat.putpalette([*shades, *[255] * (3 * (STRIP_COLOURS + 1) - len(shades))])
    flat.paste(STRIP_COLOURS, mask=gaps)
    file = io.BytesIO()
    flat.save(file, "PNG", optimize=True, transparency=STRIP_COLOURS)
    return file.getvalue()


def page(drawn: Sequence[Drawn], summaries: Mapping[str, str]) -> str:
    """Return the page in Markdown."""
    parts = [HEAD]
    subject = ""
    for each in drawn:
        if each.piece.subject != subject:
            subject = each.piece.subject
            parts += [f"## {TIDY.get(subject, subject)}", (SAID | dict(summaries))[subject]]
        parts += shown(each)
    return "\n\n".join(parts) + "\n"


def shown(drawn: Drawn) -> list[str]:
    """Return the paragraphs of a piece: picture, plot statistics, request."""
    plot, piece = drawn.plot, drawn.piece
    lifts = "1 lift" if plot["lifts"] == 1 else f"{plot['lifts']:,} lifts"
    return [
        f'<img src="images/gallery/{piece.name}.png" width="320" alt="{piece.name.replace("-", ", sheet ")}">',
        f"`POST {piece.to}`, {plot['pen_down_mm'] / 1000:.1f} m of line, {lifts}, {_span(plot['time'][PROFILE]['seconds'])}:",
        f"```json\n{_json(piece.body)}\n```",
    ]


def _json(body: Mapping[str, Any]) -> str:
    """Return a request in one line, or a composition with one line for each member."""
    line = json.dumps(body, ensure_ascii=False)
    if "elements" not in body:
        return line
    members = []
    for name, value in body.items():
        items = (
            (f"\n    {json.dumps(item, ensure_ascii=False)}" for item in value)
            if isinstance(value, list)
            else None
        )
        members.append(
            f'  "{name}": '
            + (
                json.dumps(value, ensure_ascii=False)
                if items is None
                else f"[{','.join(items)}\n  ]"
            )
        )
    return "{\n" + ",\n".join(members) + "\n}"


def _span(seconds: float) -> str:
    minutes = round(seconds / 60)
    return (
        f"{round(seconds)} s"
        if minutes < 1
        else f"{minutes} min"
        if minutes < 60  # noqa: PLR2004
        else f"{minutes // 60} h {minutes % 60} min"
    )


@contextmanager
def started() -> Iterator[Service]:
    """Start the service in a temporary folder; stop it on exit.

    Raises:
        NotDrawn: it does not become ready.
    """
    with socket.socket() as probe, tempfile.TemporaryDirectory(prefix="va-gallery-") as home:
        probe.bind((HOST, 0))
        port = int(probe.getsockname()[1])
        probe.close()
        folders = {
            name: f"{home}/{name.lower()}" for name in ("DATA_DIR", "OUTPUT_DIR", "UPLOAD_DIR")
        }
        environ = (
            os.environ
            | folders
            | {"HOST": HOST, "PORT": str(port), "WORKERS": "1", "REDIS_URL": "", "API_KEYS": ""}
        )
        with (Path(home) / "log").open("wb") as log:
            command = [sys.executable, "start_dev.py"]
            process = subprocess.Popen(  # noqa: S603
                command, env=environ, cwd=DOCS.parent, stdout=log, stderr=log
            )
        try:
            yield _ready(Service(port), process)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()


def _ready(service: Service, process: subprocess.Popen[bytes]) -> Service:
    deadline = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < deadline:
        try:
            service.request("GET", "/readyz")
        except (OSError, NotDrawn):
            time.sleep(PAUSE)
        else:
            return service
    raise NotDrawn("the service does not start")


def main() -> int:
    """Draw all pieces; write files only if all of them are drawn."""
    try:
        with started() as service:
            drawn = []
            for piece in pieces():
                drawn.append(service.draw(piece))
                sys.stdout.write(f"{piece.name}: {len(drawn[-1].picture):,} bytes\n")
            text = page(drawn, service.summaries())
            top = strip([service.picture(piece)[0] for piece in strip_pieces()])
    except NotDrawn as error:
        sys.stderr.write(f"The gallery is unchanged: {error}\n")
        return 1
    for each in drawn:
        (PICTURES / f"{each.piece.name}.png").write_bytes(each.picture)
    PAGE.write_text(text)
    STRIP.write_bytes(top)
    sys.stdout.write(
        f"Written to {PAGE}: {sum(len(each.picture) for each in drawn):,} bytes of pictures\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

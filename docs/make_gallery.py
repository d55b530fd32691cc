"""`python -m docs.make_gallery`, which `make gallery` calls: docs/gallery.md and its pictures, drawn through the HTTP API.

The service is started with folders and a broker of its own, asked for every piece of images/gallery/pieces.json, and stopped. The
same requests give the same files. What stands in the page beside the pictures comes from the catalogue and from the jobs.

Exit code 0, 1 when the service does not start or a piece is not drawn.
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

from PIL import Image

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "gallery.md"
PICTURES = DOCS / "images" / "gallery"
PIECES = PICTURES / "pieces.json"
HOST = "127.0.0.1"
# Seconds to wait for the service to start, and for a drawing.
PATIENCE = 60
PAUSE = 0.1
# Pictures are drawn this large, then reduced until they are small enough to be part of a repository.
DRAWN_WIDTH = 1280
WIDTHS = (480, 440, 400, 360, 320)
MOST_BYTES = 47_000
# Ink of one colour on white needs few shades, inks of several colours need more.
GREYS, COLOURS = 8, 24
PROFILE = "axidraw"
TIDY = {"text": "Text", "postcard": "Postcards"}
SAID = {
    "text": "Compositions put patterns, texts and shapes on one page, each in a box, on layers with pens of their own.",
    "postcard": "A message in single strokes, framed by what the occasion asks for.",
}


HEAD = """# Gallery

What the patterns draw, two sheets of each. Every picture was made by the request below it. The times are those of an AxiDraw,
ways in the air included. `make gallery` draws the page anew.

Send a request as it stands, or with a `seed` of your own for another sheet of the same kind:

```sh
curl -sS http://127.0.0.1:5000/artboard/create \\
  -H 'Content-Type: application/json' \\
  -d '{"paper": "a5", "pattern": "flow_field", "seed": 7}'
```

`GET /patterns` tells what each pattern can be told."""


class NotDrawn(Exception):
    """Raised when a piece cannot be drawn; the text says which, and what the service said."""


@dataclass(frozen=True)
class Piece:
    """A request of the gallery, and the name of its picture: the name of the pattern, a dash and a number."""

    name: str
    to: str
    body: Mapping[str, Any]

    @property
    def subject(self) -> str:
        """Return what it shows: a pattern, or `text`, or `postcard`."""
        return self.name.rpartition("-")[0]


@dataclass(frozen=True)
class Drawn:
    """A piece that was drawn: its picture as PNG, and what it costs to plot."""

    piece: Piece
    picture: bytes
    plot: Mapping[str, Any]


def pieces() -> list[Piece]:
    """Return the pieces of the gallery in the order of the page."""
    return [Piece(**each) for each in json.loads(PIECES.read_text())]


@dataclass(frozen=True)
class Service:
    """A service that answers on a port of this machine."""

    port: int

    def ask(self, method: str, path: str, body: object = None) -> bytes:
        """Make a request; return the body of the answer.

        Raises:
            NotDrawn: the answer is an error.
            OSError: there is none.
        """
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(
                method, path, data, {"Content-Type": "application/json"} if data else {}
            )
            response = connection.getresponse()
            said = response.read()
        finally:
            connection.close()
        if response.status >= http.HTTPStatus.BAD_REQUEST:
            raise NotDrawn(f"{method} {path}: {said.decode(errors='replace')[:500]}")
        return said

    def draw(self, piece: Piece) -> Drawn:
        """Ask for a piece, follow its job and fetch the picture.

        Raises:
            NotDrawn: the request was refused, the job failed, or it takes too long.
        """
        job = f"/jobs/{json.loads(self.ask('POST', piece.to, piece.body))['job_id']}"
        deadline = time.monotonic() + PATIENCE
        while not (seen := json.loads(self.ask("GET", f"{job}?wait=10")))["done"]:
            if time.monotonic() > deadline:
                raise NotDrawn(f"{piece.name} takes too long")
        if seen["status"] != "finished":
            raise NotDrawn(f"{piece.name} {seen['status']}: {seen['error']}")
        return Drawn(
            piece,
            small(self.ask("GET", f"{job}/preview.png?width={DRAWN_WIDTH}")),
            seen["artifacts"][0]["plot"],
        )

    def summaries(self) -> dict[str, str]:
        """Return what each pattern of the catalogue draws, in a sentence."""
        return {
            each["name"]: each["summary"]
            for each in json.loads(self.ask("GET", "/patterns"))["patterns"]
        }


def small(picture: bytes) -> bytes:
    """Return a picture reduced to a file of at most 47 kB, or to the least width if even that is larger."""
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
    """Return the paragraphs of a piece: its picture, what it costs to plot, and its request."""
    plot, piece = drawn.plot, drawn.piece
    lifts = "1 lift" if plot["lifts"] == 1 else f"{plot['lifts']:,} lifts"
    return [
        f'<img src="images/gallery/{piece.name}.png" width="320" alt="{piece.name.replace("-", ", sheet ")}">',
        f"`POST {piece.to}`, {plot['pen_down_mm'] / 1000:.1f} m of line, {lifts}, {_span(plot['time'][PROFILE]['seconds'])}:",
        f"```json\n{_json(piece.body)}\n```",
    ]


def _json(body: Mapping[str, Any]) -> str:
    """Return a request in one line, or one line for each of its members if that is too long."""
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
    """Start the service in a temporary folder, and stop it at the end.

    Raises:
        NotDrawn: it does not get ready.
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
            service.ask("GET", "/readyz")
        except (OSError, NotDrawn):
            time.sleep(PAUSE)
        else:
            return service
    raise NotDrawn("the service does not start")


def main() -> int:
    """Draw everything, and write the files only when all of it is drawn."""
    try:
        with started() as service:
            drawn = []
            for piece in pieces():
                drawn.append(service.draw(piece))
                sys.stdout.write(f"{piece.name}: {len(drawn[-1].picture):,} bytes\n")
            text = page(drawn, service.summaries())
    except NotDrawn as trouble:
        sys.stderr.write(f"The gallery stays as it is: {trouble}\n")
        return 1
    for each in drawn:
        (PICTURES / f"{each.piece.name}.png").write_bytes(each.picture)
    PAGE.write_text(text)
    sys.stdout.write(
        f"Written to {PAGE}: {sum(len(each.picture) for each in drawn):,} bytes of pictures\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())

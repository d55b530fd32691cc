"""Photos for tests: one with the metadata of a camera, and malicious files."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

CAMERA = "TestCam of J. Doe"
UPRIGHT, TURNED_RIGHT = 1, 6


def landscape(width: int = 240, height: int = 160) -> Image.Image:
    """A sky gradient above a dark hill; the red left third shows the orientation."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack(
        [120 + 90 * y / height, 150 + 60 * y / height, 220 - 20 * y / height], axis=-1
    )
    pixels[y > height * (0.7 - 0.2 * np.sin(3 * x / width))] = (30, 60, 40)
    pixels[:, : width // 3] = (200, 30, 30)
    return Image.fromarray(pixels.astype(np.uint8))


def encoded(image: Image.Image, form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **options)
    return out.getvalue()


def from_a_camera(image: Image.Image | None = None, *, held: int = UPRIGHT) -> bytes:
    """A JPEG with author, location, a comment, a color profile and trailing bytes."""
    notes = Image.Exif()
    notes[0x0112], notes[0x010F] = held, CAMERA
    notes.get_ifd(0x8825).update({1: "N", 2: (52.0, 31.0, 12.0), 3: "E", 4: (13.0, 24.0, 18.0)})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photo = encoded(
        image or landscape(),
        "JPEG",
        exif=notes,
        comment=CAMERA.encode(),
        icc_profile=profile,
        quality=92,
    )
    return photo + b"<script>alert(1)</script>"


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_that_promises(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose header declares a huge picture."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + header
        + png_chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + png_chunk(b"IEND", b"")
    )


def animation(frames: int, form: str) -> bytes:
    """An animation with a red first frame and blue others."""
    size = (24, 16)
    first, others = (
        Image.new("RGB", size, "red"),
        [Image.new("RGB", size, (0, 0, 100 + n % 150)) for n in range(frames - 1)],
    )
    return encoded(first, form, save_all=True, append_images=others, duration=10)


def chatty_png() -> bytes:
    """A PNG with text chunks and trailing markup."""
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", CAMERA)
    return encoded(landscape(), "PNG", pnginfo=notes) + b"<html><script>alert(1)</script></html>"


def multipart(*parts: tuple[str, bytes], boundary: str = "cut", end: str = "--cut--\r\n") -> bytes:
    """Return the body of a multipart form; a part is its header lines and its content."""
    whole = b"".join(
        f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in parts
    )
    return whole + end.encode()


def part(name: str = "file", file_name: str | None = "a.bin") -> str:
    return f'Content-Disposition: form-data; name="{name}"' + (
        f'; filename="{file_name}"' if file_name is not None else ""
    )

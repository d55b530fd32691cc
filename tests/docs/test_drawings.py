"""The picture at the top of the README shows what the service draws for the requests stored with it."""

from __future__ import annotations

import io

from PIL import Image, ImageChops, ImageStat

from docs.make_gallery import STRIP, Service, strip, strip_pieces
from tests.journeys import conftest

MAX_BYTES = 300_000
# The mean difference per colour of two pictures, reduced so that edges of lines do not count.
MAX_DIFFERENCE, MIN_DIFFERENCE = 1, 4


def test_the_picture_of_the_readme_shows_what_the_service_draws(
    shared_service: conftest.Service,
) -> None:
    service = Service(int(shared_service.environ["PORT"]))
    pictures = [service.picture(piece)[0] for piece in strip_pieces()]
    kept = STRIP.read_bytes()
    assert difference(kept, strip(pictures)) < MAX_DIFFERENCE
    assert difference(kept, strip(pictures[::-1])) > MIN_DIFFERENCE
    assert len(kept) <= MAX_BYTES
    with Image.open(STRIP) as opened:
        opacity = opened.convert("RGBA").getchannel("A")
    assert opacity.getextrema() == (0, 255)


def difference(one: bytes, other: bytes) -> float:
    first, second = (
        Image.open(io.BytesIO(each)).convert("RGBA").convert("RGB").resize((184, 62))
        for each in (one, other)
    )
    return max(ImageStat.Stat(ImageChops.difference(first, second)).mean)

"""The gallery shows every pattern, and what it shows is what the service draws."""

from __future__ import annotations

import io
import json
import re

import pytest
from PIL import Image, ImageChops, ImageStat

from docs.make_gallery import PAGE, PICTURES, Drawn, Piece, Service, pieces, shown, small
from libraries.patterns import PATTERNS
from tests.docs.documents import blocks
from tests.journeys import conftest

MOST_BYTES, MOST_BYTES_IN_ALL = 60_000, 1_500_000


def test_the_gallery_shows_every_pattern_twice_a_text_and_a_postcard() -> None:
    headings = re.findall(r"^## (\w+)$", PAGE.read_text(), re.MULTILINE)
    assert headings == [*sorted(PATTERNS), "Text", "Postcards"]
    for name in PATTERNS:
        assert sum(piece.subject == name for piece in pieces()) == 2
        assert PATTERNS[name].summary in PAGE.read_text()


def test_the_page_shows_every_drawing_of_the_gallery_with_picture_and_request() -> None:
    requests = [json.loads(block) for block in blocks(PAGE, "json")]
    assert requests == [piece.body for piece in pieces()]
    named = re.findall(r'<img src="images/gallery/(.+?)\.png"', PAGE.read_text())
    assert named == [piece.name for piece in pieces()]
    assert set(named) == {picture.stem for picture in PICTURES.glob("*.png")}


def test_the_pictures_of_the_gallery_are_small() -> None:
    sizes = [picture.stat().st_size for picture in PICTURES.glob("*.png")]
    assert max(sizes) <= MOST_BYTES
    assert sum(sizes) <= MOST_BYTES_IN_ALL
    for picture in PICTURES.glob("*.png"):
        with Image.open(picture) as opened:
            assert 300 < opened.width <= 480


def test_a_picture_of_noise_is_made_as_small_as_it_can_be() -> None:
    noisy = io.BytesIO()
    Image.effect_noise((1280, 1800), 200).save(noisy, "PNG")
    with Image.open(io.BytesIO(small(noisy.getvalue()))) as opened:
        assert opened.size == (320, 450)


@pytest.mark.parametrize("name", ["grid-1", "postcard-1"])
def test_a_piece_is_drawn_as_the_gallery_shows_it(
    shared_service: conftest.Service, name: str
) -> None:
    (piece,) = (each for each in pieces() if each.name == name)
    drawn: Drawn = Service(int(shared_service.environ["PORT"])).draw(piece)
    assert all(part in PAGE.read_text() for part in shown(drawn))
    with Image.open(io.BytesIO(drawn.picture)) as new, Image.open(PICTURES / f"{name}.png") as kept:
        assert new.size == kept.size
        assert (
            max(ImageStat.Stat(ImageChops.difference(new.convert("RGB"), kept.convert("RGB"))).mean)
            < 1
        )
    with pytest.raises(Exception, match=r"422|validation-error"):
        Service(int(shared_service.environ["PORT"])).draw(Piece("grid-3", piece.to, {}))

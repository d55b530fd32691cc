"""Tests of sanitized photos and named images."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from libraries.imaging import Picture, clean_photo, named_image, open_image
from libraries.imaging.named_images import find_image
from tests.errors import raises_code
from tests.photographs import (
    CAMERA,
    TURNED_RIGHT,
    animation,
    chatty_png,
    encoded,
    from_a_camera,
    landscape,
    png_that_promises,
)


def decoded(picture: Picture) -> Image.Image:
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    assert image.size == (picture.width, picture.height)
    return image


def test_metadata_of_cameras_is_removed() -> None:
    photo = clean_photo(from_a_camera())
    for picture in (photo.full, *photo.thumbnails):
        image = decoded(picture)
        assert image.format == "JPEG"
        assert not dict(image.getexif())
        assert not {"exif", "comment", "icc_profile", "xmp", "photoshop"} & set(image.info)
        assert CAMERA.encode() not in picture.data
        assert b"script" not in picture.data


def test_photos_are_rotated_upright() -> None:
    image = decoded(clean_photo(from_a_camera(held=TURNED_RIGHT)).full)
    assert image.size == (160, 240)
    # The left edge becomes the upper edge.
    red, other = np.asarray(image)[10, 80], np.asarray(image)[200, 80]
    assert red[0] > red[2] + 100
    assert other[2] > other[0]


@pytest.mark.parametrize("held", range(1, 9))
def test_all_exif_orientations_are_applied(held: int) -> None:
    from PIL import ImageOps

    data = from_a_camera(held=held)
    theirs = np.asarray(
        ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
    ).astype(int)
    ours = np.asarray(decoded(clean_photo(data).full)).astype(int)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).mean() < 3


def test_thumbnails_keep_the_proportions_and_never_grow() -> None:
    large = clean_photo(encoded(landscape(1800, 1200), "JPEG"))
    assert [(one.width, one.height) for one in large.thumbnails] == [(800, 533), (200, 133)]
    small = clean_photo(encoded(landscape(120, 90), "JPEG"))
    assert [(one.width, one.height) for one in small.thumbnails] == [(120, 90), (120, 90)]


@pytest.mark.parametrize(
    ("form", "suffix"),
    [("JPEG", ".jpg"), ("WEBP", ".jpg"), ("PNG", ".png"), ("GIF", ".png"), ("BMP", ".png")],
)
def test_lossless_photos_stay_lossless(form: str, suffix: str) -> None:
    photo = clean_photo(encoded(landscape(), form))
    assert photo.full.suffix == suffix
    if suffix == ".png" and form != "GIF":
        assert np.array_equal(np.asarray(decoded(photo.full)), np.asarray(landscape()))


def test_transparency_is_kept() -> None:
    image = landscape().convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    photo = clean_photo(encoded(image, "WEBP", lossless=True))
    assert photo.full.suffix == ".png"
    assert decoded(photo.full).mode == "RGBA"
    assert clean_photo(encoded(landscape().convert("RGBA"), "WEBP")).full.suffix == ".jpg"


def test_text_chunks_and_appended_data_of_a_png_are_removed() -> None:
    data = clean_photo(chatty_png()).full.data
    assert CAMERA.encode() not in data
    assert b"script" not in data
    assert data.endswith(b"IEND\xaeB`\x82")


def test_colours_are_converted_to_srgb() -> None:
    grey = Image.new("RGB", (40, 40), (128, 128, 128))
    linear = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    # A profile of another colour space is ignored.
    kept = decoded(clean_photo(encoded(grey, "PNG", icc_profile=linear.tobytes())).full)
    assert kept.getpixel((5, 5)) == (128, 128, 128)
    assert "icc_profile" not in kept.info
    broken = decoded(clean_photo(encoded(grey, "PNG", icc_profile=b"nonsense" * 50)).full)
    assert broken.getpixel((5, 5)) == (128, 128, 128)


@pytest.mark.parametrize(
    "image", [landscape().convert("CMYK"), landscape().convert("L"), landscape().convert("1")]
)
def test_pictures_of_every_mode_are_read(image: Image.Image) -> None:
    form = "JPEG" if image.mode == "CMYK" else "PNG"
    assert decoded(clean_photo(encoded(image, form)).full).mode in {"RGB", "L"}


@pytest.mark.parametrize(("frames", "form"), [(1000, "GIF"), (60, "PNG"), (20, "WEBP")])
def test_of_an_animation_the_first_frame_is_kept(frames: int, form: str) -> None:
    image = decoded(clean_photo(animation(frames, form)).full)
    assert getattr(image, "n_frames", 1) == 1
    red, _, blue = image.convert("RGB").getpixel((12, 8))  # type: ignore[misc]
    assert red > blue + 150


@pytest.mark.parametrize(
    "size", [(60_000, 60_000), (9_000, 9_000), (5_001, 5_000), (2_000_000_000, 1)]
)
def test_too_many_pixels_are_rejected_before_decoding(
    size: tuple[int, int],
) -> None:
    with raises_code("image-too-large", match="at most 25 megapixels"):
        clean_photo(png_that_promises(*size))


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_a_truncated_photo_is_rejected(form: str, kept: float) -> None:
    data = encoded(landscape(), form)
    with raises_code("image-damaged"):
        clean_photo(data[: int(len(data) * kept)])


@pytest.mark.parametrize(
    "data", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF", b"%PDF-1.7", b"\0" * 100]
)
def test_unsupported_files_are_rejected(data: bytes) -> None:
    with raises_code("not-an-image"):
        clean_photo(data)


def test_an_image_is_available_by_its_name_inside_the_context_only() -> None:
    rng = np.random.default_rng(0)
    with named_image(encoded(landscape(), "PNG")) as name:
        assert open_image(name, rng).shape == (160, 240)
        with named_image(encoded(landscape(60, 60), "PNG")) as other:
            assert find_image(other).greys.shape == (60, 60)
            assert find_image(name).greys.shape == (160, 240)
        with raises_code("not-an-image"):
            find_image(other)
    with raises_code("not-an-image", match="not available"):
        open_image(name, rng)


def test_a_white_image_gets_no_name() -> None:
    with (
        raises_code("blank-image"),
        named_image(encoded(Image.new("RGB", (9, 9), "white"), "PNG")),
    ):
        pass

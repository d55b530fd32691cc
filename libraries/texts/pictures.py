"""Descriptions of images."""

from __future__ import annotations

from libraries.imaging import image_facts
from libraries.texts.answers import Answer
from libraries.texts.contents import file_of


def describe_image(content: str) -> Answer:
    """Describe an image file in base64; raises InvalidInput if it cannot be read."""
    data = file_of(content)
    facts = image_facts(data)
    size = f"{facts.width} x {facts.height} pixels"
    text = f"{len(data)} bytes, {facts.format}, {size}, mean color {facts.mean_color}"
    return Answer(f"🖼️ Processed image: {text}", "Pillow")

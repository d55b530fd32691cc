"""Task of the greeting cards."""

from libraries.job_manager import attach
from libraries.storage import filename_part, output_folder
from libraries.svg_builder import SVGBuilder


def letter_greeting(name: str) -> str:
    """Draw `Hello <name>` on a card of 148 x 105 mm and return the path of the SVG file."""
    card = SVGBuilder(148, 105).hershey_text(74, 52.5, f"Hello {name}", 0.4)
    return attach(output_folder().publish(f"greetings/{filename_part(name)}.svg", card.to_string()))

"""Real files of free licence, on which the SVG reader is compared with usvg."""

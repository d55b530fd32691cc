"""Geometry in millimetres: areas, strokes and the algorithms on them."""

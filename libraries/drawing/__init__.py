"""Drawings in millimetres: the page and its room, the fields that describe it, and whole sheets made from them."""

from libraries.drawing.area import LONGEST_SIDE, Area, BadPage, NoRoomToDraw

__all__ = ["LONGEST_SIDE", "Area", "BadPage", "NoRoomToDraw"]

"""Short routes of a pen through strokes, and lower bounds of their travel."""

from libraries.geometry.routing.bound import Bound, travel_bound
from libraries.geometry.routing.effort import Effort, moves_for
from libraries.geometry.routing.finding import shortest_route
from libraries.geometry.routing.route import Route, apply_route

__all__ = ["Bound", "Effort", "Route", "apply_route", "moves_for", "shortest_route", "travel_bound"]

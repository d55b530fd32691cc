"""The service itself: health, documentation, queue and metrics."""

from components.system.key import blueprint as key
from components.system.main import blueprint as system
from components.system.metrics import blueprint as metrics
from components.system.queue import blueprint as queue

blueprints = (key, metrics, queue, system)

__all__ = ["blueprints"]

"""Pages for people: the dashboard, the gallery, and jobs on a WebSocket."""

from components.pages.dashboard import blueprint as dashboard
from components.pages.gallery import blueprint as gallery
from components.pages.websocket_demo import blueprint as websocket_demo

blueprints = (dashboard, gallery, websocket_demo)

__all__ = ["blueprints"]

"""Pages for people, one module or package each: the dashboard, the gallery, and jobs on a WebSocket."""

"""HTML pages: the dashboard, the gallery and the WebSocket demo."""

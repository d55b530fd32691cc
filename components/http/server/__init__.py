"""The gunicorn worker that serves the application: reading of requests, deadlines, limits per peer."""

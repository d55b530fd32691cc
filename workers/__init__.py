"""Background tasks: the public functions of the `*_tasks.py` modules, queued by dotted path."""

"""Background tasks: every public function of a `*_tasks.py` module in this folder can be queued by its dotted path."""

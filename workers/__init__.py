"""Background tasks: the public functions of the modules in this folder, queued by dotted path.

Helper modules, whose names begin with `_` or `test_`, `conftest` and `testing` contain no tasks.
"""

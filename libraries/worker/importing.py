"""Import check of task modules: `python -m libraries.worker.importing FOLDERS MODULE...`.

It runs in a separate process, because a module may print, hang or exit when it is imported. For
each module it prints two lines: the name, before the import, and the error, which may be empty.
"""

from __future__ import annotations

import importlib
import os
import sys

from libraries.job_manager.tasks import PACKAGE
from libraries.loading import load_module, load_problem


def main() -> int:
    folders, *modules = sys.argv[1:]
    # The modules' own output goes to standard error.
    output = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    importlib.import_module(PACKAGE).__path__[:] = folders.split(os.pathsep)
    for module in modules:
        print(module, file=output, flush=True)
        load_module(module)
        print(load_problem(module) or "", file=output, flush=True)
    output.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

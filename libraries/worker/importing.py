"""`python -m libraries.worker.importing FOLDERS MODULE...`: tell which task modules can be imported.

A process of its own, because what is asked about may do anything when it is imported: print, hang, end the process. Before each
module a line names it, and behind it stands a line that is empty or says what went wrong.
"""

from __future__ import annotations

import importlib
import os
import sys

from libraries.job_manager.tasks import PACKAGE
from libraries.loading import load_module, load_problem


def main() -> int:
    """Import the modules of the command line one by one, and tell about each on standard output."""
    folders, *modules = sys.argv[1:]
    # What the modules print must not be taken for an answer.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    importlib.import_module(PACKAGE).__path__[:] = folders.split(os.pathsep)
    for module in modules:
        print(module, file=answers, flush=True)
        load_module(module)
        print(load_problem(module) or "", file=answers, flush=True)
    answers.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())

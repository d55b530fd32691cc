"""Optional packages: which are missing, and the command that installs them."""

from __future__ import annotations

import importlib.util
import sys
from enum import Enum
from pathlib import Path


class Extra(Enum):
    """Optional packages, by the package that the code imports."""

    PARQUET = "pyarrow"
    S3 = "botocore"
    DXF = "ezdxf"
    PDF = "pypdfium2"

    @property
    def file(self) -> str:
        """Return the requirements file of the package."""
        group = "vectors" if self in {Extra.DXF, Extra.PDF} else self.name.lower()
        return f"requirements-{group}.txt"

    def missing(self) -> str | None:
        """Return the missing package and the command that installs it, None if it is installed."""
        if importlib.util.find_spec(self.value) is not None:
            return None
        # `make run` installs into .venv, whose Python is not the one on the path.
        venv = Path(__file__).parents[1] / ".venv"
        python = ".venv/bin/python" if Path(sys.prefix).resolve() == venv.resolve() else "python"
        return (
            f"the package {self.value}, which is not installed; install it with "
            f"`{python} -m pip install -r {self.file}` and restart"
        )

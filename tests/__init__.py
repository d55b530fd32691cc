"""The tests of Vector API. Importing this package comes before everything else that they import."""

import os
import sys

# Hundreds of processes start, and several collect tests: without compiled modules they need a quarter more time.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

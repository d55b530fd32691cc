"""`python -m bench.realfiles`: store the lengths of usvg for the tests, after a change of the files."""

from __future__ import annotations

import json
import sys

from bench.realfiles.files import LENGTHS, real_files
from bench.realfiles.usvg import USVG, lengths_in_trees


def main() -> int:
    """Write the lengths in mm."""
    lengths = lengths_in_trees(real_files())
    stored = {
        "source": f"{USVG}, its trees of the files of bench/realfiles (MPL-2.0); lengths in mm",
        "lengths": {name: round(length, 6) for name, length in sorted(lengths.items())},
    }
    LENGTHS.write_text(json.dumps(stored, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Index of the jobs of each owner by state, task, batch, tag and words, in the broker.

The scripts that change a job keep it in the same step; `lua/parts/entries.lua` describes its keys.
Numbers of jobs increase in the order of submission, whatever the clocks of the hosts say.
"""

from libraries.job_index.entries import (
    entries_of,
    outcome_entries,
)
from libraries.job_index.search import CHUNK, Condition, OwnerIndex, Place, indexed_owner, undamaged

__all__ = [
    "CHUNK",
    "Condition",
    "OwnerIndex",
    "Place",
    "entries_of",
    "indexed_owner",
    "outcome_entries",
    "undamaged",
]

"""Mutated files are read or rejected; `make soak` reads them for a minute."""

from __future__ import annotations

import random

from tests.faults.odd_svgs import Mutations, Outcome, read_one


def test_mutated_files_are_read_or_rejected() -> None:
    rng = random.Random(3)  # noqa: S311 - reproducible
    outcome, mutations = Outcome(), Mutations(rng)
    for _ in range(60):
        read_one(mutations.next(), rng, outcome)
    assert outcome.faults == []
    assert 0 < sum(outcome.rejected.values()) < outcome.files

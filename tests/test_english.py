"""The check of English finds seeded faults and nothing in text that is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import english

MODULE = '''"""What is told of a job."""

# The job lies in the queue, beside
# nobody else: `told` is code.
LIMIT = "whoever asks for more"  # noqa: told
NAME = "told so"


def report() -> str:
    """How to report.

    It stands for a report, and stands
    behind another.
    """
    return f"the broker is away, {LIMIT} and what becomes of it"


class Queue:
    """Whether it runs."""
'''
DOCUMENT = """# Title

It is asked for
anew, as RFC 9110 has it, not at
all.

```sh
echo told
```

`told`, https://example.com/told, understand, standard, a stand-alone lie-detector.
"""


def hits(tmp_path: Path, **more: object) -> list[tuple[str, int, str]]:
    (tmp_path / "a.py").write_text(MODULE)
    (tmp_path / "b.md").write_text(DOCUMENT)
    (tmp_path / "c.md").write_text("told")
    settings = {"files": ["*.py", "*.md"], "not-files": ["c.*"], "allow": ["stands for"], **more}
    found, words = english.check(tmp_path, settings)
    assert words > 50
    return [(hit.file, hit.line, hit.found) for hit in found]


def test_seeded_faults_are_found_with_their_lines(tmp_path: Path) -> None:
    assert hits(tmp_path) == [
        ("a.py", 1, "What i..."),
        ("a.py", 1, "told"),
        ("a.py", 3, "lies"),
        ("a.py", 3, "beside"),
        ("a.py", 4, "nobody"),
        ("a.py", 5, "whoever"),
        ("a.py", 12, "stands"),
        ("a.py", 13, "behind"),
        ("a.py", 15, "is away"),
        ("a.py", 15, "becomes of"),
        ("a.py", 19, "Whether i..."),
        ("b.md", 3, "is asked"),
        ("b.md", 4, "anew"),
        ("b.md", 4, "not at all"),
        ("b.md", 4, "as RFC 9110 has it"),
    ]


def test_an_expression_can_be_allowed_in_some_files(tmp_path: Path) -> None:
    found = hits(tmp_path, **{"allow-in": {"a.*": ["told", "lies"], "b.*": ["is asked for"]}})
    assert not {("a.py", 1, "told"), ("a.py", 3, "lies"), ("b.md", 3, "is asked")} & set(found)


@pytest.mark.parametrize(("target", "code"), [(0.3, 1), (1000, 0)])
def test_the_exit_code_depends_on_the_rate(
    tmp_path: Path,
    target: float,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        f'[tool.english]\ntarget = {target}\nfiles = ["*.md"]\n'
    )
    (tmp_path / "a.md").write_text("One is told two words.")
    monkeypatch.setattr(english, "REPOSITORY", tmp_path)
    assert english.main() == code
    output = capsys.readouterr().out
    assert output.startswith("a.md:1: 'told'; better: report")
    assert "1 expressions in 5 words, 200.00 per 1,000" in output

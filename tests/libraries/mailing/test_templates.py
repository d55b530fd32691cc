"""Mail templates: descriptions, contexts and safe HTML."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from libraries import loading
from libraries.loading import load_problems
from libraries.mailing import TEMPLATES, BadContext, fill_template
from libraries.mailing.fields import TemplateField
from libraries.mailing.templates import load_templates, read_template

every_template = pytest.mark.parametrize("name", TEMPLATES)


def problems(name: str, context: dict[str, Any]) -> Any:
    with pytest.raises(BadContext) as refusal:
        fill_template(name, context)
    return refusal.value.messages


def test_there_is_a_template_for_each_occasion() -> None:
    assert {"order_complete", "job_finished", "job_failed", "contact", "batch", "digest"} <= set(
        TEMPLATES
    )


@every_template
def test_both_parts_show_the_whole_example(name: str) -> None:
    text, html = fill_template(
        name, TEMPLATES[name].example, subject="A subject", picture="cid:x@y"
    )
    assert html is not None
    assert "<title>A subject</title>" in html
    for one in TEMPLATES[name].fields:
        if one.kind in ("text", "link"):
            assert one.example in text
            assert one.example in html


@every_template
def test_a_template_only_needs_its_required_fields(name: str) -> None:
    needed = {one.name: one.example for one in TEMPLATES[name].fields if one.required}
    text, html = fill_template(name, needed)
    assert text.strip()
    assert "None" not in f"{text}{html}"
    assert set(problems(name, dict.fromkeys(needed))) == set(needed) if needed else True


@every_template
def test_a_mail_has_no_external_resources(name: str) -> None:
    _, html = fill_template(name, TEMPLATES[name].example, subject="s", picture="cid:x@y")
    assert html is not None
    assert set(re.findall(r"""(?:src|background|srcset)=["']([^"']*)""", html)) <= {"cid:x@y"}
    assert not re.search(r"<script|<link|<iframe|<form|url\(|@import|\son\w+=", html)


@every_template
def test_a_hostile_context_stays_text(name: str) -> None:
    evil = "{{ 7 * 7 }}<b onclick=x>\"'"
    context = {
        one.name: evil if one.kind == "text" else one.example for one in TEMPLATES[name].fields
    }
    text, html = fill_template(name, context, subject=evil)
    assert html is not None
    assert "<b onclick" not in html
    assert "49" not in f"{text}{html}"


@pytest.mark.parametrize(
    ("name", "context", "where"),
    [
        (
            "order_complete",
            {"name": ["Ann"], "order": True, "items": "pens", "url": "javascript:x"},
            {"name", "order", "items", "url"},
        ),
        ("order_complete", {"name": "x" * 101}, {"name"}),
        ("order_complete", {"items": ["x"] * 51}, {"items"}),
        ("job_finished", {}, {"job_id"}),
        (
            "contact",
            {"name": "", "email": "a@b.example", "message": "x" * 5001},
            {"name", "message"},
        ),
        ("digest", {"date": "today", "drawings": [], "counts": {"finished": -1}}, {"counts"}),
        ("digest", {"date": "today", "drawings": {"title": "x"}}, {"drawings"}),
    ],
)
def test_each_invalid_field_is_named(name: str, context: dict[str, Any], where: set[str]) -> None:
    assert set(problems(name, context)) == where


def test_an_invalid_row_is_named_by_its_index() -> None:
    rows = [{"name": "a", "status": "finished"}, {"name": "b"}]
    with pytest.raises(BadContext) as refusal:
        fill_template("batch", {"items": rows})
    assert list(refusal.value.errors or {}) == ["context.items.1.status"]


def test_a_number_becomes_text_and_none_counts_as_missing() -> None:
    text, _ = fill_template("order_complete", {"order": 17, "note": None, "name": None})
    assert "your order 17 is complete" in text


def test_the_table_of_a_batch_counts_its_states() -> None:
    rows = [
        {"name": f"card {n}", "status": "finished" if n else "failed", "note": None}
        for n in range(3)
    ]
    text, html = fill_template("batch", {"items": rows})
    assert "1 failed, 2 finished." in text
    assert html is not None
    assert html.count("card ") == 3


def test_a_mail_without_a_picture_has_no_empty_frame() -> None:
    assert "<img" not in str(fill_template("job_finished", {"job_id": "a"}))
    assert '<img class="line" src="cid:x@y"' in str(
        fill_template("job_finished", {"job_id": "a"}, picture="cid:x@y")[1]
    )


def test_a_template_without_a_description_accepts_any_context(tmp_path: Path) -> None:
    (tmp_path / "short.txt.j2").write_text("Hello {{ name }}\n")
    found = read_template(tmp_path, "short")
    assert (found.fields, found.has_html, found.picture) == ((), False, False)
    assert found.schema.load({"name": 5}) == {"name": 5}


@pytest.mark.parametrize(
    "definition",
    [
        {"kind": "colour", "help": "x", "example": "x"},
        {"kind": "text"},
        {"kind": "text", "size": 5},
    ],
)
def test_an_invalid_description_of_a_field_is_detected_at_the_start(
    definition: dict[str, Any],
) -> None:
    with pytest.raises(ValueError, match="the field 'tone'"):
        TemplateField.read("tone", definition)


HEAD = '{#\n[fields.name]\nkind = "text"\nhelp = "Name in the salutation."\nexample = "Ann"\n#}\n'


@pytest.mark.parametrize(
    ("text", "html", "mistake"),
    [
        (
            f"{HEAD}Hello {{{{ nmae }}}}",
            "",
            "txt.j2, line 7: undefined field 'nmae'; did you mean 'name'?",
        ),
        (f"{HEAD}Hello {{{{ nmae|default('') }}}}", "", "line 7: undefined field 'nmae'"),
        (f"{HEAD}Hello", "<p>{{ colour }}", "html.j2, line 1: undefined field 'colour'"),
        (f"{HEAD}Hello {{% if %}}", "", "txt.j2, line 7: Expected an expression"),
        (HEAD.replace('"text"', '"words"'), "", "the field 'name' has the unknown kind 'words'"),
        (HEAD.replace("kind =", "kind"), "", "the comment at the top is invalid:"),
        (HEAD.replace("fields.name", "fields"), "", "the comment at the top is invalid:"),
    ],
)
def test_an_invalid_template_is_skipped_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, html: str, mistake: str
) -> None:
    monkeypatch.setattr(loading, "_problems", {})
    (tmp_path / "good.txt.j2").write_text(
        HEAD
        + "{% from 'x' import a as b %}{% set c = 1 %}{{ b(c) }} {% for d in range(2) %}"
        + "{{ d }} {{ name }} {{ subject }}{% endfor %}{% block e %}{{ c }} {{ b(1) }}{% endblock %}"
    )
    (tmp_path / "bad.txt.j2").write_text(text)
    if html:
        (tmp_path / "bad.html.j2").write_text(html)
    assert list(load_templates(tmp_path)) == ["good"]
    (problem,) = load_problems()
    assert str(problem).startswith(f"{tmp_path}/bad.")
    assert mistake in str(problem)
    (tmp_path / "bad.txt.j2").write_text(f"{HEAD}Hello {{{{ name }}}}")
    (tmp_path / "bad.html.j2").unlink(missing_ok=True)
    assert list(load_templates(tmp_path)) == ["bad", "good"]
    assert load_problems() == []

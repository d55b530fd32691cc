"""Mail templates in the folder `templates`.

A template is a file `<name>.txt.j2`, with an optional `<name>.html.j2` for the HTML part. It may begin
with a comment in TOML: a `summary`, whether it shows a `picture`, and its fields, see
`libraries.mailing.fields`. An invalid template is skipped and reported, see `libraries.loading`. Values
from callers are data, never template code or paths.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson
from jinja2 import (
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateSyntaxError,
    UndefinedError,
    nodes,
    select_autoescape,
)
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment
from marshmallow import Schema, ValidationError

from libraries.errors import InvalidInput, UnknownName, did_you_mean
from libraries.json_types import JsonObject
from libraries.loading import LoadError, forget_problem, record_problem
from libraries.mailing.fields import TemplateField, context_schema, is_web_address
from libraries.registry import Registry

FOLDER = Path(__file__).parent / "templates"
MAX_CONTEXT_BYTES = 16_000


class BadContext(InvalidInput):
    """Raised if the values for a template are not JSON, too large, or do not match its fields.

    `messages` contains the errors by field, nested as the context; empty if they concern all of it.
    """

    code = "bad-context"

    def __init__(
        self, detail: str, *, field: str = "context", messages: Mapping[Any, Any] | None = None
    ) -> None:
        """Set `messages`, and the same by dotted names as `errors`."""
        super().__init__(detail, field=field)
        self.messages = dict(messages or {})
        self.errors = dict(_dotted(self.messages, field)) or None


def _dotted(messages: Mapping[Any, Any], path: str) -> Iterator[tuple[str, list[str]]]:
    for name, inner in messages.items():
        if isinstance(inner, Mapping):
            yield from _dotted(inner, f"{path}.{name}")
        else:
            yield f"{path}.{name}", [str(text) for text in inner]


@dataclass(frozen=True)
class MailTemplate:
    """A template; `has_html` says whether it has an HTML part, `picture` whether that shows a drawing."""

    name: str
    has_html: bool
    summary: str = ""
    picture: bool = False
    fields: tuple[TemplateField, ...] = ()

    @cached_property
    def schema(self) -> Schema:
        return context_schema(self.fields)

    @property
    def example(self) -> JsonObject:
        """A context with the examples of all fields."""
        return {one.name: one.example for one in self.fields}

    def as_record(self) -> JsonObject:
        described = [one.as_record() for one in self.fields]
        return {
            "name": self.name,
            "summary": self.summary,
            "html": self.has_html,
            "picture": self.picture,
            "fields": described,
        }


def read_template(folder: Path, name: str) -> MailTemplate:
    """Return the template `name` of a folder; raise LoadError if its description is invalid."""
    has_html = (folder / f"{name}.html.j2").is_file()
    try:
        found = re.match(
            r"\{#\n(.*?)^#\}\n",
            (folder / f"{name}.txt.j2").read_text(encoding="utf-8"),
            re.DOTALL | re.MULTILINE,
        )
        head = tomllib.loads(found[1]) if found else {}
        described = tuple(
            TemplateField.read(field, table) for field, table in head.get("fields", {}).items()
        )
        context_schema(described)
    except (ValueError, TypeError, AttributeError) as error:
        raise LoadError(f"the comment at the top is invalid: {error}") from None
    return MailTemplate(
        name, has_html, str(head.get("summary", "")), bool(head.get("picture", False)), described
    )


def check_form(template: MailTemplate, form: Path) -> None:
    """Check the syntax and the fields of a template file, or raise LoadError."""
    try:
        tree = ENVIRONMENT.parse(form.read_text(encoding="utf-8"))
        used = find_undeclared_variables(tree)
    except TemplateSyntaxError as error:
        raise LoadError(str(error.message), line=error.lineno) from None
    except UnicodeDecodeError as error:
        raise LoadError(str(error)) from None
    declared = [one.name for one in template.fields]
    known = {*declared, "subject", "picture", *ENVIRONMENT.globals, *_defined(tree)}
    unknown = used - known if declared else set()
    for node in tree.find_all(nodes.Name):
        if node.name in unknown:
            hint = did_you_mean(node.name, declared)
            raise LoadError(
                f"undefined field {node.name!r}{f'; {hint}' if hint else ''}", line=node.lineno
            )


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(FOLDER),
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # Links must not run scripts: templates test `if url is web_address` before they insert one.
    environment.tests["web_address"] = is_web_address
    return environment


def _defined(tree: nodes.Template) -> Iterator[str]:
    """Yield the names that a template defines; its blocks see those of the whole file."""
    for node in tree.find_all((nodes.FromImport, nodes.Import, nodes.Macro, nodes.Name)):
        if isinstance(node, nodes.FromImport):
            yield from (one if isinstance(one, str) else one[1] for one in node.names)
        elif isinstance(node, nodes.Import):
            yield node.target
        elif isinstance(node, nodes.Macro) or (
            isinstance(node, nodes.Name) and node.ctx == "store"
        ):
            yield node.name


def load_templates(folder: Path) -> Registry[MailTemplate]:
    """Return the valid templates of a folder; record the errors of the others."""
    templates: Registry[MailTemplate] = Registry("mail template")
    for text in sorted(folder.glob("*.txt.j2")):
        name, form = text.name.removesuffix(".txt.j2"), text
        try:
            template = read_template(folder, name)
            check_form(template, form)
            if template.has_html:
                form = folder / f"{name}.html.j2"
                check_form(template, form)
        except LoadError as error:
            record_problem(f"{__name__}.{name}", error, path=form)
        else:
            forget_problem(f"{__name__}.{name}")
            templates.add(name, template)
    return templates


ENVIRONMENT = _environment()
TEMPLATES = load_templates(FOLDER)


def check_template(name: object, *, field: str = "template") -> MailTemplate:
    """Return the template called `name`, or raise UnknownName."""
    if not isinstance(name, str) or name not in TEMPLATES:
        raise UnknownName(TEMPLATES.kind, name, TEMPLATES, field=field)
    return TEMPLATES[name]


def check_context(context: object, *, field: str = "context") -> JsonObject:
    """Return `context` (None means empty) if it is an object of at most 16,000 bytes as JSON, or raise BadContext."""
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise BadContext("expected an object of names and values", field=field)
    try:
        size = len(orjson.dumps(context))
    except (TypeError, ValueError) as error:
        raise BadContext("the context is not JSON serializable", field=field) from error
    if size > MAX_CONTEXT_BYTES:
        problem = f"the context has {size} bytes as JSON; the limit is {MAX_CONTEXT_BYTES}"
        raise BadContext(problem, field=field)
    return context


def fill_template(
    name: str, context: JsonObject | None = None, *, subject: str = "", picture: str = ""
) -> tuple[str, str | None]:
    """Render the text and the HTML part (or None) of the template `name`; raise UnknownName or BadContext.

    Values are escaped in the HTML part and never interpreted as template code. None means missing.
    """
    template = check_template(name)
    values = _loaded(template, check_context(context)) | {"subject": subject, "picture": picture}
    try:
        text = ENVIRONMENT.get_template(f"{template.name}.txt.j2").render(values)
        html = None
        if template.has_html:
            html = ENVIRONMENT.get_template(f"{template.name}.html.j2").render(values)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        reason = str(error) if isinstance(error, UndefinedError) else "invalid context"
        raise BadContext(f"template {name!r}: {reason}") from error
    return text, html


def _loaded(template: MailTemplate, context: JsonObject) -> JsonObject:
    try:
        values: JsonObject = template.schema.load(
            {name: value for name, value in context.items() if value is not None}
        )
    except ValidationError as error:
        messages = error.messages_dict
        raise BadContext(
            f"the context does not match the template {template.name!r}", messages=messages
        ) from error
    return values

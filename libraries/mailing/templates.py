"""Mail templates: files in the folder `templates`, known by their names.

A template is one file `<name>.txt.j2`, and a second one `<name>.html.j2` if the mail has an HTML form.
It may begin with a comment in TOML that describes it: a `summary`, whether it shows a `picture`, and
its fields, see `libraries.mailing.fields`. A template with a mistake is left out and reported, see
`libraries.loading`. What comes from a caller is data for a template, never a template and never a path.
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
from libraries.loading import LoadError, forget_problem, record_problem
from libraries.mailing.fields import TemplateField, context_schema, is_web_address
from libraries.registry import Registry

FOLDER = Path(__file__).parent / "templates"
MAX_CONTEXT_BYTES = 16_000
# What every template sees.
GIVEN = ("subject", "picture")


class BadContext(InvalidInput):
    """Raised when the values for a template are not JSON, too large, or not what the template needs.

    `messages` has what is wrong with which field, nested as the context is; it is empty where the whole context is wrong.
    """

    code = "bad-context"

    def __init__(
        self, detail: str, *, field: str = "context", messages: Mapping[Any, Any] | None = None
    ) -> None:
        """Keep the messages beside the text, and the same by dotted names as `errors`."""
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
    """A template by its `name`.

    `has_html` tells whether it has an HTML form beside the text, `picture` whether it shows the drawing that it is about;
    `fields` are what it makes use of.
    """

    name: str
    has_html: bool
    summary: str = ""
    picture: bool = False
    fields: tuple[TemplateField, ...] = ()

    @cached_property
    def schema(self) -> Schema:
        """What its context must be."""
        return context_schema(self.fields)

    @property
    def example(self) -> dict[str, Any]:
        """A context that shows all that it can."""
        return {one.name: one.example for one in self.fields}

    def as_record(self) -> dict[str, Any]:
        """Return the template as its documentation."""
        described = [one.as_record() for one in self.fields]
        return {
            "name": self.name,
            "summary": self.summary,
            "html": self.has_html,
            "picture": self.picture,
            "fields": described,
        }


def read_template(folder: Path, name: str) -> MailTemplate:
    """Return the template `name` of a folder as it describes itself.

    Raises:
        LoadError: its description cannot be read.
    """
    has_html = (folder / f"{name}.html.j2").is_file()
    try:
        found = re.match(
            r"\{#\n(.*?)^#\}\n",
            (folder / f"{name}.txt.j2").read_text(encoding="utf-8"),
            re.DOTALL | re.MULTILINE,
        )
        said = tomllib.loads(found[1]) if found else {}
        described = tuple(
            TemplateField.read(field, words) for field, words in said.get("fields", {}).items()
        )
        context_schema(described)
    except (ValueError, TypeError, AttributeError) as error:
        raise LoadError(f"the comment at the top cannot be read: {error}") from None
    return MailTemplate(
        name, has_html, str(said.get("summary", "")), bool(said.get("picture", False)), described
    )


def check_form(template: MailTemplate, form: Path) -> None:
    """Check that a file of a template is in order and uses only the fields that the template declares.

    A template that declares no fields may use any.

    Raises:
        LoadError: it is not.
    """
    try:
        tree = ENVIRONMENT.parse(form.read_text(encoding="utf-8"))
        used = find_undeclared_variables(tree)
    except TemplateSyntaxError as error:
        raise LoadError(str(error.message), line=error.lineno) from None
    except UnicodeDecodeError as error:
        raise LoadError(str(error)) from None
    declared = [one.name for one in template.fields]
    known = {*declared, *GIVEN, *ENVIRONMENT.globals, *_defined(tree)}
    unknown = used - known if declared else set()
    for node in tree.find_all(nodes.Name):
        if node.name in unknown:
            hint = did_you_mean(node.name, declared)
            raise LoadError(
                f"there is no field {node.name!r}{f'; {hint}' if hint else ''}", line=node.lineno
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
    # A link from a caller must not run a script: templates ask `if url is web_address` before they make one.
    environment.tests["web_address"] = is_web_address
    return environment


def _defined(tree: nodes.Template) -> Iterator[str]:
    """Yield the names that a template itself defines; its blocks see those of the whole file."""
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
    """Return the templates of a folder; those with a mistake are left out and recorded."""
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
    """Return the template called `name`.

    Raises:
        UnknownName: there is none; the error lists those that exist.
    """
    if not isinstance(name, str) or name not in TEMPLATES:
        raise UnknownName(TEMPLATES.kind, name, TEMPLATES, field=field)
    return TEMPLATES[name]


def check_context(context: object, *, field: str = "context") -> dict[str, Any]:
    """Return `context` if it is an object of JSON values, at most 16,000 bytes as JSON; None counts as empty.

    Raises:
        BadContext: anything else.
    """
    if context is None:
        return {}
    if not isinstance(context, dict):
        raise BadContext("the context is an object: names and their values", field=field)
    try:
        size = len(orjson.dumps(context))
    except (TypeError, ValueError) as error:
        raise BadContext(
            "the context holds something that cannot be written as JSON", field=field
        ) from error
    if size > MAX_CONTEXT_BYTES:
        raise BadContext(
            f"the context is {size} bytes as JSON; at most {MAX_CONTEXT_BYTES} are allowed",
            field=field,
        )
    return context


def fill_template(
    name: str, context: dict[str, Any] | None = None, *, subject: str = "", picture: str = ""
) -> tuple[str, str | None]:
    """Return the text and the HTML form (or None) of the template `name`, filled from `context`.

    The template also sees the `subject` of the mail, and the address of the `picture` that it may show. Values are escaped in the
    HTML form and are never read as template code. A value that is None counts as one that was not given.

    Raises:
        UnknownName: there is no such template; the error lists those that exist.
        BadContext: the values are not JSON, too large, or do not fit the template; the error names the fields.
    """
    template = check_template(name)
    values = _loaded(template, check_context(context)) | {"subject": subject, "picture": picture}
    try:
        text = ENVIRONMENT.get_template(f"{template.name}.txt.j2").render(values)
        html = (
            ENVIRONMENT.get_template(f"{template.name}.html.j2").render(values)
            if template.has_html
            else None
        )
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        reason = f": {error}" if isinstance(error, UndefinedError) else ""
        raise BadContext(
            f"the template {name!r} cannot be filled from this context{reason}"
        ) from error
    return text, html


def _loaded(template: MailTemplate, context: dict[str, Any]) -> dict[str, Any]:
    try:
        values: dict[str, Any] = template.schema.load(
            {name: value for name, value in context.items() if value is not None}
        )
    except ValidationError as error:
        messages = error.messages_dict
        raise BadContext(
            f"the context does not fit the template {template.name!r}", messages=messages
        ) from error
    return values

"""Mail templates: files beside this module, known by their names.

A template is one file `templates/<name>.txt.j2`, and a second one `<name>.html.j2` if the mail has an HTML form too. Dropping the
file there is all it takes. What comes from a caller is data for a template, never a template and never a path.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import orjson
from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, select_autoescape
from jinja2.sandbox import ImmutableSandboxedEnvironment

from libraries.errors import InvalidInput, UnknownName
from libraries.registry import Registry

FOLDER = Path(__file__).parent / "templates"
LARGEST_CONTEXT = 16_000
WEB_ADDRESS = re.compile(r"https?://[^\s<>\"'\\]{1,2000}", re.ASCII | re.IGNORECASE)


class BadContext(InvalidInput):
    """Raised when the values for a template are not JSON, too large, or not what the template needs."""

    code: ClassVar[str] = "bad-context"


@dataclass(frozen=True)
class MailTemplate:
    """A template by its `name`; `has_html` tells whether it has an HTML form beside the text."""

    name: str
    has_html: bool


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
    environment.tests["web_address"] = lambda value: isinstance(value, str) and WEB_ADDRESS.fullmatch(value) is not None
    return environment


def _list_templates() -> Registry[MailTemplate]:
    templates: Registry[MailTemplate] = Registry("mail template")
    for file in sorted(FOLDER.glob("*.txt.j2")):
        name = file.name.removesuffix(".txt.j2")
        templates.add(name, MailTemplate(name, has_html=(FOLDER / f"{name}.html.j2").is_file()))
    return templates


TEMPLATES = _list_templates()
ENVIRONMENT = _environment()


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
        raise BadContext("the context holds something that cannot be written as JSON", field=field) from error
    if size > LARGEST_CONTEXT:
        raise BadContext(f"the context is {size} bytes as JSON; at most {LARGEST_CONTEXT} are allowed", field=field)
    return context


def fill_template(name: str, context: dict[str, Any] | None = None, *, subject: str = "") -> tuple[str, str | None]:
    """Return the text and the HTML form (or None) of the template `name`, filled from `context`.

    The template also sees the `subject` of the mail. Values are escaped in the HTML form and are never read as template code.

    Raises:
        UnknownName: there is no such template; the error lists those that exist.
        BadContext: the values are not JSON, too large, or do not fit the template.
    """
    template, values = check_template(name), check_context(context)
    try:
        text = ENVIRONMENT.get_template(f"{template.name}.txt.j2").render(values, subject=subject)
        html = ENVIRONMENT.get_template(f"{template.name}.html.j2").render(values, subject=subject) if template.has_html else None
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise BadContext(f"the template {name!r} cannot be filled from this context", field="context") from error
    return text, html

"""One addition of each kind, as an extension of the product would contain it."""

from __future__ import annotations

from tests.conftest import REPOSITORY
from tests.extension.copies import Addition

EXAMPLES = REPOSITORY / "examples" / "extend"

FLIP = {
    "    params: dict[str, Any] = pattern_params(argument=True)\n": (
        "    params: dict[str, Any] = pattern_params(argument=True)\n"
        '    flip: bool = flag("Mirror the drawing.", default=False)\n'
    ),
    "        svg = SVGBuilder(self.width": (
        "        if self.flip:\n"
        "            lines = [line * (-1, 1) + (self.width, 0) for line in lines]\n"
        "        svg = SVGBuilder(self.width"
    ),
    "from libraries.fields import BoundedDict,": "from libraries.fields import flag, BoundedDict,",
}

CROSS = '''"""Crosses in boxes."""

import numpy as np

from libraries.fields import mm
from libraries.sheets.elements.base import BoxedElement, ElementStrokes, corners_of, element, kind


@element
class CrossElement(BoxedElement):
    """The diagonals of the box."""

    type: str = kind("cross")
    inset: float = mm("Distance from the corners", 0, 50, default=0.0)

    def strokes(self, frame, seed, progress=None):
        corners = corners_of(frame)
        inwards = np.sign(corners.mean(axis=0) - corners) * self.inset
        a, b, c, d = corners + inwards
        return ElementStrokes.of_lines([np.array([a, c]), np.array([b, d])])

    def cost(self, frame, *, thorough):
        return 4

    def outline_region(self, frame, strokes):
        return None
'''

COORDINATES = '''"""Vertices as CSV, for a spreadsheet."""

from libraries.exporting.catalogue import export
from libraries.fields import Params, whole


@export(media_type="text/csv", suffix=".csv")
class Coordinates(Params):
    """List all vertices."""

    decimals: int = whole("Decimal places.", 0, 9, default=1)

    def write(self, document):
        for x, y in document.store.coordinates.tolist():
            yield f"{x:.{self.decimals}f},{y:.{self.decimals}f}\\n".encode()
'''

SVG_SIGNED = '''"""SVG with a comment at its end."""

from libraries.exporting.catalogue import export
from libraries.fields import Params
from libraries.svg_builder import svg_blocks


@export(media_type="image/svg+xml", suffix=".svg", encoding="signed")
class SvgSigned(Params):
    """Write plain SVG and sign it."""

    def write(self, document):
        yield from svg_blocks(document)
        yield b"<!-- drawn by hand -->\\n"
'''

PAGE = '''"""GET /{name}, and the style sheet of the page."""

from flask import Response

from components.http.access import Access
from components.http.api import api_blueprint
from components.http.pages import script_page
from libraries.settings import WebSettings

blueprint = api_blueprint(
    "{name}", __name__, "/{name}", "A page of ours.", access=Access.{access}, assets="{name}"
)


@blueprint.route("")
@blueprint.response(200, description="A page", content_type="text/html", schema={{"type": "string"}})
def show_{name}() -> Response:
    """Show a page of ours."""
    return script_page("{name}.html", title=WebSettings.current().atelier_title)
'''
PAGE_HTML = """{{% extends "page.html" %}}
{{% block head %}}<link rel="stylesheet" href="/{name}/assets/{name}.css">{{% endblock %}}
{{% block body %}}<h1>{{{{ title }}}}</h1>{{% endblock %}}
"""

SETTING = {
    "\n\nclass AccessSettings(SettingsGroup):": (
        '    atelier_title: str = setting("Workshop", str.strip, "Title of the page /atelier.")\n'
        "\n\nclass AccessSettings(SettingsGroup):"
    )
}

PLOT_READY = """{#
summary = "A plot can be picked up."

[fields.name]
kind = "text"
required = true
help = "Name in the salutation."
example = "Ann"

[fields.shelf]
kind = "text"
longest = 10
help = "Shelf of the plot."
example = "B 4"
#}
Hello {{ name }},

your plot can be picked up{{ " at shelf " ~ shelf if shelf|default("") else "" }}.
"""
PLOT_READY_HTML = """{% extends "_layout.html.j2" %}
{% from "_pieces.html.j2" import greeting %}
{% block title %}{{ subject }}{% endblock %}
{% block content %}{{ greeting(name) }}{{ shelf|default("") }}{% endblock %}
"""


def page(name: str, access: str) -> Addition:
    folder = f"components/pages/{name}"
    return Addition(
        package=folder,
        new={
            f"{folder}/__init__.py": PAGE.format(name=name, access=access),
            f"{folder}/templates/{name}.html": PAGE_HTML.format(name=name),
            f"{folder}/assets/{name}/{name}.css": "h1 { color: navy }\n",
        },
    )


ADDITIONS = {
    "pattern": Addition({"libraries/patterns/rays.py": (EXAMPLES / "rays.py").read_text()}),
    "task": Addition({"workers/greeting_tasks.py": (EXAMPLES / "greeting_tasks.py").read_text()}),
    "endpoint": Addition(
        {"components/greetings/__init__.py": (EXAMPLES / "greetings.py").read_text()}
    ),
    "artboard field": Addition(changed={"libraries/sheets/artboard.py": FLIP}),
    "element type": Addition({"libraries/sheets/elements/cross.py": CROSS}),
    "export format": Addition({"libraries/exporting/coordinates.py": COORDINATES}),
    "encoding": Addition({"libraries/exporting/svg_signed.py": SVG_SIGNED}),
    "page": page("atelier", "OPEN"),
    "page for key holders": page("ledger", "KEY"),
    "mail template": Addition(
        {
            "libraries/mailing/templates/plot_ready.txt.j2": PLOT_READY,
            "libraries/mailing/templates/plot_ready.html.j2": PLOT_READY_HTML,
        },
        promised=2,
    ),
    "setting": Addition(changed={"libraries/settings/groups.py": SETTING}),
}

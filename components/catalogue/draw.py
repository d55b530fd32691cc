"""GET /draw/<name>.<extension>."""

from __future__ import annotations

import hashlib
from functools import partial

from flask import Response, request

from components.catalogue.descriptions import find_pattern
from components.catalogue.draw_queries import (
    DrawQuery,
    find_format,
    pattern_parameters,
    query_schema,
    read_query,
)
from components.catalogue.previews import PUBLIC_PICTURE, rendered
from components.http.access import Access
from components.http.api import api_blueprint
from components.http.formats import exported_reply
from components.http.pages import FILE_HEADERS, SVG_TYPE
from components.http.parameters import documented, path_parameter
from libraries.settings import Scope

blueprint = api_blueprint("draw", __name__, "/draw", "Drawings at an address that describes them.")


@blueprint.route(
    "/<name>.<extension>",
    access=Access.TOKEN,
    scope=Scope.DRAW,
    parameters=[
        path_parameter("name", "Name of the pattern; `GET /patterns` lists all."),
        path_parameter("extension", "File extension of the format, such as `svg` or `png`."),
        pattern_parameters(),
    ],
)
@blueprint.arguments(query_schema(), location="query")
@blueprint.response(200)
@blueprint.doc(
    responses={200: exported_reply(SVG_TYPE, description="The drawing", headers=documented("ETag"))}
)
@blueprint.problems(404, 503)
def draw_pattern(_: object, name: str, extension: str) -> Response:
    """Draw a pattern by its address.

    The query has the members of `POST /artboard/create` and the parameters of the pattern, so that an `<img>` can show any
    drawing. The page is A6 if none is given. The drawing has the same bytes as the file of a job.

    With a `seed`, the response never changes, and clients may cache it for a year. Without one the seed is 0 and the response
    is cacheable for a day. A drawing that takes longer than about a second is rejected; `POST /artboard/create` draws it as a
    job. 503 means that two other drawings are in progress.
    """
    pattern = find_pattern(name)
    # The token of a link is not a parameter of the drawing.
    given = request.args.copy()
    given.pop("token", None)
    query = read_query(pattern, find_format(extension), given)
    query.artboard.check_quick()
    return draw_response(query)


def draw_response(query: DrawQuery) -> Response:
    """Return the drawing, or 304 if the client has it. Raises Unavailable (`renderers-busy`)."""
    # Drawings are reproducible, so the ETag is known before drawing.
    facts = f"{query.artboard.recipe().cache_key} {query.form.name} {query.params!r}"
    etag = hashlib.sha256(facts.encode()).hexdigest()
    response = Response(content_type=query.form.media_type, headers=FILE_HEADERS | PUBLIC_PICTURE)
    if query.has_seed:
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    response.set_etag(etag)
    response.make_conditional(request)
    if response.status_code != 304:  # noqa: PLR2004
        response.set_data(rendered(etag, partial(drawn, query)))
    return response


def drawn(query: DrawQuery) -> bytes:
    made = query.artboard.quick()
    if query.form.media_type == SVG_TYPE:
        return b"".join(made.blocks())
    return b"".join(query.params.write(made.document))

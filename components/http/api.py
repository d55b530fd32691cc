"""Blueprints with strict parsing and documented problems, and the API that registers them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from copy import deepcopy
from functools import wraps
from http import HTTPStatus
from threading import Lock
from typing import Any, TypeVar

from flask import Flask, Response, current_app, g, request
from flask_smorest import Api, Blueprint
from marshmallow import Schema

from components.http.access import Access
from components.http.formats import exported_reply
from components.http.forms import Form
from components.http.html.problem_pages import problem_page
from components.http.idempotency import HEADER, idempotent
from components.http.json_schemas import SchemaPlugin
from components.http.pages import SVG_TYPE
from components.http.parameters import (
    CommonResponses,
    documented,
    header_parameter,
)
from components.http.problems import PROBLEM_TYPE, ProblemSchema, install_problems, request_id
from components.http.replies import AcceptedSchema
from components.http.strict_json import StrictParser, without_parameters
from components.http.submission_views import (
    Direct,
    query_parameters,
    requested_body,
    submission_view,
)
from components.http.submissions import OPERATIONS, EmptySchema, Operation, SubmissionSchema
from libraries.fields import instance_of
from libraries.json_types import JsonObject
from libraries.settings import Scope

View = TypeVar("View", bound=Callable[..., Any])
Call = TypeVar("Call", bound=Callable[..., Any])

# For a page without another policy, and for a document that is opened as a page.
PAGE_POLICY = "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
TOKEN_PARAMETER = {
    "in": "query",
    "name": "token",
    "description": "Replaces the API key: the token of a link (`POST /links`) or of the job.",
    "schema": {"type": "string"},
}
KEY_PARAMETER = {
    "in": "header",
    "name": HEADER,
    "description": "Unique key of this request. If the same request is repeated within 24 hours, "
    "it is not executed again: the first response is returned with `Idempotency-Replayed: true`.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[ -~]{1,255}$",
        "example": "order-17",
    },
}


PREFER_PARAMETER = header_parameter(
    "Prefer",
    "`wait=N` waits for the job, for N seconds at most (up to 60). `respond-async` does not, where "
    "the route would. Other preferences are ignored (RFC 7240).",
    "wait=20",
)


class ApiBlueprint(Blueprint):  # type: ignore[misc]
    """A blueprint with strict parsing and documented problems.

    The operation id of a route is the name of its view. Each operation documents problem responses;
    those with a body also the problems of the body.
    """

    BODY_PROBLEMS = (400, 413, 415, 422)

    ARGUMENTS_PARSER = StrictParser()

    def __init__(
        self,
        name: str,
        import_name: str,
        *,
        tag: str | None = None,
        access: Access | None = None,
        **options: Any,
    ) -> None:
        super().__init__(name, import_name, **options)
        self.tag = tag or name
        self.access = access
        self.operations: list[Operation] = []
        # By endpoint, without the name of the blueprint; None if the route declares no access.
        self.route_access: dict[str, Access | None] = {"static": access}
        # By endpoint, for routes whose scope is not that of their method.
        self.route_scopes: dict[str, Scope] = {}
        # By endpoint of any blueprint: what browsers get at the address of its route.
        self.browser_pages: dict[str, Callable[[], Response]] = {}

    def route(
        self, rule: str, *, access: Access | None = None, **options: Any
    ) -> Callable[[View], View]:
        """Mount a view at `rule`, a path below the prefix of the blueprint.

        `access` is the required authentication; the default is that of the blueprint. `scope` is what
        the API key must permit; the default is `read` for GET and `draw` for other methods.
        """
        decorate: Callable[[View], View] = super().route(
            rule, tags=[self.tag], access=access, **options
        )
        return decorate

    def add_url_rule(
        self,
        rule: str,
        endpoint: str | None = None,
        view_func: Any = None,
        *args: Any,
        access: Access | None = None,
        scope: Scope | None = None,
        **options: Any,
    ) -> None:
        # Pages, their files and health checks ignore parameters that they do not know.
        is_open = (access or self.access) is Access.OPEN
        if view_func is not None and not is_open and not _has_parameters(view_func):
            view_func = without_parameters(view_func)
        super().add_url_rule(rule, endpoint, view_func, *args, **options)
        name = self._endpoints[-1]
        self.route_access[name] = access or self.access
        if scope is not None:
            self.route_scopes[name] = scope
        documents = [doc for method, doc in self._docs[name].items() if method != "parameters"]
        for doc in documents:
            if "arguments" in doc:
                # Those of `doc` would replace those of `arguments`.
                headers = doc["manual_doc"].pop("parameters", [])
                doc["arguments"].setdefault("parameters", []).extend(headers)
            _document_access(doc, self.route_access[name], scope)

    def response(
        self, status_code: int, schema: Any = None, **documentation: Any
    ) -> Callable[[View], View]:
        """Document the successful response of a view."""
        decorate: Callable[[View], View] = super().response(status_code, schema, **documentation)
        return decorate

    def html_response(self) -> Callable[[View], View]:
        """Document the response of a view that returns an HTML page."""
        return self.response(
            200,
            description="HTML page",
            content_type="text/html",
            schema={"type": "string"},
            headers=documented("ETag"),
        )

    def doc(self, **documentation: Any) -> Callable[[Any], Any]:
        decorate: Callable[[Any], Any] = super().doc(**documentation)
        return decorate

    def problems(self, *statuses: int) -> Callable[[View], View]:
        """Document problem responses with these statuses."""

        # `alt_response` copies the documentation for each status, and adds a call to each request.
        def decorate(view: Any) -> Any:
            documented = deepcopy(getattr(view, "_apidoc", {}))
            responses = documented.setdefault("response", {}).setdefault("responses", {})
            for status in statuses:
                responses.setdefault(status, []).append(HTTPStatus(status).name)
            view._apidoc = documented  # noqa: SLF001 - where flask-smorest keeps it
            return view

        return decorate

    def arguments(
        self, schema: Any, *, location: str = "json", **kwargs: Any
    ) -> Callable[[View], View]:
        """Parse the body or query with `schema`, and document the problems of that."""
        parse: Callable[[View], View] = super().arguments(schema, location=location, **kwargs)
        statuses = self.BODY_PROBLEMS if location == "json" else (422,)
        return lambda view: self.problems(*statuses)(parse(view))

    def optional_arguments(self, schema: type[SubmissionSchema]) -> Callable[[View], View]:
        """Parse the body with `schema`; the view gets None without a body and for an empty object."""

        def decorate(view: View) -> Any:
            @wraps(view)
            def parsed(*args: Any, **kwargs: Any) -> Any:
                found = None
                if request.get_data():
                    found = self.ARGUMENTS_PARSER.parse(instance_of(schema), location="json")
                return view(found if g.get("json_body") else None, *args, **kwargs)

            content = {"application/json": {"schema": schema}}
            documented = self.doc(requestBody={"required": False, "content": content})(parsed)
            return self.problems(*self.BODY_PROBLEMS)(documented)

        return decorate

    def submits(
        self,
        rule: str,
        *,
        access: Access,
        name: str | None = None,
        body: type[Schema] = EmptySchema,
        reply: type[Schema] | Mapping[int, tuple[type[Schema], str]] = AcceptedSchema,
        status: int = 202,
        problems: tuple[int, ...] = (),
        description: str = "",
        form: Form | None = None,
        direct: Direct | None = None,
        **operation: Any,
    ) -> Callable[[Call], Call]:
        """Mount a route that queues a job; the decorated function is `Operation.call`.

        The route also accepts the queue options, `Idempotency-Key` and `Prefer`.

        Args:
            rule: path below the prefix of the blueprint.
            access: required authentication.
            name: name of the operation in batches, WebSockets and `POST /jobs`, if it has one.
            body: schema of the request, without the queue options.
            reply: schema of the response; or schemas and descriptions, by status.
            status: status of the response; `Prefer: respond-async` makes it 202.
            problems: statuses of further problems of this route.
            description: of a body with a file, for the OpenAPI document.
            form: the forms that the route accepts besides JSON, if any.
            direct: answers requests that need no job.
            operation: further attributes of the `Operation`.
        """

        def decorate(call: Call) -> Call:
            known: JsonObject = {"name": name or call.__name__, "body": body, "call": call}
            one = Operation(**known, module=call.__module__, **operation)
            self.operations.append(one if name is None else OPERATIONS.add(name, one))
            view = wraps(call)(submission_view(one, status=status, form=form, direct=direct))
            requested = requested_body(one, form, description)
            query = query_parameters(one, form)
            view = self._documented_key(view, PREFER_PARAMETER, *query)
            view = self.doc(requestBody=requested)(view)
            if form is not None:
                page = "A browser that sent a form: the page that shows the job."
                view = self.response(303, description=page, headers=documented("Location"))(view)
            for code, (schema, text) in all_replies(reply, status).items():
                headers = documented("Location", "Retry-After", "X-Ignored-Fields")
                view = self.response(code, schema, description=text, headers=headers)(view)
            if one.draws:
                drawn = exported_reply(SVG_TYPE, headers=documented("ETag"))
                view = self.doc(responses={200: drawn})(view)
            view = self.problems(*self.BODY_PROBLEMS, 406, *problems)(view)
            self.route(rule, access=access, methods=["POST"])(view)
            return call

        return decorate

    def queues(self) -> Callable[[View], View]:
        """Support the header `Idempotency-Key` in a view that changes jobs, and document it."""
        return lambda view: self._documented_key(idempotent(view))

    def _documented_key(self, view: Any, *parameters: JsonObject) -> Any:
        documented = self.doc(parameters=[KEY_PARAMETER, *parameters])(view)
        return self.problems(409, 422, 429, 503)(documented)

    def _store_endpoint_docs(self, endpoint: str, obj: Any, *args: Any, **options: Any) -> None:
        super()._store_endpoint_docs(endpoint, obj, *args, **options)
        for method, doc in self._docs[endpoint].items():
            if method != "parameters":
                manual = doc.setdefault("manual_doc", {})
                manual.setdefault("operationId", endpoint)
                manual.setdefault("responses", {}).setdefault("default", "DEFAULT_ERROR")


def _document_access(doc: dict[str, Any], access: Access | None, scope: Scope | None) -> None:
    """Describe the authentication that a route requires."""
    if access is Access.OPEN:
        doc["manual_doc"]["security"] = []
    elif access is Access.ADMIN or scope:
        doc["manual_doc"][CommonResponses.SCOPE_MEMBER] = scope or Scope.ADMIN
    if access is Access.TOKEN:
        described = doc.get("arguments", doc["manual_doc"])
        described.setdefault("parameters", []).append(TOKEN_PARAMETER)


def _has_parameters(view: Any) -> bool:
    """Return whether a view declares query parameters, with `arguments` or with `doc`."""
    documented = getattr(view, "_apidoc", {})
    places = (documented.get(name, {}) for name in ("arguments", "manual_doc"))
    return any(one["in"] == "query" for place in places for one in place.get("parameters", []))


def all_replies(
    reply: type[Schema] | Mapping[int, tuple[type[Schema], str]], status: int
) -> dict[int, tuple[type[Schema], str | None]]:
    """Return the successful responses of a route that submits, also those to `Prefer`."""
    found: dict[int, tuple[type[Schema], str | None]] = (
        dict(reply) if isinstance(reply, Mapping) else {status: (reply, None)}
    )
    first, _ = next(iter(found.values()))
    if issubclass(first, AcceptedSchema):
        found.setdefault(HTTPStatus.OK, (first, "The job has ended."))
        found.setdefault(HTTPStatus.ACCEPTED, (first, "The job is queued."))
    return found


class VectorApi(Api):  # type: ignore[misc]
    """API whose OpenAPI document has a separate schema and media type for errors."""

    ERROR_SCHEMA = ProblemSchema

    def _init_spec(self, **options: Any) -> None:
        plugins = {"marshmallow_plugin": SchemaPlugin(), "extra_plugins": [CommonResponses()]}
        super()._init_spec(**plugins, **options)

    def _register_error_handlers(self) -> None:
        install_problems(self._app)

    def _register_responses(self) -> None:
        # Only the error responses are registered here, and they have another media type.
        self.DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM_TYPE
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE

    def __init__(self, app: Flask) -> None:
        self._undocumented: list[ApiBlueprint] = []
        self._documenting = Lock()
        self._texts: dict[Hashable, str] = {}
        super().__init__(app)

    def register_blueprint(self, blp: ApiBlueprint, **options: Any) -> None:
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        self._app.register_blueprint(blp, **options)
        self._undocumented.append(blp)
        self._texts.clear()

    def document(self) -> JsonObject:
        """Return the OpenAPI document. The first call describes the routes, so that a start is fast."""
        with self._documenting:
            while self._undocumented:
                blp = self._undocumented.pop(0)
                blp.register_views_in_doc(
                    self, self._app, self.spec, name=blp.name, parameters=None
                )
                if blp.tag == blp.name:
                    self.spec.tag({"name": blp.tag, "description": blp.description})
            document: JsonObject = self.spec.to_dict()
        return document

    def text(self, name: str, make: Callable[[], str], *inputs: Hashable) -> str:
        """Return what `make` returns, which depends only on the routes and on `inputs`.

        It is made once for each value of `inputs`; these must not come from requests.
        """
        key = (name, *inputs)
        found = self._texts.get(key)
        if found is None:
            found = self._texts[key] = make()
        return found

    def _register_pagination_header(self) -> None:
        """Omit the header: no list is paged with it."""


def api_blueprint(
    name: str,
    import_name: str,
    url_prefix: str | None = None,
    description: str = "",
    *,
    tag: str | None = None,
    access: Access | None = None,
    assets: str | None = None,
) -> ApiBlueprint:
    """Return the blueprint of one resource.

    Args:
        name: its name.
        import_name: `__name__` of the module that declares it.
        url_prefix: path prefix of its routes, if any.
        description: one sentence about the resource, for the OpenAPI document.
        tag: tag of its routes in the OpenAPI document; the name by default.
        access: required authentication of all its routes and files; None if routes declare it.
        assets: folder below `assets` that is served at `<prefix>/assets`, for a page.
    """
    pages = {
        "template_folder": "templates",
        "static_folder": f"assets/{assets}",
        "static_url_path": "/assets",
    }
    return ApiBlueprint(
        name,
        import_name,
        tag=tag,
        access=access,
        url_prefix=url_prefix,
        description=description,
        **({} if assets is None else pages),
    )


def api_document() -> JsonObject:
    return _api().document()


def document_text(name: str, make: Callable[[], str], *inputs: Hashable) -> str:
    """Return the text of a document about this application, made once: see `VectorApi.text`."""
    return _api().text(name, make, *inputs)


def _api() -> VectorApi:
    api: VectorApi = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    return api


def finish_response(response: Response) -> Response:
    """Add the headers that every response has: the request id, and security."""
    headers = response.headers
    headers["X-Request-ID"] = request_id()
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    if response.mimetype == "text/html":
        headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
    elif response.is_json:
        headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    return response


def install_http(app: Flask) -> VectorApi:
    """Install the shared response headers, and return the API for the blueprints."""
    # The last one that is registered runs first.
    app.after_request(finish_response)
    app.after_request(problem_page)
    return VectorApi(app)

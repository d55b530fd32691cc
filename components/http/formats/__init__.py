"""Formats of drawings: negotiation, and parsing of their parameters."""

from components.http.formats.negotiation import (
    ExportChoice,
    ExportQuery,
    accepted_type,
    drawing_types,
    export_query_schema,
    exported_reply,
    format_links,
    format_of,
    is_drawing,
)
from components.http.formats.queries import loaded_query, query_value, unknown_parameter

__all__ = [
    "ExportChoice",
    "ExportQuery",
    "accepted_type",
    "drawing_types",
    "export_query_schema",
    "exported_reply",
    "format_links",
    "format_of",
    "is_drawing",
    "loaded_query",
    "query_value",
    "unknown_parameter",
]

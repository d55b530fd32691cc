"""The pages of `docs/reference`, generated from the code: routes, settings, tasks, patterns, problem types, metrics and events."""

from docs.reference_pages.pages import PAGES, reference_pages, write_reference

__all__ = ["PAGES", "reference_pages", "write_reference"]

"""The pages of `docs/reference`, generated from the code: routes, settings, tasks, patterns, problem types, metrics and events."""

from docs.reference_pages.pages import default_settings, reference_pages, write_reference

__all__ = ["default_settings", "reference_pages", "write_reference"]

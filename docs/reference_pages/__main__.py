"""`python -m docs.reference_pages`: write `docs/reference`."""

from docs.reference_pages.pages import default_settings, write_reference

with default_settings() as settings:
    write_reference(settings)

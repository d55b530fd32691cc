"""`python -m docs.reference_pages`: write `docs/reference`."""

from docs.reference_pages import default_settings, reference_pages, write_reference

with default_settings() as settings:
    write_reference(reference_pages(settings))

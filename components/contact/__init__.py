"""Messages to the people who run the service."""

from components.contact.main import blueprint

__all__ = ["blueprint"]

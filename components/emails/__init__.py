"""Mail, made from templates."""

from components.emails.main import blueprint

__all__ = ["blueprint"]

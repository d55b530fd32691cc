"""Mail from templates, and contact messages to the operator."""

from components.mail.contact import blueprint as contact
from components.mail.emails import blueprint as emails

blueprints = (contact, emails)

__all__ = ["blueprints"]

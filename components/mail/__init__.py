"""Mail: letters from templates, and messages to the people who run the service."""

from components.mail.contact import blueprint as contact
from components.mail.emails import blueprint as emails

blueprints = (contact, emails)

__all__ = ["blueprints"]

"""Catalogues of papers, patterns, templates and tasks."""

from components.catalogue.draw import blueprint as drawings
from components.catalogue.papers import blueprint as papers
from components.catalogue.patterns import blueprint as patterns
from components.catalogue.tasks import blueprint as tasks
from components.catalogue.templates import blueprint as templates

blueprints = (drawings, papers, patterns, tasks, templates)

__all__ = ["blueprints"]

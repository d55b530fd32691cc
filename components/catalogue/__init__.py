"""Catalogues of papers, patterns, templates and tasks."""

from components.catalogue.papers import blueprint as papers
from components.catalogue.patterns import blueprint as patterns
from components.catalogue.tasks import blueprint as tasks
from components.catalogue.templates import blueprint as templates

blueprints = (papers, patterns, tasks, templates)

__all__ = ["blueprints"]

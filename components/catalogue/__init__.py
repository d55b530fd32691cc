"""Catalogues of formats, papers, patterns, plotters, templates and tasks."""

from components.catalogue.draw import blueprint as drawings
from components.catalogue.formats import blueprint as formats
from components.catalogue.papers import blueprint as papers
from components.catalogue.patterns import blueprint as patterns
from components.catalogue.plotters import blueprint as plotters
from components.catalogue.tasks import blueprint as tasks
from components.catalogue.templates import blueprint as templates

blueprints = (drawings, formats, papers, patterns, plotters, tasks, templates)

__all__ = ["blueprints"]

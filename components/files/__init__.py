"""Uploads, photos, data files, and batches of stored files."""

from components.files.data import blueprint as data
from components.files.files import blueprint as files
from components.files.photos import blueprint as photos
from components.files.uploads import blueprint as uploads

blueprints = (data, files, photos, uploads)

__all__ = ["blueprints"]

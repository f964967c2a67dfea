"""The access matrix: foreign shares that each business may have, by regime or by place."""

from vatspolicy.guidance.access_matrix.matrix import PlaceError, build_matrix
from vatspolicy.guidance.access_matrix.result import Matrix

__all__ = ["Matrix", "PlaceError", "build_matrix"]

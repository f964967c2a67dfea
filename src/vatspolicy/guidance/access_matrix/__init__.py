"""The access matrix: foreign shares that each business may have, by regime or by place."""

from vatspolicy.guidance.access_matrix.matrix import FORMAT, PlaceError, build_matrix

__all__ = ["FORMAT", "PlaceError", "build_matrix"]

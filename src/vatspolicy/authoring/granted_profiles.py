"""Profiles of tests, fixtures and witnesses: they are about the law, and all their opinions count."""

from __future__ import annotations

from vatspolicy.core.documents import Document
from vatspolicy.core.documents.plain import Facts
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.profile.profile import Profile, load_profile, read_profile


def load_granted(data: Facts, schemas: SchemaSet | None = None) -> Profile:
    """Return the profile in a mapping, with every opinion granted. Raises InvalidInput."""
    return load_profile(data, schemas=schemas).grant_all()


def read_granted(document: Document, schemas: SchemaSet | None = None) -> Profile:
    """Return the profile in a document, with every opinion granted. Raises InvalidInput."""
    return read_profile(document, schemas).grant_all()

"""The JSON Schemas of profiles, policies, fixtures and decisions, and what they say about a document in plain words."""

from vatspolicy.documents.schema_files import (
    load_schema,
    making_digest,
    once_per_schemas,
    resource_folder,
    resource_place,
    schema_folder,
    schema_names,
    schema_place,
    use_schemas,
)
from vatspolicy.documents.validation import validate

__all__ = [
    "load_schema",
    "making_digest",
    "once_per_schemas",
    "resource_folder",
    "resource_place",
    "schema_folder",
    "schema_names",
    "schema_place",
    "use_schemas",
    "validate",
]

"""The JSON Schemas of profiles, policies, fixtures and decisions, and what they say about a document in plain words."""

from vatspolicy.schema.check import validate
from vatspolicy.schema.files import load_schema, resource_folder, schema_folder, schema_names

__all__ = ["load_schema", "resource_folder", "schema_folder", "schema_names", "validate"]

"""`vatspolicy schema`: print a JSON Schema."""

from __future__ import annotations

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import print_result, refuse_if
from vatspolicy.core.documents.launch_schema import LAUNCH
from vatspolicy.core.documents.published import schema_text
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.errors import suggest
from vatspolicy.i18n import Sentences, _


def print_schema(
    name: str = opt.argument(
        opt.REQUIRED, "NAME", f"One of {', '.join(sorted((*SchemaSet.shipped().names, LAUNCH)))}."
    ),
) -> None:
    """Print a JSON Schema that stands alone: for an editor, check-jsonschema or any other validator.

    Its $id is a URN. If you serve the schema at an address, replace $id by that address.

    Example: vatspolicy schema profile > profile.schema.json
    """
    names = (*SchemaSet.shipped().names, LAUNCH)
    refuse_if(name not in names, Sentences(_("there is no schema {name!r}.", name=name), suggest(name, names)))
    print_result(schema_text(name, SchemaSet.shipped()), machine=True)


command = opt.Command(print_schema, "schema", opt.WRITE, 220)

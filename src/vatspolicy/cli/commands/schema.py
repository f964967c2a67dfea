"""`vatspolicy schema`: print a JSON Schema."""

from __future__ import annotations

from typing import Annotated

from vatspolicy.cli.console import abort, print_result
from vatspolicy.cli.options import WRITE, Argument, Command
from vatspolicy.core.documents.launch_schema import LAUNCH
from vatspolicy.core.documents.published import schema_text
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.errors import suggest
from vatspolicy.i18n import Sentences, _


def print_schema(
    name: Annotated[str, Argument("NAME", f"One of {', '.join(sorted((*SchemaSet.shipped().names, LAUNCH)))}.")],
) -> None:
    """Print a JSON Schema that stands alone: for an editor, check-jsonschema or any other validator.

    Its $id is a URN. If you serve the schema at an address, replace $id by that address.

    Example: vatspolicy schema profile > profile.schema.json
    """
    names = (*SchemaSet.shipped().names, LAUNCH)
    if name not in names:
        abort(Sentences(_("there is no schema {name!r}.", name=name), suggest(name, names)))
    print_result(schema_text(name, SchemaSet.shipped()), machine=True)


command = Command(print_schema, "schema", WRITE, 220)

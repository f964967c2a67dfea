"""`vatspolicy schema`: print a JSON Schema."""

from __future__ import annotations

from typing import Annotated

import typer

from vatspolicy.cli.console import abort, print_result
from vatspolicy.cli.declaration import Command
from vatspolicy.cli.parameters import WRITE
from vatspolicy.documents.schemas import SchemaSet
from vatspolicy.errors import suggest


def print_schema(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help=f"One of {', '.join(SchemaSet.shipped().names)}."),
    ],
) -> None:
    """Print a JSON Schema.

    Example: vatspolicy schema profile > profile.schema.json
    """
    known = SchemaSet.shipped().names
    if name not in known:
        abort(f"there is no schema {name!r}. {suggest(name, known)}".rstrip())
    print_result(SchemaSet.shipped().files[f"{name}.schema.json"].decode(), machine=True)


command = Command(print_schema, "schema", WRITE)

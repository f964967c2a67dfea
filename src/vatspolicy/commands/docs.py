"""`vatspolicy docs`: the policies as pages to read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vatspolicy.commands.options import PoliciesOption
from vatspolicy.console import OUTPUT, WRITE, fail, family, show
from vatspolicy.gate import INTERNAL, USAGE


def build_docs(
    folder: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder to write to.", rich_help_panel=OUTPUT)
    ] = Path("docs/policies"),
    check_only: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; name pages that differ and exit with 1.", rich_help_panel=OUTPUT),
    ] = False,
    policies: PoliciesOption = None,
) -> None:
    """Write one Markdown page per policy, an index and a calendar of changes.

    Example: vatspolicy docs build --check
    """
    from vatspolicy.bundle import load_bundle
    from vatspolicy.pages import Foreign, compare, make, write

    pages = make(load_bundle(policies))
    if check_only:
        difference = compare(folder, pages)
        show("".join(f"{line}\n" for line in difference.lines(folder)))
        raise typer.Exit(1 if difference else 0)
    try:
        difference = write(folder, pages)
    except Foreign as error:
        fail(str(error), USAGE)
    except OSError as error:
        fail(f"cannot write to {folder}: {error.strerror or error}.", INTERNAL)
    changed = len(difference.missing) + len(difference.stale)
    show(f"{folder}: {len(pages)} pages, {changed} written, {len(difference.superfluous)} removed.\n")


command = family("docs", WRITE, "Write the policies as pages to read.", {"build": build_docs})

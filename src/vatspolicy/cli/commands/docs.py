"""`vatspolicy docs`: the policies as pages to read."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vatspolicy.cli.console import abort, abort_unwritten, print_result
from vatspolicy.cli.context import LawOptions, require_covered
from vatspolicy.cli.declaration import CommandGroup
from vatspolicy.cli.parameters import OUTPUT, WRITE, parse_day
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import _, translate


class DocsFormat(StrEnum):
    """Formats of pages (vatspolicy.reports.policy.FORMATS; typer wants an enumeration)."""

    MARKDOWN, HTML = "markdown", "html"


_FOLDERS = {DocsFormat.MARKDOWN: Path("docs/policies"), DocsFormat.HTML: Path("site")}
_REFERENCE = Path("docs/spec-reference.md")


def build_docs(
    law: LawOptions,
    format: Annotated[
        DocsFormat,
        typer.Option("--format", "-f", help="Markdown pages, or a site with search.", rich_help_panel=OUTPUT),
    ] = DocsFormat.MARKDOWN,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR",
            help="Folder to write to (default: docs/policies, or site for html).",
            show_default=False,
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            metavar="DAY",
            callback=parse_day,
            help="Day of the access matrix of a site (default: today in China).",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    check_only: Annotated[
        bool,
        typer.Option("--check", help="Write nothing; name pages that differ and exit with 1.", rich_help_panel=OUTPUT),
    ] = False,
) -> ExitCode:
    """Write one page per policy, an index and a calendar of changes; a site (html) has a search and a matrix too.

    Without --output, Markdown includes docs/spec-reference.md: every value that a spec may use.

    Example: vatspolicy docs build --format html -o site
    """
    from vatspolicy import clock
    from vatspolicy.reports.policy import Foreign, compare, make, write
    from vatspolicy.reports.reference import reference_page, write_reference

    reference = _REFERENCE if folder is None and format is DocsFormat.MARKDOWN else None
    folder = folder or _FOLDERS[format]
    bundle = law.load(locks="warn")
    day = (as_of or clock.today()) if format is DocsFormat.HTML else None
    if day:
        require_covered(bundle, day)
    pages = make(bundle, format.value, day)
    values = reference_page(bundle)
    is_stale = reference is not None and (not reference.is_file() or reference.read_bytes() != values.encode())
    if check_only:
        difference = compare(folder, pages, format.value)
        lines = [*difference.lines(folder), *([_("stale {path}", path=reference)] if is_stale else [])]
        print_result("".join(f"{translate(line)}\n" for line in lines))
        return ExitCode.FAILED if lines else ExitCode.OK
    try:
        difference = write(folder, pages, format.value)
        if reference is not None and is_stale:
            write_reference(reference, values)
    except Foreign as error:
        abort(str(error))
    except OSError as error:
        abort_unwritten(error.filename or folder, error)
    if is_stale:
        print_result(f"{reference}\n")
    changed = len(difference.missing) + len(difference.stale)
    summary = _(
        "{folder}: {count} pages, {changed} written, {removed} removed.",
        folder=folder,
        count=len(pages),
        changed=changed,
        removed=len(difference.superfluous),
    )
    print_result(translate(summary) + "\n")
    return ExitCode.OK


command = CommandGroup("docs", WRITE, "Write the policies as pages to read.", {"build": build_docs})

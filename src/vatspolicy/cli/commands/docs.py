"""`vatspolicy docs`: the policies as pages to read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from vatspolicy.cli.console import abort, abort_unwritten, print_result
from vatspolicy.cli.context import LawOptions, require_covered
from vatspolicy.cli.options import OUTPUT, WRITE, CommandGroup, Option, parse_day
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import _, translate

DocsFormat = Literal["markdown", "html"]


_FOLDERS = {"markdown": Path("docs/policies"), "html": Path("site")}
_REFERENCE = Path("docs/spec-reference.md")


def build_docs(
    law: LawOptions,
    format: Annotated[DocsFormat, Option("--format -f", "Markdown pages, or a site with search.", OUTPUT)] = "markdown",
    folder: Annotated[
        Path | None,
        Option(
            "--output -o DIR", "Folder to write to (default: docs/policies, or site for html).", OUTPUT, shown=False
        ),
    ] = None,
    as_of: Annotated[
        str | None,
        Option("--as-of DAY", "Day of the access matrix of a site (default: today in China).", OUTPUT, parse=parse_day),
    ] = None,
    check_only: Annotated[
        bool, Option("--check", "Write nothing; name pages that differ and exit with 1.", OUTPUT)
    ] = False,
) -> ExitCode:
    """Write one page per policy, an index and a calendar of changes; a site (html) has a search and a matrix too.

    Without --output, Markdown includes docs/spec-reference.md: every value that a spec may use.

    Example: vatspolicy docs build --format html -o site
    """
    from vatspolicy import clock
    from vatspolicy.reports.policy import Foreign, compare, make, write
    from vatspolicy.reports.reference import reference_page, write_reference

    reference = _REFERENCE if folder is None and format == "markdown" else None
    folder = folder or _FOLDERS[format]
    bundle = law.load(locks="warn")
    day = (as_of or clock.today()) if format == "html" else None
    if day:
        require_covered(bundle, day)
    pages = make(bundle, format, day)
    values = reference_page(bundle)
    is_stale = reference is not None and (not reference.is_file() or reference.read_bytes() != values.encode())
    if check_only:
        difference = compare(folder, pages, format)
        lines = [*difference.lines(folder), *([_("stale {path}", path=reference)] if is_stale else [])]
        print_result("".join(f"{translate(line)}\n" for line in lines))
        return ExitCode.FAILED if lines else ExitCode.OK
    try:
        difference = write(folder, pages, format)
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


command = CommandGroup("docs", WRITE, 280, "Write the policies as pages to read.", {"build": build_docs})

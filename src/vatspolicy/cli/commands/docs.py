"""`vatspolicy docs`: the policies as pages to read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, abort_unwritten, print_result
from vatspolicy.cli.context import LawOptions, require_covered
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import Listing, _, translate
from vatspolicy.output import write_bytes

if TYPE_CHECKING:
    from vatspolicy.core.policies.bundle import Bundle

DocsFormat = Literal["markdown", "html"]


_FOLDERS = {"markdown": Path("docs/policies"), "html": Path("site")}
_REFERENCE = Path("docs/spec-reference.md")


def build_docs(
    law: LawOptions,
    format: DocsFormat = opt.output("markdown", "--format -f", "Markdown pages, or a site with search."),
    folder: Path | None = opt.output(
        None, "--output -o DIR", "Folder to write to (default: docs/policies, or site for html).", shown=False
    ),
    as_of: str | None = opt.output(
        None, "--as-of DAY", "Day of the access matrix of a site (default: today in China).", parse=opt.parse_day
    ),
    pyodide: Path | None = opt.output(
        None,
        "--pyodide DIR",
        "npm package Pyodide, for a page that decides in the reader's browser (default: node_modules/pyodide).",
    ),
    check_only: bool = opt.output(False, "--check", "Write nothing; name pages that differ and exit with 1."),
) -> ExitCode:
    """Write one page per policy, an index and a calendar of changes; a site (html) has a search and a matrix too.

    If Pyodide is found, the site also has decide/: the page of `vatspolicy serve`, which needs no server there.

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
    deciding = _deciding_page(bundle, pyodide) if format == "html" else {}
    pages = make(bundle, format, day, bool(deciding))
    values = reference_page(bundle)
    is_stale = reference is not None and (not reference.is_file() or reference.read_bytes() != values.encode())
    if check_only:
        difference = compare(folder, pages, format)
        stale = [*([reference] if is_stale and reference else []), *_stale(folder, deciding)]
        lines = [*difference.lines(folder), *(_("stale {path}", path=path) for path in stale)]
        print_result("".join(f"{translate(line)}\n" for line in lines))
        return ExitCode.FAILED if lines else ExitCode.OK
    try:
        difference = write(folder, pages, format)
        if reference is not None and is_stale:
            write_reference(reference, values)
        for path in _stale(folder, deciding):
            write_bytes(path, deciding[path.relative_to(folder).as_posix()])
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
    if deciding:
        print_result(translate(_("{folder}: wrote the page that decides.", folder=folder / "decide")) + "\n")
    return ExitCode.OK


def _deciding_page(bundle: Bundle, pyodide: Path | None) -> dict[str, bytes]:
    """Return the files of the page that decides, by their paths in the site; none if there is no Pyodide."""
    from vatspolicy.server.web.site import FOLDER, PYODIDE, build_site, find_pyodide

    pyodide_folder = find_pyodide(pyodide)
    if pyodide_folder is None:
        if pyodide is not None:
            abort(
                _(
                    "{folder} is not the npm package pyodide: it lacks one of {files}.",
                    folder=pyodide,
                    files=Listing(PYODIDE),
                )
            )
        return {}
    if bundle.origin.origin != "shipped" or bundle.layers:
        abort(_("The page that decides has the shipped law. Leave out --law and layers, or build without Pyodide."))
    return {f"{FOLDER}/{name}": content for name, content in build_site(pyodide_folder).items()}


def _stale(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Return the files that are missing in a folder or differ there."""
    paths = {folder / name: content for name, content in files.items()}
    return [path for path, content in paths.items() if not path.is_file() or path.read_bytes() != content]


command = opt.CommandGroup("docs", opt.WRITE, 280, "Write the policies as pages to read.", {"build": build_docs})

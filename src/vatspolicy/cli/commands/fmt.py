"""`vatspolicy fmt`: one layout for policies, fixtures and profiles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vatspolicy.cli import options as opt
from vatspolicy.cli.console import print_result, refuse_if, report_problems, show_difference, write_report
from vatspolicy.gate.gate import ExitCode
from vatspolicy.i18n import _, translate
from vatspolicy.output import write_stderr

if TYPE_CHECKING:
    from vatspolicy.core.documents import Document


def format_files(
    paths: list[str] | None = opt.argument(
        None, "[FILE|DIR]...", "Files, folders, or - for standard input (default: ./policies and ./fixtures)."
    ),
    check: bool = opt.output(False, "--check", "Write nothing; name files that differ and exit with 1."),
    diff: bool = opt.output(False, "--diff", "Write nothing; show what would change."),
    textconv: Path | None = opt.input_(
        None,
        "--textconv FILE",
        "Print a file as text in which layout, comments and order make no difference, for git diff.",
    ),
) -> int:
    """Lay out policy files, fixtures and profiles: order, indentation, quotes, folds. Comments stay, data stay equal.

    Example: vatspolicy fmt --check policies
    """
    if textconv is not None:
        refuse_if(paths or check or diff, _("--textconv takes exactly one file."))
        print_result(_normal(textconv), machine=True)
        return ExitCode.OK
    files = list(_files(paths or [name for name in ("policies", "fixtures") if Path(name).is_dir()]))
    refuse_if(not files, _("there is nothing to format."), ExitCode.NOTHING)
    return _run(files, check, diff)


def _files(paths: list[str]) -> Iterator[str]:
    """Yield the files, and the YAML files below folders, in order."""
    for path in paths:
        if path != "-" and Path(path).is_dir():
            yield from sorted(str(file) for file in Path(path).rglob("*") if file.suffix in (".yaml", ".yml"))
        else:
            yield path


def _run(names: list[str], check: bool, diff: bool) -> int:
    from vatspolicy.authoring.formatter import format_text
    from vatspolicy.core.documents import load_document
    from vatspolicy.errors import InvalidInput

    code = 0
    read = changed = 0
    for name in names:
        try:
            document = load_document(name)
            text = format_text(document)
        except InvalidInput as error:
            report_problems(error)
            code = ExitCode.INVALID
            continue
        read += 1
        same = _is_written(name, document, text)
        changed += not same
        if name == "-" and not (check or diff):
            print_result(text, machine=True)
        elif not same:
            _apply(document, text, check, diff)
    if not (check or diff) and names != ["-"]:
        write_stderr(translate(_("files read: {count}; changed: {changed}.", count=read, changed=changed)) + "\n")
    return code or (ExitCode.FAILED if check and changed else 0)


def _apply(document: Document, text: str, check: bool, diff: bool) -> None:
    """Show that a file would change, or write it."""
    if diff:
        print_result(show_difference(document.text, text, document.file, f"{document.file} laid out"))
    if check:
        print_result(translate(_("{file}: not in the format of vatspolicy fmt", file=document.file)) + "\n")
    if not (check or diff):
        write_report(Path(document.file), text)


def _is_written(name: str, document: Document, text: str) -> bool:
    """Return whether a file already has these bytes."""
    return document.text == text if name == "-" else Path(name).read_bytes() == text.encode()


def _normal(path: Path) -> str:
    """Return the normalized text, or the text of a file that is not valid YAML, so that a diff shows something."""
    from vatspolicy.authoring.formatter.textconv import normal_text
    from vatspolicy.core.documents import load_document
    from vatspolicy.errors import InvalidInput

    try:
        return normal_text(load_document(path).data)
    except InvalidInput as error:
        report_problems(error)
        try:
            return path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            raise SystemExit(ExitCode.INVALID) from None


command = opt.Command(format_files, "fmt", opt.WRITE, 180)

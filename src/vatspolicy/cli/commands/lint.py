"""`vatspolicy lint`: check the style of policies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from vatspolicy import clock
from vatspolicy.cli import options as opt
from vatspolicy.cli.console import abort, print_result, publish, refuse_if, show_difference, write_report
from vatspolicy.cli.context import LawOptions
from vatspolicy.i18n import Language, _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vatspolicy.authoring.lint.run import LintReport
    from vatspolicy.core.policies.bundle import Bundle
    from vatspolicy.core.policies.model import Policy


LintFormat = Literal["text", "json", "sarif", "junit", "github"]
"""Formats of a lint report (vatspolicy.reports.lint)."""


def lint(
    law: LawOptions,
    files: list[Path] | None = opt.argument(
        None,
        "[FILE]...",
        "Policies or their tests to check, with the rest of the law as context (default: everything).",
    ),
    fixtures: Path | None = opt.FIXTURES,
    texts: Path | None = opt.input_(
        None, "--texts DIR", "Compare the quotes with the texts of the law (*.md) in this folder.", exists="folder"
    ),
    write: bool = opt.output(False, "--write", "Write day, text and hash beside each quote that its text holds."),
    fix: bool = opt.output(
        False,
        "--fix",
        "Fix what needs no decision (order of keys, Chinese punctuation, comments that ignore nothing), and show "
        "it as a diff.",
    ),
    today: str | None = opt.TODAY,
    list_rules: bool = opt.output(False, "--list", "Print every rule with its help, as Markdown."),
    format: LintFormat = opt.format_option("text", LintFormat),
    outputs: opt.Outputs = opt.output_option(LintFormat),
    lang: Language = opt.LANG,
) -> int:
    """Check style, translations, quotes and tests of policies, and the schemas themselves.

    Errors fail the run. Reviews that are due, and rules that rest on unverified articles alone, are warnings.
    A comment ignores a finding for a reason: # lint: ignore ID reason
    With FILE, the law is the folder around it that has a bundle.yaml, and schemas and fixtures are not checked.

    Example: vatspolicy lint policies/access/vats-pilot-2024.yaml
    """
    from vatspolicy.authoring.lint.run import run_lint, select_policies
    from vatspolicy.reports.lint import render, rules_page

    if list_rules:
        print_result(rules_page())
        return 0
    refuse_if(write and texts is None, _("--write needs --texts."))
    if (write or fix) and law.bundle is not None:
        option = "--write" if write else "--fix"
        abort(_("{option} needs a folder of policies, not a bundle.", option=option))
    day = today or clock.today()
    law = law.around(files or ())
    bundle = law.load(locks="warn")
    quiet = format != "text"

    def check(bundle: Bundle) -> LintReport:
        chosen = select_policies(bundle, files) if files else None
        return run_lint(bundle, None if files else fixtures, texts, day, chosen)

    if write and texts is not None:
        bundle = _verify(bundle, select_policies(bundle, files) if files else None, law, texts, day, quiet)
    report = check(bundle)
    if fix and _fix(report, law, quiet):
        report = check(law.load(locks="warn"))
    publish(lambda name, _: render(name, report, lang), format, outputs)
    return report.exit_code


def _fix(report: LintReport, law: LawOptions, quiet: bool) -> bool:
    """Fix findings in the files, and show the changes; return whether a file has changed."""
    from vatspolicy.authoring.lint.fixes import fix_files

    changed = fix_files(report)
    law.refuse_shipped(changed)
    before = {document.file: document.text for document in report.documents}
    for path, text in changed.items():
        write_report(path, text)
        if not quiet:
            print_result(show_difference(before[str(path)], text, str(path), f"{path} fixed"))
    return bool(changed)


def _verify(
    bundle: Bundle, chosen: Sequence[Policy] | None, law: LawOptions, texts: Path, today: str, quiet: bool
) -> Bundle:
    """Record verified quotes in the files of the chosen policies (default: all), and return their bundle."""
    from vatspolicy.authoring.verification import read_texts, write_files

    changed = write_files(bundle, read_texts(texts), today, chosen)
    law.refuse_shipped(changed)
    for path, text in changed.items():
        write_report(path, text)
        if not quiet:
            print_result(f"{path}\n")
    return law.load(locks="warn") if changed else bundle


command = opt.Command(lint, "lint", opt.RULES, 150)

"""GitHub workflow commands: the title, and one annotation for each policy line with a change."""

from __future__ import annotations

from collections.abc import Iterator

from vatspolicy.authoring.diff.result import Review
from vatspolicy.core.profile.vocabulary import Language
from vatspolicy.reports.diff.sarif import RULES, results
from vatspolicy.reports.diff.summary import sentences
from vatspolicy.reports.formats.github import command


def render(data: Review, lang: Language) -> str:
    """Render annotations, joining results of the same kind on the same line."""
    return "".join(f"{line}\n" for line in _lines(data, lang))


def _lines(data: Review, lang: Language) -> Iterator[str]:
    level = "error" if data.why or data.failed_on or data.verdict == "unknown" else "note"
    title = data.title[lang]
    yield command(level, "\n".join(sentences(data, lang)) or title, title=title)
    for problem in data.problems:
        text = f"{problem.path} {problem.message} {problem.hint}".strip()
        yield command("error", text, file=problem.file, line=problem.line, col=problem.column)
    together: dict[tuple[str, str, int, str], list[str]] = {}
    for id, text, file, line, accepted in results(data, lang):
        together.setdefault((id, file, line, accepted), []).append(text)
    for (id, file, line, accepted), texts in together.items():
        more = f"\n… +{len(texts) - 5}" if len(texts) > 5 else ""
        level, title = RULES[id][0], RULES[id][1][lang]
        level, more = ("note", f"{more}\n{accepted}") if accepted else (level, more)
        yield command(level, "\n".join(texts[:5]) + more, file=file, line=line, title=title)

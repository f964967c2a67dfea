"""The decision as a memo for counsel, in Word: one to two pages a product.

The templates of `templates/memo` are the parts of the file (ECMA-376, WordprocessingML).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from vatspolicy.core.engine.result import Record
from vatspolicy.errors import Problem
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n import Language
from vatspolicy.i18n.text import clean
from vatspolicy.reports.decision import digest
from vatspolicy.reports.decision.memo import LEAVES_OUT as LEAVES_OUT
from vatspolicy.reports.decision.memo import Memo, by_day, make_memo, no_license, say_filings
from vatspolicy.reports.decision.summary import worst_first
from vatspolicy.reports.formats.html_words import PageWords
from vatspolicy.reports.formats.office import pack
from vatspolicy.reports.formats.templating import FOLDER, render_html

_COLORS = {"allow": "1C5C2E", "needs-license": "734600", "deny": "8B1C17", "incomplete": "2A4879"}


def render(
    records: Iterable[Record], lang: Language, problems: Iterable[Problem] = (), remarks: Iterable[Remark] = ()
) -> bytes:
    """Render a memo of all decisions (records), the worst first, then the specs that could not be decided."""
    say, records = PageWords(lang), worst_first(records)
    rules = dict.fromkeys(say.deciding(record.bundle) for record in records)
    values = {
        "say": say,
        "says": lambda keys: [say.html(key) for key in keys],
        "title": ", ".join(clean(record.title, one_line=True) for record in records)[:255],
        "memos": [(record, make_memo(record, say)) for record in records],
        "colors": _COLORS,
        "licenses": lambda made: _licenses(made, say),
        "no_license": no_license,
        "say_filings": say_filings,
        "filings": lambda made, record: list(_filings(made, record, say)),
        "problems": sorted(set(problems)),
        "words": digest.WAIVER_WORDS,
        "remarks": [f"{digest.remark_place(remark)} {digest.say_remark(remark, lang)}" for remark in remarks],
        "foot": say.gap.join(rules),
    }
    home = FOLDER / "memo"
    names = [path.relative_to(home).as_posix() for path in home.rglob("*.j2")]
    return pack({name.removesuffix(".j2"): render_html(f"memo/{name}", **values).encode() for name in names})


def _licenses(made: Memo, say: PageWords) -> Iterator[Sequence[str]]:
    """Yield the rows of licenses."""
    for one in made.licenses:
        title = (f"{say.html('or')} " if one.alternative else "") + one.title
        activity, route = one.activity or "–", one.route or "–"
        yield title, one.authority, one.bearer, activity, route, say.names(one.citations)


def _filings(made: Memo, record: Record, say: PageWords) -> Iterator[Sequence[str]]:
    """Yield the rows of filings: each before the launch, each with a day, and the number of the others."""
    before = say.html("before_launch_by", day=record.launch) if record.launch else say.html("before_launch")
    for due, found in (
        (before, made.before_launch),
        *((say.html("by_day", day=day), found) for day, found in by_day(made.dated).items()),
    ):
        yield from ((due, item.title, item.body_names, item.bearer) for item in found)
    if made.undated:
        yield say.html("undated"), say.count("undated", len(made.undated)), "", ""

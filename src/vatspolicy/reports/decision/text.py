"""The report for a terminal: one screen, a table or lines of several specs, or everything; the worst first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.core.engine.result import Finding, Need, Record
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n import Language, LocalizedText, Phrase
from vatspolicy.i18n.text import clean, shorten, width, wrap
from vatspolicy.i18n.words import VERDICTS, Counts, Table, aside, count, gap, join_two, joint, number, word
from vatspolicy.output import HEADING, Style
from vatspolicy.reports.decision import digest, pieces
from vatspolicy.reports.decision.pieces import Entries, Run, Texts, View
from vatspolicy.reports.decision.summary import COUNTS, Summary, gravest_first, gravity, say_gate, say_totals
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, KINDS, POLICY, VERSIONS, WHY
from vatspolicy.reports.words import COLORS, phrase, say_deciding

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult
    from vatspolicy.gate.spec_change import SpecChanges


LEAVES_OUT = {
    "--details says it.": "services undetermined Denial.layer Need.layer Duty.layer Advice.layer Advice.citations"
    " Advice.kind Advice.message Advice.rule Advice.subject Duty.rule Duty.subject Duty.message Duty.citations"
    f" Duty.bearer Need.rule Need.authority {WHY} Explanation.location",
    BY_EXPLAIN: f"product {VERSIONS} {POLICY}",
    BY_KIND: f"{KINDS} Need.effect Need.message Need.routes Need.nearest",
}


class Report(pieces.Report):
    """Blocks of lines."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._style = Style(view.color)

    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Return everything about a decision, if the report says it; the outline serves the others."""
        if self.view.extent != "details":
            return ()
        from vatspolicy.reports.decision.details import detail_lines

        return ("\n".join(detail_lines(record, self.lang, self._style, self.view.room)),)

    def write(self, entries: Entries, run: Run) -> Iterator[str]:
        """Yield the blocks of the report, with a blank line between two."""
        between = ""
        for block in self._blocks(entries, run):
            yield between + block
            between = "\n\n"
        yield "\n"

    def _blocks(self, entries: Entries, run: Run) -> Iterator[str]:
        view, style = self.view, self._style
        lang, room, extent, remarks, gate = view.lang, view.room, view.extent, run.remarks or (), run.gate
        invalid = _count_errors(gate)
        closing = say_gate(gate, entries.summaries, lang, style, room, run.repeated, extent == "quiet") if gate else []
        several = len(entries) + len(invalid) > 1
        if extent == "details":
            order = entries.sort(lambda one: gravity(one.decision, one.contested))
            yield from (text for (text,) in entries.texts(order))
        elif extent == "screen" and not several and run.only:
            yield from _join(render_screen(run.only, lang, style, room, () if remarks else closing))
            closing = closing if remarks else []
        elif extent in ("screen", "summary", "failures"):
            lines = table_lines if extent == "screen" else summary_lines
            shown = [one for one in entries.summaries if one.fails or extent != "failures"]
            yield from _join(lines(shown, invalid, lang, style, room))
        for changes in (gate.changes, gate.by_law) if gate and extent != "quiet" else ():
            yield from _join(_change_lines(changes, lang, style, room))
        if remarks and extent != "quiet":
            yield from _join(_remark_lines(remarks, lang, style, room))
        if several and extent != "quiet":
            yield say_totals(entries.summaries, len(invalid), lang)
        yield from _join(closing)


def _join(lines: list[str]) -> Iterator[str]:
    """Yield lines as one block, if there are any."""
    if lines:
        yield "\n".join(lines)


def _count_errors(gate: GateResult | None) -> dict[str, int]:
    """Return the files that could not be decided, each with its number of errors."""
    if gate is None:
        return {}
    errors = dict.fromkeys(gate.invalid, 0)
    for problem in gate.problems:
        if problem.file in errors:
            errors[problem.file] += 1
    return errors


def _change_lines(changes: SpecChanges | None, lang: Language, style: Style, room: int) -> list[str]:
    """Return the section on what the edited specs do; empty for a run that is compared with no base."""
    if changes is None:
        return []
    from vatspolicy.reports.spec_change import say_changes, say_heading, say_rest

    lines = [style(say_heading(changes, lang), *HEADING)]
    for one in say_changes(changes, lang):
        lines += wrap(f"{clean(one.file, one_line=True)}{joint('colon', lang)}{one.head}", room, "    ", "  ")
        for line in one.lines:
            lines += wrap(line, room, "      ", "    - ")
    rest = say_rest(changes, lang)
    return [*lines, *(wrap(rest, room, "  ", "  ") if rest else [])]


def _remark_lines(remarks: Iterable[Remark], lang: Language, style: Style, room: int) -> list[str]:
    """Return the section on waivers themselves, which follows all decisions."""
    lines = [style(word(digest.WAIVER_WORDS, "remarks", lang), *HEADING)]
    for remark in remarks:
        mark = style("!", "yellow") if remark.level == "warning" else "·"
        lines += wrap(f"{digest.remark_place(remark)}: {digest.say_remark(remark, lang)}", room, "    ", f"  {mark} ")
    return lines


WORDS: Table = {
    "spec": Phrase("Product"),
    "verdict": Phrase("Verdict"),
    "licenses": Phrase("Licenses"),
    "duties": Phrase("Before launch"),
    "invalid": Phrase("INVALID"),
}


class TableRow(NamedTuple):
    """A spec in the table."""

    verdict: str
    color: str
    file: str
    title: str
    licenses: int | None
    duties: int | None
    reason: str


def _rows(summaries: Iterable[Summary], invalid: Mapping[str, int], lang: Language) -> Iterator[TableRow]:
    for file, errors in invalid.items():
        name = clean(file, one_line=True)
        yield TableRow(word(WORDS, "invalid", lang), "red", name, "", None, None, count(COUNTS, "errors", errors, lang))
    for one in gravest_first(summaries):
        file, name = clean(one.file, one_line=True), clean(one.title, one_line=True)
        verdict, color = word(VERDICTS, one.decision, lang), COLORS[one.decision]
        yield TableRow(verdict, color, file, name, one.licenses, one.filings + one.own, one.reason)


def table_lines(
    summaries: Iterable[Summary], invalid: Mapping[str, int], lang: Language, style: Style, room: int
) -> list[str]:
    """Return the table of several decisions: verdict, product, counts; below each its reason. The worst comes first.

    `invalid` has the files of specs that could not be decided, each with its number of errors.
    """
    rows = list(_rows(summaries, invalid, lang))
    heads = [word(WORDS, key, lang) for key in ("verdict", "spec", "licenses", "duties")]
    first = max(width(text) for text in (heads[0], *(row.verdict for row in rows)))
    counts = [width(head) for head in heads[2:]]
    middle = max(room - first - sum(counts) - 7, 12)
    lines = [style(f" {_pad(heads[0], first)}  {_pad(heads[1], middle)}  {heads[2]}  {heads[3]}".rstrip(), *HEADING)]
    for row in rows:
        figures = ["" if n is None else str(n) for n in (row.licenses, row.duties)]
        told = "  ".join(_pad(figure, size, right=True) for figure, size in zip(figures, counts, strict=True))
        name = _pad(shorten(row.title or row.file, middle), middle)
        lines.append(f" {style(_pad(row.verdict, first), 'bold', row.color)}  {name}  {told}".rstrip())
        below = joint("colon", lang).join(part for part in (row.file if row.title else "", row.reason) if part)
        lines += [style(f" {' ' * first}  {shorten(below, room - first - 3)}", "dim")]
    return lines


def summary_lines(
    summaries: Iterable[Summary], invalid: Mapping[str, int], lang: Language, style: Style, room: int
) -> list[str]:
    """Return a line for each spec, the worst first."""
    rows = list(_rows(summaries, invalid, lang))
    first = max((width(row.verdict) for row in rows), default=0)
    lines = []
    for row in rows:
        text = f"{row.file}{joint('colon', lang)}{row.reason}" if row.reason else row.file
        lines.append(f"{style(_pad(row.verdict, first), 'bold', row.color)}  {shorten(text, room - first - 2)}")
    return lines


def _pad(text: str, size: int, right: bool = False) -> str:
    gap = " " * (size - width(text))
    return gap + text if right else text + gap


# --- one screen: a decision in HEIGHT lines


HEIGHT = 22
"""Lines of a decision with its last line. A terminal of 24 also shows the command and the prompt after it."""
_MOST = 3
"""Lines of one entry."""
_INDENT = 4
"""Cells before the second line of an entry."""
_STEPS = ((_MOST, _MOST), (_MOST, 2), (_MOST, 1), (2, 1), (1, 1))
"""Lines of an entry that decides (an obstacle, a license) and of any other one, from the roomiest to the tightest."""
SCREEN_WORDS: Table = {
    "because": Phrase("What blocks"),
    "nearest": Phrase("nearest way: {route}; not met: {fails}"),
    "before_launch": Phrase("Before launch: {todo}"),
    "before_day": Phrase("Before launch on {day}: {todo}"),
    "deadline": Phrase("Next deadline: {day}, {title}"),
    "then": Phrase("Next deadline after the launch: {day}, {title}"),
    "more": Phrase("… and {count} more"),
    "besides": Phrase("… and {names}"),
    "further": Phrase("Also: {text}."),
    "details": Phrase("--details shows all."),
    "share": Phrase("foreign share of at most {percent} %"),
}
SCREEN_COUNTS: Counts = {
    "later": (Phrase("{n} duty after launch"), Phrase("{n} duties after launch")),
    "advice": (Phrase("{n} note for review"), Phrase("{n} notes for review")),
    "open": (
        Phrase("{n} missing fact that cannot change the verdict"),
        Phrase("{n} missing facts that cannot change the verdict"),
    ),
    "met": (Phrase("{n} permit held"), Phrase("{n} permits held")),
}


class Section(NamedTuple):
    """A part of the screen that may be cut to its first entries."""

    heading: str
    entries: list[list[str]]
    """Lines of each entry."""
    bare: bool = False
    """True for a heading that stands without entries, too."""
    names: Sequence[str] = ()
    """Short names of the entries, which stand for those that are cut; without them, these are counted."""


def render_screen(record: Record, lang: Language, style: Style, room: int, closing: Sequence[str]) -> list[str]:
    """Return one decision with its closing lines in HEIGHT lines, if the width and what decides allow."""
    screen = _Screen(record, lang, style, room)
    head, tail = list(screen.head()), list(screen.tail())
    left = HEIGHT - len(head) - len(tail) - len(closing)
    body: list[str] = []
    for screen.decisive, screen.most in _STEPS:  # shorter entries, where even the first ones do not fit
        body = _fit(
            [section for section in screen.sections() if section.entries or section.bare], left, lang, style, room
        )
        if len(body) <= left:
            break
    spare = left - len(body)
    before_closing, before_tail = [""] if closing and spare > 0 else [], [""] if spare > 1 else []
    return [*head, *body, *before_tail, *tail, *before_closing, *closing]


def _fit(sections: Sequence[Section], height: int, lang: Language, style: Style, room: int) -> list[str]:
    """Return the sections in `height` lines: one entry of each, then more while they fit. What is cut is named, or
    counted.
    """
    shown = [min(1, len(section.entries)) for section in sections]

    def lines(spaced: bool = False) -> list[str]:
        found: list[str] = []
        for section, most in zip(sections, shown, strict=True):
            found += [""] if spaced else []
            found.append(style(section.heading, *HEADING))
            found += [line for entry in section.entries[:most] for line in entry]
            if rest := section.names[most:]:
                named = word(SCREEN_WORDS, "besides", lang, names=joint("semicolon", lang).join(dict.fromkeys(rest)))
                found += wrap(named, room, "    ")
            elif count := len(section.entries) - most:
                found.append(style(f"    {word(SCREEN_WORDS, 'more', lang, count=count)}", "dim"))
        return found

    for index, section in enumerate(sections):
        while shown[index] < len(section.entries):
            shown[index] += 1
            if len(lines()) > height:
                shown[index] -= 1
                break
    return lines(spaced=len(lines()) + len(sections) <= height)


class _Screen:
    def __init__(self, record: Record, lang: Language, style: Style, room: int) -> None:
        self.record, self.lang, self.style, self.room = record, lang, style, room
        self.decisive = self.most = _MOST

    def say(self, text: LocalizedText | str) -> str:
        return clean(text if isinstance(text, str) else str(text[self.lang]), one_line=True)

    def entry(self, text: str, first: str, indent: str = "    ", most: int = _MOST) -> list[str]:
        """Return an entry in at most `most` lines."""
        return _cut(wrap(text, self.room, indent, first), min(most, self.most), self.room)

    def decision(self, text: str, first: str, laws: Sequence[str]) -> list[str]:
        """Return an entry that decides: where it has too many lines, its text is cut before its law is."""
        more = f" {word(SCREEN_WORDS, 'more', self.lang, count=len(laws) - 1)}" if len(laws) > 1 else ""
        inner = self.room - _INDENT
        room = inner * (self.decisive - 1) or inner
        law = self.style(f" [{shorten(clean(laws[0]), room - width(more))}{more}]", "dim") if laws else ""
        lines, left = wrap(f"{text}{law}", self.room, " " * _INDENT, first), width(text)
        while law and left > inner // 4 and len(lines) > self.decisive > 1:
            left -= sum(width(line) - _INDENT for line in lines[self.decisive :])
            lines = wrap(f"{shorten(text, left)}{law}", self.room, " " * _INDENT, first)
        return _cut(lines, self.decisive, self.room)

    def head(self) -> Iterator[str]:
        decision = self.record.decision
        verdict = self.style(f" {digest.say_verdict(self.record, self.lang)} ", "bold", COLORS[decision])
        about = phrase("as_of", self.lang, day=self.record.as_of)
        about += f" · {say_deciding(self.record.bundle, self.lang)}"
        title, about = self.say(self.record.title), self.style(about, "dim")
        if width(f"{verdict} {title} · {about}") <= self.room:
            yield f"{verdict} {title} · {about}"
        else:
            yield from self.entry(title, f"{verdict} ", " ", 2)
            yield from self.entry(about, " ", " ", 2)
        yield from self.entry(digest.say_meaning(self.record, self.lang), " ", " ")
        if told := digest.some_waived(self.record, self.lang):
            yield from (self.style(line, "yellow") for line in self.entry(told, " ", " "))

    def sections(self) -> Iterator[Section]:
        yield Section(word(digest.WAIVER_WORDS, "waived", self.lang), list(self.waived()))
        yield Section(
            word(SCREEN_WORDS, "because", self.lang), list(self.denials()), names=[*map(self.name, self.record.denials)]
        )
        yield Section(
            phrase("missing", self.lang),
            list(self.missing()),
            names=[self.say(ask.path) for ask in self.record.missing],
        )
        licenses = "get" if self.record.needs else "would_get"
        yield Section(phrase(licenses, self.lang), list(self.licenses()), names=[*map(self.name, self.record.licenses)])
        yield Section(phrase("contested", self.lang), list(self.contested()))
        denied, heading = self.record.decision == "deny", self.duties_heading()
        yield Section(heading or phrase("duties", self.lang), [] if denied else list(self.duties()), bool(heading))
        yield Section(phrase("ahead", self.lang), list(self.ahead()))

    def waived(self) -> Iterator[list[str]]:
        for finding in self.record.waived:
            assert finding.waived is not None
            text = f"{digest.say_finding(finding, self.lang)} · {digest.say_waived(finding.waived, self.lang)}"
            yield self.entry(text, "  ~ ")

    def laws(self, finding: Finding) -> list[str]:
        return digest.merge_citations(finding.citations, self.lang, graded=False)

    def denials(self) -> Iterator[list[str]]:
        for finding in self.record.denials:
            subject = str(finding.subject)
            message = self.say(finding.message)
            if finding.effect == "need" and finding.reasons:
                message = " · ".join(self.say(reason.title) for reason in finding.reasons)
            message += aside(phrase("curable", self.lang), self.lang) if finding.is_curable else ""
            message += digest.waived_mark(finding, self.lang)
            start = f"{clean(subject)}{joint('colon', self.lang)}" if subject else ""
            lines = self.decision(f"{start}{message}", f"  {self.style('✘', 'red')} ", self.laws(finding))
            if nearest := self.nearest(finding):
                lines += self.entry(nearest, "    → ", "      ", 2)
            yield lines

    def name(self, finding: Finding) -> str:
        """Return a short name of an obstacle or a license: its subject, and its reasons or instruments."""
        offers = finding.offers if isinstance(finding, Need) and not finding.reasons else ()
        titles = [reason.title for reason in finding.reasons] or [offer.instrument.title for offer in offers]
        name = f" {phrase('or', self.lang)} ".join(dict.fromkeys(map(self.say, titles)))
        if finding.reasons:
            name = " · ".join(map(self.say, titles))
        return f"{finding.subject}{joint('colon', self.lang)}{name}" if finding.subject.service else name

    def nearest(self, finding: Finding) -> str:
        """Return the nearest closed route with its failing conditions; empty without routes."""
        route = finding.nearest_route
        if route is None:
            return ""
        fails = [self.say(one.message) for one in route.failing]
        if route.max_foreign_percent is not None and route.share_too_high:
            fails.insert(0, word(SCREEN_WORDS, "share", self.lang, percent=number(route.max_foreign_percent)))
        told = joint("semicolon", self.lang).join(fail.rstrip(".。") for fail in fails)
        return word(SCREEN_WORDS, "nearest", self.lang, route=self.say(route.title), fails=told)

    def missing(self) -> Iterator[list[str]]:
        for ask in self.record.missing:
            yield self.entry(
                f"{self.style(ask.path, 'bold')}{joint('colon', self.lang)}{self.say(ask.question)}",
                "  ? ",
                "    ",
                2,
            )

    def licenses(self) -> Iterator[list[str]]:
        bodies = joint("bodies", self.lang)
        for finding in self.record.licenses:
            service = finding.subject.service
            start = f"{clean(service)}{joint('colon', self.lang)}" if service else ""
            lines: list[str] = []
            for offer in finding.offers:
                source = bodies.join(_abbreviate(self.say(body.title)) for body in offer.authority)
                text = f"{start}{self.style(self.say(offer.instrument.title), 'bold')}{joint('comma', self.lang)}"
                text += phrase("from", self.lang, authority=source)
                if offer.route is not None:
                    title = self.say(finding.route(offer.route).title)
                    way = phrase("route", self.lang, route=title)
                    text += aside(f"{offer.class_}{joint('comma', self.lang)}{way}", self.lang)
                text += digest.waived_mark(finding, self.lang)
                lead = f"  {phrase('or', self.lang)} " if lines else "  → "
                lines += self.decision(text, lead, () if lines else self.laws(finding))
            yield lines

    def contested(self) -> Iterator[list[str]]:
        if hint := digest.say_hint(self.record, self.lang):
            yield self.entry(self.style(hint, "yellow"), "  ≠ ", "    ", 2)
        for reading in self.record.contested:
            subject = f"{reading.subject}{joint('colon', self.lang)}"
            yield self.entry(
                clean(f"{subject}{digest.say_other(reading, self.lang)}", one_line=True), "  ≠ ", "    ", 2
            )

    def duties_heading(self) -> str:
        """Return how much is to do before the launch, and until when; empty if there is nothing."""
        filings, own = digest.split_duties(self.record)
        counted = [("filings", len(filings)), ("own", len(own))]
        todo = join_two((count(COUNTS, key, n, self.lang) for key, n in counted if n), self.lang)
        if not todo:
            return ""
        if not self.record.launch:
            return word(SCREEN_WORDS, "before_launch", self.lang, todo=todo)
        return word(SCREEN_WORDS, "before_day", self.lang, day=self.record.launch, todo=todo)

    def duties(self) -> Iterator[list[str]]:
        filings, own = digest.split_duties(self.record)
        titles = [self.say(duty.instrument.title) for duty in (*filings, *own)]
        if (due := self.record.next_deadline) is not None:
            key = "then" if titles and self.record.launch else "deadline"
            title = self.say(due.instrument.title)
            yield self.entry(word(SCREEN_WORDS, key, self.lang, day=due.deadline.date, title=title), "  ☐ ", "    ", 2)
        if titles:
            yield self.entry(joint("semicolon", self.lang).join(titles), "  ☐ ")

    def ahead(self) -> Iterator[list[str]]:
        for _, text in digest.changes_ahead(self.record, self.lang):
            yield self.entry(text, f"  {self.style('!', 'yellow')} ", "    ", 2)

    def tail(self) -> Iterator[str]:
        for opinion in self.record.opinions:
            yield from self.entry(digest.say_opinion(opinion, self.lang), " § ", "   ", 1)
        space = gap(self.lang)
        further = joint("comma", self.lang).join(_further(self.record, self.lang))
        told = [word(SCREEN_WORDS, "further", self.lang, text=further)] if further else []
        yield from wrap(space.join([*told, word(SCREEN_WORDS, "details", self.lang)]), self.room, " ")
        text = clean(space.join(digest.say_limits(self.record, self.lang)), one_line=True)
        yield from (self.style(line, "dim") for line in wrap(text, self.room, " "))


def _cut(lines: list[str], most: int, room: int) -> list[str]:
    """Return at most `most` lines; the last one says that there were more."""
    return lines if len(lines) <= most else [*lines[: most - 1], shorten(lines[most - 1] + "…", room)]


def _abbreviate(title: str) -> str:
    """Return the short name of an authority, which some titles have in brackets at their end."""
    found = re.search(r"\(([A-Z]{3,})\)$", title)
    return found[1] if found else title


def _further(record: Record, lang: Language) -> Iterator[str]:
    """Yield the number of things that the screen leaves out."""
    later = sum(duty.state != "done" and duty.deadline.group != "before-launch" for duty in record.duties)
    undetermined = digest.open_facts(record.undetermined) if record.decision != "incomplete" else ()
    held = len(record.held)
    advice = len(digest.by_kind(record.advice))
    for key, n in (("met", held), ("later", later), ("advice", advice), ("open", len(undetermined))):
        if n:
            yield count(SCREEN_COUNTS, key, n, lang)

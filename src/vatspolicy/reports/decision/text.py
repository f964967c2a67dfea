"""The report for a terminal: one screen, a table or lines of several specs, or everything; the worst first."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from vatspolicy.core.engine.result import DutyRecord, FactQuestion, FindingRecord, LicenseOffer, NeedRecord, Record
from vatspolicy.gate.judgement import Remark
from vatspolicy.i18n import Language, LocalizedText, Phrase
from vatspolicy.i18n.text import clean, shorten, width, wrap
from vatspolicy.i18n.words import VERDICTS, Counts, Table, aside, count, gap, join_two, joint, number, word
from vatspolicy.output import HEADING, Style
from vatspolicy.reports.decision import digest, pieces
from vatspolicy.reports.decision.pieces import Entries, Run, Texts, View
from vatspolicy.reports.decision.summary import (
    COUNTS,
    Summary,
    gravest_first,
    gravity,
    say_gate,
    say_limits,
    say_totals,
)
from vatspolicy.reports.formats import BY_EXPLAIN, BY_KIND, KINDS, POLICY, VERSIONS, WHY
from vatspolicy.reports.words import COLORS, phrase, say_deciding

if TYPE_CHECKING:
    from vatspolicy.gate.gate import GateResult
    from vatspolicy.gate.spec_change import SpecChanges


LEAVES_OUT = {
    "--details says it.": "services Denial.layer Need.layer Duty.layer Advice.layer Advice.citations"
    " Advice.kind Advice.message Advice.rule Advice.subject Duty.rule Duty.subject Duty.message Duty.citations"
    f" Need.rule {WHY} Explanation.location",
    BY_EXPLAIN: f"product {VERSIONS} {POLICY}",
    BY_KIND: f"{KINDS} Denial.reasons Need.message",
}


class Report(pieces.Report):
    """Blocks of lines."""

    def __init__(self, view: View) -> None:
        super().__init__(view)
        self._style = Style(view.color)

    def take(self, record: Record, seconds: float = 0.0) -> Texts:
        """Return everything about a decision for a detailed report; others use the outline."""
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
        if extent == "screen" and not several and run.only:
            yield from _join(render_screen(run.only, lang, style, room, () if remarks else closing))
            closing = closing if remarks else []
        else:
            yield from self._decisions(entries, invalid)
        for changes in (gate.changes, gate.by_law) if gate and extent != "quiet" else ():
            yield from _join(_change_lines(changes, lang, style, room))
        if remarks and extent != "quiet":
            yield from _join(_remark_lines(remarks, lang, style, room))
        if several and extent != "quiet":
            yield from _join(wrap(say_totals(entries.summaries, len(invalid), lang), room))
        if (several or extent == "summary") and extent not in ("quiet", "details") and len(entries):
            yield from _join([style(line, "dim") for line in wrap(say_limits(entries.summaries, lang), room, "")])
        yield from _join(closing)

    def _decisions(self, entries: Entries, invalid: Mapping[str, int]) -> Iterator[str]:
        """Yield the decisions: each in full, or all in a table or in lines; none in a quiet report."""
        lang, room, extent = self.view.lang, self.view.room, self.view.extent
        if extent == "details":
            order = entries.sort(lambda summary: gravity(summary.decision, summary.contested))
            yield from (text for (text,) in entries.texts(order))
        elif extent != "quiet":
            lines = table_lines if extent == "screen" else summary_lines
            shown = [summary for summary in entries.summaries if summary.fails or extent != "failures"]
            yield from _join(lines(shown, invalid, lang, self._style, room))


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
    """Return the section on the effects of edited specs; empty if there is no base."""
    if changes is None:
        return []
    from vatspolicy.reports.spec_change import say_changes, say_heading, say_rest

    lines = [style(say_heading(changes, lang), *HEADING)]
    for change in say_changes(changes, lang):
        lines += wrap(f"{clean(change.file, one_line=True)}{joint('colon', lang)}{change.head}", room, "    ", "  ")
        for line in change.lines:
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
    for summary in gravest_first(summaries):
        file, name = clean(summary.file, one_line=True), clean(summary.title, one_line=True)
        verdict, color = word(VERDICTS, summary.decision, lang), COLORS[summary.decision]
        yield TableRow(verdict, color, file, name, summary.licenses, summary.filings + summary.own, summary.reason)


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
        cells = "  ".join(_pad(figure, size, right=True) for figure, size in zip(figures, counts, strict=True))
        name = _pad(shorten(row.title or row.file, middle), middle)
        lines.append(f" {style(_pad(row.verdict, first), 'bold', row.color)}  {name}  {cells}".rstrip())
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


# --- one decision: all that decides, and as many duties as a terminal has room for


HEIGHT = 22
"""Maximum lines of a decision and its last line, if the decisive parts fit. A terminal of 24 lines also shows the
command and the next prompt.
"""
_MOST = 3
"""Lines of the titles of duties before the launch."""
SCREEN_WORDS: Table = {
    "because": Phrase("What blocks"),
    "nearest": Phrase("nearest way: {route}; not met: {fails}"),
    "before_launch": Phrase("Before launch: {todo}"),
    "before_day": Phrase("Before launch on {day}: {todo}"),
    "before_event": Phrase("Before an event"),
    "could_add": Phrase("Facts that could add a license"),
    "deadline": Phrase("next deadline {day}: {title}"),
    "more": Phrase("… and {count} more"),
    "further": Phrase("Also: {text}."),
    "details": Phrase("--details shows all."),
    "share": Phrase("foreign share of at most {percent} %"),
}
SCREEN_COUNTS: Counts = {
    "later": (Phrase("{n} duty after launch"), Phrase("{n} duties after launch")),
    "advice": (Phrase("{n} note for review"), Phrase("{n} notes for review")),
    "open": (
        Phrase("{n} fact that further findings depend on is not stated"),
        Phrase("{n} facts that further findings depend on are not stated"),
    ),
    "met": (Phrase("{n} permit held"), Phrase("{n} permits held")),
}


class Section(NamedTuple):
    """A part of the screen."""

    heading: str
    entries: list[list[str]]
    """Lines of each entry."""
    bare: bool = False
    """True for a heading shown even without entries."""


def render_screen(record: Record, lang: Language, style: Style, room: int, closing: Sequence[str]) -> list[str]:
    """Return one decision with its closing lines: all decisive parts, and the duties that fit in HEIGHT lines.

    Every obstacle, license, other reading and fact to add stands there whole; those of one cause share an entry.
    """
    screen = _Screen(record, lang, style, room)
    head, tail = list(screen.head()), list(screen.tail())
    deciding = [section for section in screen.deciding() if section.entries]
    used = len(head) + len(tail) + len(closing) + sum(_height(section) for section in deciding)
    sections = [*deciding, *(section for section in screen.duties(HEIGHT - used) if section.entries or section.bare)]
    spare = HEIGHT - used - sum(_height(section) for section in sections[len(deciding) :])
    spaced = len(sections) <= spare - (2 if closing else 1)
    body: list[str] = []
    for section in sections:
        body += [*([""] if spaced else []), style(section.heading, *HEADING)]
        body += [line for entry in section.entries for line in entry]
    spare -= len(sections) if spaced else 0
    before_closing, before_tail = [""] if closing and spare > 0 else [], [""] if spare > 1 else []
    return [*head, *body, *before_tail, *tail, *before_closing, *closing]


def _height(section: Section) -> int:
    return 1 + sum(map(len, section.entries))


class _Screen:
    def __init__(self, record: Record, lang: Language, style: Style, room: int) -> None:
        self.record, self.lang, self.style, self.room = record, lang, style, room

    def say(self, text: LocalizedText | str) -> str:
        return clean(text if isinstance(text, str) else str(text[self.lang]), one_line=True)

    def entry(self, text: str, first: str, indent: str = "    ") -> list[str]:
        return wrap(text, self.room, indent, first)

    def law(self, finding: FindingRecord) -> str:
        """Return the first law of a finding in brackets, and the number of the others."""
        laws = digest.merge_citations(finding.citations, self.lang, graded=False)
        more = f" {word(SCREEN_WORDS, 'more', self.lang, count=len(laws) - 1)}" if len(laws) > 1 else ""
        return self.style(f" [{clean(laws[0])}{more}]", "dim") if laws else ""

    def head(self) -> Iterator[str]:
        decision = self.record.decision
        verdict = self.style(f" {digest.say_verdict(self.record, self.lang)} ", "bold", COLORS[decision])
        about = phrase("as_of", self.lang, day=self.record.as_of)
        about += f" · {say_deciding(self.record.bundle, self.lang)}"
        title, about = self.say(self.record.title), self.style(about, "dim")
        if width(f"{verdict} {title} · {about}") <= self.room:
            yield f"{verdict} {title} · {about}"
        else:
            yield from _cut(self.entry(title, f"{verdict} ", " "), 2, self.room)
            yield from self.entry(about, " ", " ")
        yield from self.entry(digest.say_meaning(self.record, self.lang), " ", " ")
        if waived := digest.some_waived(self.record, self.lang):
            yield from (self.style(line, "yellow") for line in self.entry(waived, " ", " "))

    def deciding(self) -> Iterator[Section]:
        """Yield the sections that are never cut, starting with obstacles that cannot be fixed."""
        yield Section(word(digest.WAIVER_WORDS, "waived", self.lang), list(self.waived()))
        yield Section(word(SCREEN_WORDS, "because", self.lang), list(self.denials()))
        yield Section(phrase("missing", self.lang), list(self.asked(self.record.missing)))
        licenses = "get" if self.record.needs else "would_get"
        yield Section(phrase(licenses, self.lang), list(self.licenses()))
        further = digest.license_facts(self.record)
        yield Section(word(SCREEN_WORDS, "could_add", self.lang), list(self.asked(further)))
        yield Section(phrase("contested", self.lang), list(self.contested()))
        yield Section(phrase("ahead", self.lang), list(self.ahead()))
        if self.record.decision != "deny":
            yield Section(word(SCREEN_WORDS, "before_event", self.lang), list(self.events()))

    def waived(self) -> Iterator[list[str]]:
        for finding in self.record.waived:
            assert finding.waived is not None
            text = f"{digest.say_finding(finding, self.lang)} · {digest.say_waived(finding.waived, self.lang)}"
            yield self.entry(text, "  ~ ")

    def denials(self) -> Iterator[list[str]]:
        causes: dict[tuple[str, str], list[str]] = {}
        for finding in self.record.denials:
            message = self.say(" · ".join(digest.say_reasons(finding, self.lang)) or finding.message)
            message += aside(phrase("curable", self.lang), self.lang) if finding.is_curable else ""
            text = f"{message}{digest.waived_mark(finding, self.lang)}{self.law(finding)}"
            subject = clean(str(finding.subject))
            causes.setdefault((text, self.nearest(finding)), []).extend([subject] if subject else [])
        for (text, nearest), subjects in causes.items():
            about = joint("list", self.lang).join(dict.fromkeys(subjects))
            start = f"{about}{joint('colon', self.lang)}" if about else ""
            lines = self.entry(f"{start}{text}", f"  {self.style('✘', 'red')} ")
            yield [*lines, *(self.entry(nearest, "    → ", "      ") if nearest else [])]

    def nearest(self, finding: FindingRecord) -> str:
        """Return the nearest closed route with its failing conditions; empty if there are no routes."""
        route = finding.nearest_route
        if route is None:
            return ""
        fails = [self.say(condition.message) for condition in route.failing]
        if route.max_foreign_percent is not None and route.share_too_high:
            fails.insert(0, word(SCREEN_WORDS, "share", self.lang, percent=number(route.max_foreign_percent)))
        reasons = joint("semicolon", self.lang).join(fail.rstrip(".。") for fail in fails)
        return word(SCREEN_WORDS, "nearest", self.lang, route=self.say(route.title), fails=reasons)

    def asked(self, questions: Iterable[FactQuestion]) -> Iterator[list[str]]:
        for ask in questions:
            text = f"{self.style(ask.path, 'bold')}{joint('colon', self.lang)}{self.say(ask.question)}"
            yield self.entry(text, "  ? ")

    def licenses(self) -> Iterator[list[str]]:
        """Yield the licenses to get. Licenses that differ only in class and route share an entry."""
        same: dict[tuple[tuple[str, ...], str, str], list[NeedRecord]] = {}
        for need in self.record.licenses:
            named = tuple(self.license(need, offer) for offer in need.offers)
            same.setdefault((named, self.law(need), digest.waived_mark(need, self.lang)), []).append(need)
        for (named, law, mark), needs in same.items():
            lines: list[str] = []
            for index, text in enumerate(named):
                ways = [way for need in needs if (way := self.way(need, need.offers[index]))]
                about = aside(joint("semicolon", self.lang).join(ways), self.lang) if ways else ""
                lead = f"  {phrase('or', self.lang)} " if lines else "  → "
                lines += self.entry(f"{text}{about}{mark}{'' if lines else law}", lead)
            yield lines

    def license(self, need: NeedRecord, offer: LicenseOffer) -> str:
        """Return a license with its service, its authority and its holder."""
        service, comma = need.subject.service, joint("comma", self.lang)
        start = f"{clean(service)}{joint('colon', self.lang)}" if service else ""
        source = joint("bodies", self.lang).join(_abbreviate(self.say(body.title)) for body in offer.authority)
        details = [phrase("from", self.lang, authority=source), digest.say_holder(need, self.lang)]
        return comma.join([f"{start}{self.style(self.say(offer.instrument.title), 'bold')}", *details])

    def way(self, need: NeedRecord, offer: LicenseOffer) -> str:
        """Return class and route of a license; empty for a license required by name."""
        if offer.route is None:
            return ""
        route = phrase("route", self.lang, route=self.say(need.route(offer.route).title))
        return f"{offer.class_}{joint('comma', self.lang)}{route}"

    def contested(self) -> Iterator[list[str]]:
        """Yield a short summary of other readings, then each reading with all its subjects."""
        if hint := digest.say_hint(self.record, self.lang):
            yield self.entry(self.style(hint, "yellow"), "  ≠ ")
        alike: dict[str, list[str]] = {}
        for reading in self.record.contested:
            alike.setdefault(digest.say_other(reading, self.lang, folded=True), []).append(reading.subject)
        for text, subjects in alike.items():
            about = joint("list", self.lang).join(dict.fromkeys(subjects))
            yield self.entry(clean(f"{about}{joint('colon', self.lang)}{text}", one_line=True), "  ≠ ")

    def duties_heading(self) -> str:
        """Return the number of tasks before the launch, and their deadline; empty if there are no tasks."""
        filings, own = digest.split_duties(self.record)
        counted = [("filings", len(filings)), ("own", len(own))]
        todo = join_two((count(COUNTS, key, n, self.lang) for key, n in counted if n), self.lang)
        if not todo:
            return ""
        if not self.record.launch:
            return word(SCREEN_WORDS, "before_launch", self.lang, todo=todo)
        return word(SCREEN_WORDS, "before_day", self.lang, day=self.record.launch, todo=todo)

    def duties(self, lines: int) -> Iterator[Section]:
        """Yield the duties before the launch by party, in the given number of lines, but at least one line for each."""
        heading, more = self.duties_heading(), digest.say_open_duties(self.record, self.lang)
        if not heading and not more:
            return
        filings, own = digest.split_duties(self.record)
        sentences = [] if self.record.decision == "deny" else [*self.by_bearer((*filings, *own))]
        entries = [self.entry(more, "  ? ")] if more else []
        most = max(1, min(_MOST, (lines - 1 - sum(map(len, entries))) // max(1, len(sentences))))
        entries[:0] = [_cut(self.entry(text, "  ☐ "), most, self.room) for text in sentences]
        yield Section(heading or phrase("duties", self.lang), entries, True)

    def by_bearer(self, duties: Iterable[DutyRecord]) -> Iterator[str]:
        """Yield the parties, and the titles of their duties."""
        titles: dict[str, list[str]] = {}
        for duty in duties:
            titles.setdefault(digest.say_bearer(duty, self.lang), []).append(self.say(duty.instrument.title))
        for who, titles_of in titles.items():
            yield f"{who}{joint('colon', self.lang)}{joint('semicolon', self.lang).join(dict.fromkeys(titles_of))}"

    def events(self) -> Iterator[list[str]]:
        """Yield each duty before an event other than the launch, such as an export of data."""
        waiting = (duty for duty in self.record.duties if duty.is_due_before_event)
        for duty in digest.merge_duties(waiting):
            when = f"{self.say(duty.deadline.text)}{joint('comma', self.lang)}{digest.say_bearer(duty, self.lang)}"
            yield self.entry(f"{self.say(duty.instrument.title)}{joint('colon', self.lang)}{when}", "  ☐ ")

    def ahead(self) -> Iterator[list[str]]:
        for _, text in digest.changes_ahead(self.record, self.lang):
            yield self.entry(text, f"  {self.style('!', 'yellow')} ")

    def tail(self) -> Iterator[str]:
        for opinion in self.record.opinions:
            yield from self.entry(digest.say_opinion(opinion, self.lang), " § ", "   ")
        space = gap(self.lang)
        further = joint("comma", self.lang).join(_further(self.record, self.lang))
        hints = [word(SCREEN_WORDS, "further", self.lang, text=further)] if further else []
        yield from wrap(space.join([*hints, word(SCREEN_WORDS, "details", self.lang)]), self.room, " ")
        text = clean(space.join(digest.say_limits(self.record, self.lang)), one_line=True)
        yield from (self.style(line, "dim") for line in wrap(text, self.room, " "))


def _cut(lines: list[str], most: int, room: int) -> list[str]:
    """Return at most `most` lines; the last line shows the number of omitted lines."""
    return lines if len(lines) <= most else [*lines[: most - 1], shorten(lines[most - 1] + "…", room)]


def _abbreviate(title: str) -> str:
    """Return the short name of an authority, which some titles have in brackets at their end."""
    match = re.search(r"\(([A-Z]{3,})\)$", title)
    return match[1] if match else title


def _further(record: Record, lang: Language) -> Iterator[str]:
    """Yield the number of omitted items; for duties after the launch, also the next deadline."""
    later = sum(
        duty.state != "done" and duty.deadline.group not in ("before-launch", "before-event") for duty in record.duties
    )
    shown = {ask.path for ask in (*record.missing, *digest.license_facts(record))}
    if digest.say_open_duties(record, lang):  # which names the facts that duties wait for
        shown |= digest.open_facts(finding for finding in record.undetermined if finding.effect == "duty").keys()
    left = digest.open_facts(record.undetermined).keys() - shown
    counts = {"met": len(record.held), "later": later, "advice": len(digest.by_kind(record.advice)), "open": len(left)}
    for key, n in counts.items():
        if n:
            due = record.next_deadline if key == "later" else None
            yield count(SCREEN_COUNTS, key, n, lang) + (aside(_deadline(due, lang), lang) if due else "")


def _deadline(due: DutyRecord, lang: Language) -> str:
    title = f"{clean(due.instrument.title[lang], one_line=True)}{joint('comma', lang)}{digest.say_bearer(due, lang)}"
    return word(SCREEN_WORDS, "deadline", lang, day=due.deadline.date, title=title)

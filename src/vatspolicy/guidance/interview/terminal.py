"""Interview on a terminal: every answer is saved before the next question."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from vatspolicy.core.documents import Path
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.profile.vocabulary import words_of
from vatspolicy.guidance.interview.messages import say
from vatspolicy.guidance.interview.questions import LAUNCH, NAME_PATH, Question, combine, introduction, reasons
from vatspolicy.guidance.interview.replies import SEPARATOR, read_reply, show_value
from vatspolicy.guidance.interview.result import Article, Choice
from vatspolicy.guidance.interview.session import Interview, Refused
from vatspolicy.i18n import Language
from vatspolicy.i18n.text import clean, width, wrap
from vatspolicy.i18n.words import FRAMES, VERDICTS, aside, joint, word
from vatspolicy.output import Style

RULES_SHOWN = 2
"""Maximum number of rules in an explanation, so that it fits on a screen; the rest is counted."""
_SCREEN = 18
"""Maximum number of lines between a question and its prompt; a longer question is repeated before the prompt."""
_LAWS_SHOWN = 2
_EXAMPLES_SHOWN = 4
_INTERRUPTING = ("?", "？", "??", "？？", "h", "help")
_LINES = 16
"""Maximum number of lines of listed choices; of more, an outline is shown."""
_SMALL = 4
"""Maximum number of choices of one of several questions that an outline shows in full."""
_HOW = {"boolean": "choice", "entries": "choices"}


@dataclass(frozen=True)
class Terminal:
    """Input and output of the interview."""

    read: Callable[[Question], str | None]
    """Function that prompts for the answer to a question and returns its line, or None at the end of input."""
    write: Callable[[str], None]
    save: Callable[[Interview], None]
    """Function called after every change, before the next question. Raises Refused for a name that is taken."""
    lang: Language
    color: bool
    room: int
    """Columns."""
    menu: bool = False
    """True if `read` shows the choices itself."""
    kept: dict[Path, tuple[str, str]] = field(default_factory=dict)
    """By question, the words around an ambiguous word, which the next answer replaces."""

    def run(self, state: Interview) -> tuple[Interview, bool]:
        """Ask until no question is left. Return the last state, and True if the user quit early."""
        shown, emptied = None, None
        while state.question is not None:
            question = combine(state.question)
            if shown is not state:
                self.lines(self.question(state, question))
                shown = state
            line = self.read(question)
            if line is None or line.strip().casefold() in ("q", "quit"):
                self.write("\n" if line is None else "")
                return state, True
            if not line.strip() and emptied is not state:
                emptied = state
                self.lines(self.note(say("empty", self.lang), "yellow"))
                continue
            state = self.step(state, question, line.strip())
            if line.strip().casefold() in _INTERRUPTING:  # the question has scrolled away
                shown = None
        return state, False

    def step(self, state: Interview, question: Question, line: str) -> Interview:
        """Return the state after one line."""
        match line.casefold():
            case "?" | "？":
                self.lines(self.why(state, question, RULES_SHOWN))
            case "??" | "？？":
                self.lines(self.why(state, question, len(question.rules)))
            case "h" | "help":
                self.lines([*wrap(say("help_text", self.lang), self.room), *self.how(question), *self.help()])
            case "l" | "list" if question.listed and question.choices:
                self.lines(self.choices(question))
            case "b" | "back":
                if state.previous is None:
                    self.lines(wrap(say("nothing_before", self.lang), self.room))
                    return state
                state = state.previous
                self.save(state)
            case "" | "d":
                state = state.skip()
                self.lines(self.note(say("skipped", self.lang)))
                self.save(state)
            case _:
                return self.answer(state, question, line)
        return state

    def answer(self, state: Interview, question: Question, line: str) -> Interview:
        """Return the state after an answer, saved, or the same state if the answer is not accepted."""
        try:
            value = self.reply(question, line)
            together = question.kind == "together" and isinstance(value, dict)
            following = state.answer_parts(value) if together else state.answer(value)
            self.save(following)
        except Refused as error:
            self.lines(self.note(error.text[self.lang], "yellow"))
            self.lines(self.found(question, error.choices))
            if error.around is not None:
                self.kept[question.path] = error.around
                around = (one.strip(" ,，、;；/／") for one in error.around)
                words = joint("list", self.lang).join(filter(None, around))
                self.lines(self.note(say("kept", self.lang, words=words)))
            elif not error.choices and question.listed and not self.menu:
                self.lines(self.offer(question))
            return state
        key = "named" if question.path == NAME_PATH else "taken"
        answer = show_value(question, value, self.lang)
        self.lines(self.note(say(key, self.lang, answer=answer, id=following.profile.name)))
        return following

    def reply(self, question: Question, line: str) -> Tree:
        """Return the value of a line, within the words kept for it. A list that does not fit there stands alone.

        Raises Refused.
        """
        before, behind = self.kept.pop(question.path, ("", ""))
        try:
            return read_reply(question, f"{before}{line}{behind}")
        except Refused:
            if not before + behind or not SEPARATOR.search(line):
                raise
            return read_reply(question, line)

    # --- what is shown

    def lines(self, lines: Iterable[str]) -> None:
        """Write lines."""
        for line in lines:
            self.write(line + "\n")

    def note(self, text: str, style: str = "dim") -> Iterator[str]:
        """Yield the lines of a note about an answer."""
        paint = Style(self.color)
        for line in wrap(clean(text), self.room, "  "):
            yield paint(line, style)

    def question(self, state: Interview, question: Question) -> Iterator[str]:
        """Yield a question with progress, law, choices and how to answer."""
        paint = Style(self.color)
        yield ""
        before = state.previous.question if state.previous is not None else None
        if question.phase == "duties" and (before is None or before.phase != "duties"):
            word = VERDICTS[state.possible_outcomes.range[0]][self.lang]
            yield from wrap(say("duties_phase", self.lang, word=word), self.room)
        yield from (paint(line, "dim") for line in wrap(self.status(state), self.room))
        about = question.about[self.lang]
        asked = f"{about}{joint('colon', self.lang)}{question.text[self.lang]}"
        yield from (paint(line, "bold") for line in wrap(clean(asked), self.room))
        yield from (paint(line, "dim") for line in self.legal_basis(state, question))
        shown = question.listed and not self.menu
        body = [line for part in question.parts for line in self.part(part, whole=not shown or not part.choices)]
        yield from (body := [*body, *(self.offer(question) if shown else ())])
        if len(body) > _SCREEN:  # the question has scrolled away
            yield from (paint(line, "bold") for line in wrap(clean(asked), self.room))
        yield from (paint(line, "dim") for line in (*self.how(question), *self.help()))

    def part(self, part: Question, whole: bool) -> Iterator[str]:
        """Yield one of several questions with its unit if `whole`, and the default answer."""
        if whole and part.kind != "text":
            unit = "" if part.unit is None else aside(part.unit[self.lang], self.lang)
            yield from wrap(clean(f"{part.text[self.lang]}{unit}"), self.room, "  ", "  ")
        if part.implied is not None:
            answer = show_value(part, part.implied, self.lang)
            yield from wrap(clean(say("implied", self.lang, answer=answer)), self.room, "  ", "  ")

    def offer(self, question: Question) -> Iterator[str]:
        """Yield the choices of a question, or an outline if they do not fit on the screen."""
        if not self.is_long(question):
            yield from self.choices(question)
            return
        full = list(self.outline(question, len(question.choices)))
        yield from full if len(full) < _LINES - 1 else self.outline(question, _SMALL)

    def is_long(self, question: Question) -> bool:
        """Return whether the choices of a question have groups and do not fit on the screen."""
        return question.listed and bool(question.groups) and len(list(self.choices(question))) > _LINES

    def outline(self, question: Question, most: int) -> Iterator[str]:
        """Yield the groups of choices with the usual choices of each, and of questions without groups the first.

        A question of at most `most` choices is shown in full.
        """
        whole = {part.text["en"]: 2 if len(part.choices) > most else most for part in question.parts}
        semicolon, closed = joint("semicolon", self.lang), list[str]()
        for name, first, last in question.groups:
            members = list(enumerate(question.choices[first - 1 : last], first))
            shown = [pair for pair in members if pair[1].usual] or members[: whole.get(name["en"], 0)]
            texts = [f"{at} {one.label[self.lang]}" for at, one in shown]
            if texts and len(texts) < len(members):
                texts.append(say("others", self.lang, count=len(members) - len(texts)))
            title = name[self.lang] + aside(f"{first}–{last}" if first != last else str(first), self.lang)
            if not texts and question.parts:  # such groups share lines
                closed.append(title)
                continue
            yield from wrap(clean(semicolon.join(closed)), self.room, "    ", "  ") if closed else ()
            closed.clear()
            line = joint("colon", self.lang).join(filter(None, (title, semicolon.join(texts))))
            yield from wrap(clean(line), self.room, "    ", "  ")
        yield from wrap(clean(semicolon.join(closed)), self.room, "    ", "  ") if closed else ()

    def status(self, state: Interview) -> str:
        """Return the number of the question, the estimate of questions left, and the possible outcomes."""
        progress = state.progress
        low, high = (VERDICTS[word][self.lang] for word in state.possible_outcomes.range)
        key = "last" if progress.left == 1 else "progress"
        number = say(key, self.lang, number=progress.number, left=progress.left - 1)
        far = say("settled", self.lang, word=low) if low == high else say("range", self.lang, low=low, high=high)
        return word(FRAMES, "status", self.lang, number=number, text=far)

    def legal_basis(self, state: Interview, question: Question) -> Iterator[str]:
        """Yield the articles behind a question, or only the number of rules if they come from several laws."""
        found = reasons(state.bundle, question.rules, state.day)
        cited = dict.fromkeys(self.cited(reason.citations[0]) for reason in found)
        if len(cited) > _LAWS_SHOWN:
            yield from wrap(say("rules_behind", self.lang, count=len(found)), self.room, "  ", "  ")
        elif cited:
            laws = joint("semicolon", self.lang).join(cited)
            yield from wrap(clean(f"{say('law', self.lang)}{joint('colon', self.lang)}{laws}"), self.room, "  ", "  ")

    def cited(self, article: Article) -> str:
        """Return a regulation and the number of an article."""
        title, label = article.title[self.lang], article.label[self.lang]
        return word(FRAMES, "article", self.lang, law=title.strip("《》"), label=label)

    def found(self, question: Question, choices: Sequence[Choice]) -> Iterator[str]:
        """Yield the choices that a search found, with their numbers if the choices are numbered."""
        for choice in choices:
            sign = f"{question.choices.index(choice) + 1:>3}" if question.numbered else "  -"
            yield from _item(f"{sign}  {clean(choice.label[self.lang])}", self.room)

    def choices(self, question: Question) -> Iterator[str]:
        """Yield the numbered choices: below their groups, or in columns if they are many and there is room."""
        for name, first, last in question.groups:
            yield from wrap(clean(name[self.lang]), self.room, "  ", "  ")
            yield from self.found(question, question.choices[first - 1 : last])
        if question.groups:
            return
        items = [f"{index:>3}  {clean(c.label[self.lang])}" for index, c in enumerate(question.choices, 1)]
        widest = max(map(width, items), default=0)
        columns = max(1, min(2, (self.room + 2) // (widest + 2))) if len(items) > 12 else 1
        height = -(-len(items) // columns)
        for row in range(height):
            cells = items[row::height]
            if columns == 1:
                yield from _item(cells[0], self.room)
            else:
                yield "  ".join(cell + " " * (widest - width(cell)) for cell in cells).rstrip()

    def how(self, question: Question) -> Iterator[str]:
        """Yield the instructions for an answer."""
        if self.menu and question.choices:
            yield from wrap(say("menu", self.lang), self.room)
        text = say(f"how_{self.kind(question)}", self.lang)
        if question.unit is not None and question.kind != "date":
            text += aside(say("unit", self.lang, unit=question.unit[self.lang]), self.lang)
        yield from wrap(text, self.room)
        if question.kind != "services" and not self.menu and self.is_long(question):
            yield from wrap(say("how_outline", self.lang), self.room)

    def kind(self, question: Question) -> str:
        """Return the kind of the instructions for an answer."""
        if question.kind == "together":
            return "name_day" if question.path == NAME_PATH else "together"
        if question.path in (NAME_PATH, LAUNCH):
            return "name" if question.path == NAME_PATH else "launch"
        kind = _HOW.get(question.kind, question.kind)
        return "some" if kind == "choices" and question.least else kind

    def help(self) -> Iterator[str]:
        """Yield the other commands."""
        yield from wrap(say("help", self.lang), self.room)

    def why(self, state: Interview, question: Question, most: int) -> Iterator[str]:
        """Yield up to `most` rules that read the answer, with message, effect and articles."""
        for part in question.parts or (question,):
            members = words_of((*part.path, 0), state.bundle.schemas) if part.several else ()
            told = [] if part.example is None else [part.example[self.lang]]
            told += [
                joint("colon", self.lang).join((w.name[self.lang], w.example[self.lang]))
                for w in members
                if w.name and w.example
            ]
            if told:
                examples = joint("semicolon", self.lang).join(told[:_EXAMPLES_SHOWN])
                yield from wrap(clean(say("examples", self.lang, examples=examples)), self.room, "  ", "  ")
        intro = introduction(question)
        if intro:
            yield from wrap(intro[self.lang], self.room)
        elif question.rules:
            yield from wrap(say("why", self.lang), self.room)
        for reason in reasons(state.bundle, question.rules[:most], state.day):
            arrow = f"{reason.message[self.lang]} → {reason.effect[self.lang]}"
            yield from wrap(clean(arrow), self.room, "    ", "  - ")
            for cited in reason.citations:
                words = cited.words(self.lang)
                quoted = f"{joint('colon', self.lang)}{words}" if words else ""
                yield from wrap(clean(f"{self.cited(cited)}{quoted}"), self.room, "      ", "    § ")
            yield from wrap(aside(reason.rule, self.lang).lstrip(), self.room, "    ", "    ")
        if rest := question.rules[most:]:
            yield from wrap(say("more_rules", self.lang, count=len(rest)), self.room, "  ", "  ")
            yield from wrap(say("all_rules", self.lang), self.room, "  ", "  ")


def _item(text: str, room: int) -> list[str]:
    """Return a numbered choice, wrapped."""
    number, label = text[:5], text[5:]
    return wrap(label, room, " " * 5, number)


def closing(state: Interview, early: bool, file: str, lang: Language) -> Iterator[str]:
    """Yield the closing lines of the interview, before the report."""
    if state.decided:
        verdict = VERDICTS[state.possible_outcomes.range[0]][lang]
        yield say("is_settled" if state.settled else "decided_so_far", lang, word=verdict)
    if state.settled and state.further and not state.complete:
        key = "further_denied" if state.possible_outcomes.range[0] == "deny" else "further"
        yield say(key, lang, count=state.further)
    elif early or (state.decided and not state.settled):
        yield say("left_early", lang, file=file)
    elif not state.settled and (state.skipped or not state.opinions):
        yield say("unanswered", lang, count=len(state.skipped), file=file)
    if state.opinions:
        yield say("opinions", lang, names=joint("comma", lang).join(state.opinions))

"""The interview: a profile that grows by one answer at a time, and the question that comes next."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from vatspolicy.documents import Document, Path, parse_document
from vatspolicy.documents.validation import validate
from vatspolicy.engine.decision import Decision, MissingFact
from vatspolicy.engine.evaluator import PossibleOutcomes, evaluate, possible_outcomes
from vatspolicy.errors import InvalidInput
from vatspolicy.guidance.interview.messages import both
from vatspolicy.guidance.interview.questions import (
    LAUNCH,
    NAME_PATH,
    SERVICES,
    Question,
    make_question,
    rules_of_start,
    rules_reading,
)
from vatspolicy.guidance.interview.ranking import InformationGain, InterviewState, estimate, get, put, rank
from vatspolicy.guidance.interview.writer import comments, render, write_fact
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.model import Duty, Need
from vatspolicy.profile.profile import Profile, broken_invariant, facts_of, read_profile, trust_profile
from vatspolicy.profile.vocabulary import Language, LocalizedText, describe

UNNAMED = "product"
"""The id of a product until it has one."""


class Refused(Exception):
    """An answer that cannot be taken. `text` says why, in both languages."""

    def __init__(self, text: LocalizedText) -> None:
        super().__init__(text["en"])
        self.text = text


@dataclass(frozen=True)
class Progress:
    """How far an interview is."""

    number: int
    """Of the current question, from 1."""
    left: int
    """About how many questions are left, the current one included; 0 when there is none."""


@dataclass(frozen=True)
class Interview:
    """One state of an interview. Nothing in it changes: an answer gives the next state.

    `start` makes the first one.
    """

    bundle: Bundle
    document: Document
    """The profile as it would be saved: `document.text` is YAML with each fact under its question."""
    today: str
    as_of: str | None = None
    """The day of the law; None for the launch day of the product, else today."""
    allow_past: bool = False
    complete: bool = False
    """Whether questions about duties follow when the decision is settled."""
    lang: Language = "en"
    """Language of the comments in the file."""
    named: bool = True
    """Whether the product has its name."""
    skipped: tuple[Path, ...] = ()
    """Facts that are not known: not asked again."""
    rewritten: bool = False
    """Whether the text could not be kept and was written anew."""
    previous: Interview | None = dataclasses.field(default=None, repr=False, compare=False)

    # --- what is known

    @property
    def data(self) -> dict[str, Any]:
        """The profile as data."""
        data: dict[str, Any] = self.document.data
        return data

    @functools.cached_property
    def profile(self) -> Profile:
        """The profile."""
        return trust_profile(self.document, self.bundle.schemas)

    @property
    def day(self) -> str:
        """The day whose law decides."""
        return self.as_of or self.profile.launch or self.today

    @functools.cached_property
    def scene(self) -> InterviewState:
        """What is known, under the law of the day."""
        return InterviewState(self.bundle, self.bundle.on(self.day), self.document, self.data, self.day)

    @functools.cached_property
    def possible_outcomes(self) -> PossibleOutcomes:
        """What is still possible."""
        return possible_outcomes(self.scene.law, self.profile, self.day)

    @functools.cached_property
    def decision(self) -> Decision:
        """The decision on what is known."""
        return evaluate(self.bundle, self.profile, self.day)

    @property
    def settled(self) -> bool:
        """Whether no answer can change the decision word any more."""
        return self.possible_outcomes.range[0] == self.possible_outcomes.range[1]

    # --- what to ask

    @functools.cached_property
    def question(self) -> Question | None:
        """The next question; None when there is none."""
        ask = next(self._start(), None)
        if ask is not None:
            return make_question(self.scene, ask, "start")
        if asks := self._open():
            return make_question(self.scene, *_best(rank(self.scene, asks), "decision"))
        ask = self._declared()
        if ask is not None:
            return make_question(self.scene, ask, "decision")
        if asks := self._duties():
            return make_question(self.scene, *_best(rank(self.scene, asks, duties=True), "duties"))
        return None

    @functools.cached_property
    def further(self) -> int:
        """Questions that would complete the list of duties, as far as they are known; 0 until the word is settled."""
        return len(self._undetermined()) if self.settled else 0

    @functools.cached_property
    def progress(self) -> Progress:
        """The number of the question and an estimate of what is left."""
        number, state = 1, self.previous
        while state is not None:
            number, state = number + 1, state.previous
        if self.question is None:
            return Progress(number, 0)
        if self.question.phase == "duties":
            return Progress(number, max(1, self.further))
        pending = len(list(self._start()))
        scene = self.scene
        if not self.data["services"]:
            scene = scene.with_fact(SERVICES, [{"id": "service", "offers": ["marketplace"]}])
        last = sum(self._may_declare(path) for path in (("company", "licences"), ("deals",)))
        left = max(pending + estimate(scene, self.skipped), 1) if pending or not self.settled else 0
        return Progress(number, max(1, left + last))

    def _asks(self, path: Path, rules: Sequence[str] = ()) -> Iterator[MissingFact]:
        if path not in self.skipped:
            yield MissingFact(path, tuple(rules))

    def _start(self) -> Iterator[MissingFact]:
        """What is asked first whatever it decides: name, day, services, and what each of them offers."""
        law = self.scene.law
        if not self.named:
            yield from self._asks(NAME_PATH)
        if self.as_of is None and self.profile.launch is None:
            yield from self._asks(LAUNCH, rules_of_start(self.bundle, law, LAUNCH, self.today))
        if not self.data["services"]:
            yield from self._asks(SERVICES, rules_of_start(self.bundle, law, SERVICES, self.today))
        for ask in self.possible_outcomes.missing:
            if ask.path[0] == "services" and ask.path[-1] == "offers":
                yield from self._asks(ask.path, ask.rules or rules_of_start(self.bundle, law, SERVICES, self.today))

    def _open(self) -> list[MissingFact]:
        """Facts that can still change the decision word."""
        if not self.data["services"]:
            return []
        asks = [ask for ask in self.possible_outcomes.missing if ask.path not in self.skipped]
        licences: Path = ("partner", "licences")
        if any(ask.path[0] == "partner" for ask in asks) and get(self.data, licences) is None:
            # the first fact of a partner would say that it holds nothing: what it holds is asked before
            rules = tuple(dict.fromkeys(name for ask in asks if ask.path[0] == "partner" for name in ask.rules))
            asks = [ask for ask in asks if ask.path[0] != "partner"]
            if licences not in self.skipped:
                return [MissingFact(licences, rules)]
        return asks

    def _declared(self) -> MissingFact | None:
        """A list that says nothing while it is left out, where an entry could change the settled decision."""
        if not self.settled or not self.data["services"]:
            return None
        for path in (("company", "licences"), ("partner", "licences"), ("deals",)):
            if self._may_declare(path) and (rules := self._changed_by(path)):
                return MissingFact(path, rules)
        return None

    def _may_declare(self, path: Path) -> bool:
        known = path[0] != "partner" or "partner" in self.data
        return known and get(self.data, path) is None and path not in self.skipped

    def _changed_by(self, path: Path) -> tuple[str, ...]:
        """The rules that wait for a list, where some entry of it could change the decision word; else none."""
        if path == ("deals",):
            rules = rules_reading(self.scene.law, "deals")
            entries = [{"kind": kind} for kind in describe(("deals", 0, "kind"), self.bundle.schemas)["enum"]]
        else:
            findings = (*self.decision.needs, *self.decision.would_need, *self.decision.denials)
            rules = tuple(dict.fromkeys(finding.rule.name for finding in findings))
            named = (finding.rule.effect for finding in findings)
            wanted = {e.instrument for e in named if isinstance(e, Need) and e.instrument}
            entries = [{"instrument": name} for name in dict.fromkeys((*self.scene.law.access, *sorted(wanted)))]
        for entry in entries:
            after = self.scene.with_fact(path, [entry]).possible_outcomes()
            if after is not None and after.range != self.possible_outcomes.range:
                return rules
        return ()

    def _duties(self) -> list[MissingFact]:
        return self._undetermined() if self.complete and self.settled else []

    def _undetermined(self) -> list[MissingFact]:
        """Facts that leave duties, or needs beside the decision, undetermined; the one that most of them read first."""
        rules: dict[Path, dict[str, None]] = {}
        for finding in self.decision.undetermined:
            if isinstance(finding.rule.effect, Duty | Need):
                for ask in finding.missing:
                    rules.setdefault(ask.path, {}).update(dict.fromkeys(ask.rules))
        paths = sorted(rules, key=lambda path: -len(rules[path]))
        return [MissingFact(path, tuple(rules[path])) for path in paths if path not in self.skipped]

    # --- answers

    def answer(self, value: Any, path: Path | None = None) -> Interview:
        """The next state, with a fact: that of the question, or another one.

        Raises Refused for a value that the profile does not take or that contradicts what is known.
        """
        if path is None:
            assert self.question is not None
            path = self.question.path
        if path == LAUNCH:
            self._check_day(value)
        try:
            expected = put(self.data, path, value)
            text, rewritten = self._write(path, value, expected)
            document = parse_document(text, self.document.file)
            schemas = self.bundle.schemas
            if problems := validate(document, "profile", schemas):
                raise InvalidInput(problems)
            if message := broken_invariant(facts_of(expected, schemas), schemas):
                raise Refused(message)
            read_profile(document, schemas)
        except InvalidInput as error:
            why = error.problems[0]
            raise Refused({"en": f"{why.message} {why.hint}".rstrip(), "zh": both("not_allowed")["zh"]}) from None
        except (KeyError, IndexError, TypeError, AttributeError):  # not of the type that the schema wants
            raise Refused(both("not_allowed")) from None
        return dataclasses.replace(
            self,
            document=document,
            named=self.named or path == NAME_PATH,
            skipped=tuple(one for one in self.skipped if one != path),
            rewritten=self.rewritten or rewritten,
            previous=self,
        )

    def skip(self, path: Path | None = None) -> Interview:
        """The next state, with a fact (that of the question, or another one) not known: it is not asked again."""
        if path is None:
            assert self.question is not None
            path = self.question.path
        named = self.named or path == NAME_PATH
        return dataclasses.replace(self, named=named, skipped=(*self.skipped, path), previous=self)

    def _check_day(self, day: Any) -> None:
        if not isinstance(day, str):
            raise Refused(both("not_day"))
        if day < self.bundle.covers_from:
            raise Refused(both("before_covered", day=self.bundle.covers_from))
        if day < self.today and not self.allow_past and self.as_of is None:
            raise Refused(both("in_the_past"))

    def _write(self, path: Path, value: Any, expected: Any) -> tuple[str, bool]:
        """The text with a fact, and whether all of it had to be written anew."""
        if path == NAME_PATH:
            return render(expected, self.lang, self.bundle.schemas), False
        try:
            text = write_fact(self.document.text, path, value, comments(self.lang, self.bundle.schemas))
            if parse_document(text, self.document.file).data == expected:
                return text, False
        except (InvalidInput, ValueError):
            pass
        return render(expected, self.lang, self.bundle.schemas), True


def _best(
    ranked: Sequence[tuple[MissingFact, InformationGain]], phase: str
) -> tuple[MissingFact, str, InformationGain]:
    ask, gain = ranked[0]
    return ask, phase, gain


def start(
    bundle: Bundle,
    today: str,
    source: Document | None = None,
    name: str | None = None,
    as_of: str | None = None,
    allow_past: bool = False,
    complete: bool = False,
    lang: Language = "en",
) -> Interview:
    """The first state: from a partial profile, or from nothing under a name (which is asked for if it is not given).

    Raises InvalidInput for a document that is no profile.
    """
    rewritten = False
    if source is None:
        data = {"schema": 1, "product": {"id": name or UNNAMED}, "company": {}, "services": []}
        document = parse_document(render(data, lang, bundle.schemas), f"{name or UNNAMED}.yaml")
    else:
        read_profile(source, bundle.schemas)
        document = source
        if source.text.lstrip()[:1] == "{":  # JSON has no comments
            document, rewritten = parse_document(render(source.data, lang, bundle.schemas), f"{source.file}.yaml"), True
    return Interview(
        bundle=bundle,
        document=document,
        today=today,
        as_of=as_of,
        allow_past=allow_past,
        complete=complete,
        lang=lang,
        named=source is not None or name is not None,
        rewritten=rewritten,
    )

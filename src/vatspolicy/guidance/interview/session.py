"""Interview session: a profile that grows by one answer at a time, and the next question."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import UnionType

from vatspolicy.core.documents import Document, Path, parse_document
from vatspolicy.core.documents.plain import Tree
from vatspolicy.core.documents.validation import validate
from vatspolicy.core.engine.decision import Decision, MissingFact
from vatspolicy.core.engine.evaluator import PossibleOutcomes, evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import Advise, Duty, Need
from vatspolicy.core.profile.edits import get_fact, set_fact
from vatspolicy.core.profile.invariants import broken_invariant
from vatspolicy.core.profile.profile import Profile, facts_of, read_profile, trust_profile
from vatspolicy.core.profile.vocabulary import describe
from vatspolicy.errors import InvalidInput
from vatspolicy.gate.opinions import check_opinions
from vatspolicy.guidance.interview.messages import both
from vatspolicy.guidance.interview.naming import UNNAMED, name_product
from vatspolicy.guidance.interview.questions import (
    LAUNCH,
    NAME_PATH,
    OPINIONS,
    SERVICES,
    Question,
    introduction,
    make_question,
    read_screen,
    reasons,
    rules_of_start,
    rules_reading,
)
from vatspolicy.guidance.interview.ranking import (
    InformationGain,
    InterviewState,
    estimate_remaining,
    is_easy,
    question_of,
    rank_facts,
)
from vatspolicy.guidance.interview.result import AskedQuestion, Choice, Gain, InterviewStep, Progress, Why
from vatspolicy.guidance.interview.writer import render, write_answer
from vatspolicy.i18n import LANGUAGES, Language, LocalizedText, Sentences, translate

LICENSES: Path = ("company", "licenses")
DEALS: Path = ("deals",)
TITLE: Path = ("product", "title")
LAST_DAY, VALID = "valid_until", "valid"
"""Last day of a license, and the substitute fact if the day is unknown."""


class Refused(Exception):
    """Error for an answer that is not accepted.

    `text` is the reason, in both languages; `choices` are the answers that it may have meant. `around` is what stands
    before and behind the word of a list that is meant; a choice between them completes the answer.
    """

    def __init__(
        self, text: LocalizedText, choices: Sequence[Choice] = (), around: tuple[str, str] | None = None
    ) -> None:
        super().__init__(text["en"])
        self.text = text
        self.choices = choices
        self.around = around


@dataclass(frozen=True)
class Interview:
    """Immutable state of an interview: each answer returns the next state.

    `start` makes the first one.
    """

    bundle: Bundle
    document: Document
    """Profile as it is saved: `document.text` is YAML with each fact under its question."""
    today: str
    as_of: str | None = None
    """Day of the law; None for the launch day of the product, or today."""
    allow_past: bool = False
    complete: bool = False
    """True if questions about duties follow once the decision is settled."""
    lang: Language = "en"
    """Language of the comments in the file."""
    named: bool = True
    """True if the product has its name."""
    skipped: tuple[Path, ...] = ()
    """Unknown facts, which are not asked again."""
    screened: tuple[Path, ...] = ()
    """Lists that are not empty, according to the answer to their screen."""
    rewritten: bool = False
    """True if the text could not be edited and was rendered again."""
    previous: Interview | None = dataclasses.field(default=None, repr=False, compare=False)

    # --- what is known

    @property
    def data(self) -> dict[str, Tree]:
        """Profile as data."""
        data: dict[str, Tree] = self.document.data
        return data

    @functools.cached_property
    def profile(self) -> Profile:
        """Profile."""
        return trust_profile(self.document, self.bundle.schemas)

    @property
    def day(self) -> str:
        """Day of the law."""
        return self.as_of or self.profile.launch or self.today

    @functools.cached_property
    def state(self) -> InterviewState:
        """Known facts under the law of the day."""
        before = self.previous
        known = before.state.known if before is not None and before.day == self.day else {}
        law = self.bundle.on(self.day)
        return InterviewState(self.bundle, law, self.document, self.data, self.day, known, self.screened)

    @functools.cached_property
    def possible_outcomes(self) -> PossibleOutcomes:
        """Outcomes that are still possible."""
        outcomes = self.state.possible_outcomes(asking=True)
        assert outcomes is not None, "an answer that breaks an invariant is refused"
        return outcomes

    @functools.cached_property
    def decision(self) -> Decision:
        """Decision on the known facts."""
        return evaluate(self.bundle, self.profile, self.day)

    def recall(self, decision: Decision) -> None:
        """Take the decision on the known facts from a caller who has it, in place of evaluating them again."""
        vars(self)["decision"] = decision
        if decision.decision != "incomplete":
            vars(self)["possible_outcomes"] = PossibleOutcomes(decision.range, 0, 0, 0, ())

    @property
    def decided(self) -> bool:
        """True if only one outcome is possible, counting undeclared lists as empty."""
        return self.possible_outcomes.range[0] == self.possible_outcomes.range[1]

    @functools.cached_property
    def settled(self) -> bool:
        """True if no answer can change the outcome, including entries of undeclared lists."""
        if not self.decided:
            return False
        return not any(self._rules_changed.values())

    @functools.cached_property
    def _rules_changed(self) -> dict[Path, tuple[str, ...]]:
        """Undeclared lists, each with the rules that an entry could change."""
        lists = (path for path in (LICENSES, DEALS) if get_fact(self.data, path) is None)
        return {path: self._rules_changed_by(path) for path in lists}

    # --- what to ask

    @functools.cached_property
    def question(self) -> Question | None:
        """Next question, or None."""
        if first := list(self._initial_facts()):
            return make_question(self.state, first[0], "start", others=first)
        if facts := self._deciding_facts():
            best = _best(rank_facts(self.state, facts), "decision", facts)
            deals = self._undeclared(DEALS, early=True) if is_easy(best[0].path, self.bundle.schemas) else None
            also = [] if deals is None else [deals]
            if is_easy(best[0].path, self.bundle.schemas) and (held := self._undeclared(LICENSES)):
                return make_question(self.state, held, "decision", others=also)
            return make_question(self.state, *best, others=[*facts, *also])
        if (listed := self._undeclared_list()) is not None:
            return make_question(self.state, listed, "decision")
        may_need = self.settled and self.decision.decision != "deny"  # a license more for a launch not denied
        licenses = self._undetermined_facts(Need) if may_need else []
        if facts := licenses or (self._undetermined_facts() if self.complete and self.decided else []):
            ranked = rank_facts(self.state, facts, duties=True)
            best = _best(ranked, "decision" if licenses else "duties", facts)
            return make_question(self.state, *best, others=facts)
        return None

    @functools.cached_property
    def further(self) -> int:
        """Known number of questions that would complete the list of duties; 0 until decided."""
        return len(self._undetermined_facts()) if self.decided else 0

    @functools.cached_property
    def progress(self) -> Progress:
        """Number of the question and an estimate of the questions left."""
        number, earlier = 1, self.previous
        while earlier is not None:
            number, earlier = number + 1, earlier.previous
        if self.question is None:
            return Progress(number, 0)
        if self.question.phase == "duties":
            return Progress(number, max(1, self.further))
        state = self.state
        pending = len({question_of(fact.path, state.schemas) for fact in self._initial_facts()})
        if not self.data["services"]:
            state = state.with_fact(SERVICES, [{"id": "service", "offers": ["marketplace"]}])
        last = sum(self._may_declare(path) for path in (LICENSES, DEALS))
        left = (
            max(pending + estimate_remaining(state, (*self.skipped, OPINIONS)), 1) if pending or not self.decided else 0
        )
        return Progress(number, max(1, left + last))

    def _ask(self, path: Path, rules: Sequence[str] = ()) -> Iterator[MissingFact]:
        if path not in self.skipped:
            yield MissingFact(path, tuple(rules))

    def _initial_facts(self) -> Iterator[MissingFact]:
        """Yield the facts that are always asked first: name, day, services, and their offers."""
        ruleset = self.state.ruleset
        if not self.named:
            yield from self._ask(NAME_PATH)
        if self.as_of is None and self.profile.launch is None:
            yield from self._ask(LAUNCH)
        if not self.data["services"]:
            yield from self._ask(SERVICES, rules_of_start(ruleset, SERVICES))
        for fact in self.possible_outcomes.missing:
            if fact.path[0] == "services" and fact.path[-1] == "offers":
                yield from self._ask(fact.path, fact.rules or rules_of_start(ruleset, SERVICES))

    def _deciding_facts(self) -> list[MissingFact]:
        """Return the facts that can still change the outcome."""
        if not self.data["services"]:
            return []
        facts = (MissingFact(self._instead(path), rules) for path, rules in self.possible_outcomes.missing)
        return [fact for fact in facts if self._may_ask(fact.path)]

    def _instead(self, path: Path) -> Path:
        """Return the fact to ask for instead of an unknown fact: validity of a license instead of its last day."""
        return (*path[:-1], VALID) if path in self.skipped and path[-1] == LAST_DAY else path

    def _undeclared_list(self) -> MissingFact | None:
        """Return an undeclared list with a possible entry that could change the decision."""
        if not self.decided or not self.data["services"]:
            return None
        return self._undeclared(LICENSES) or self._undeclared(DEALS)

    def _undeclared(self, path: Path, early: bool = False) -> MissingFact | None:
        """Return an undeclared list if one of its entries could change the outcome.

        `early`: also if an entry of it asks for facts that could.
        """
        if not self._may_declare(path):
            return None
        if rules := self._rules_changed_by(path, early) if early else self._rules_changed[path]:
            return MissingFact(path, rules)
        return None

    def _may_declare(self, path: Path) -> bool:
        return get_fact(self.data, path) is None and path not in self.skipped

    def _rules_changed_by(self, path: Path, early: bool = False) -> tuple[str, ...]:
        """Return the rules that depend on a list, if some entry of it could change the outcome."""
        if path == DEALS:
            rules = rules_reading(self.state.ruleset, "deals")
            entries = [{"kind": kind} for kind in describe(("deals", 0, "kind"), self.bundle.schemas)["enum"]]
        else:
            decision = self.decision
            findings = (*decision.needs, *decision.would_need, *decision.denials, *decision.undetermined)
            findings = tuple(f for f in findings if not isinstance(f.rule.effect, Duty | Advise))
            rules = tuple(dict.fromkeys(finding.rule.name for finding in findings))
            named = (finding.rule.effect for finding in findings)
            wanted = {e.instrument for e in named if isinstance(e, Need) and e.instrument}
            entries = [{"instrument": name} for name in dict.fromkeys((*self.state.ruleset.access, *sorted(wanted)))]
        for entry in entries:
            following = self.state.with_fact(path, [entry])
            after = following.possible_outcomes()
            if after is None:
                continue
            changes = after.range != self.possible_outcomes.range
            if changes or (early and any(ask.path[: len(path)] == path for ask in following.missing())):
                return rules
        return ()

    def _undetermined_facts(self, effects: type | UnionType = Duty | Need) -> list[MissingFact]:
        """Return the facts that leave rules with such an effect undetermined, the most widely read first."""
        rules: dict[Path, dict[str, None]] = {}
        for finding in self.decision.undetermined:
            if isinstance(finding.rule.effect, effects):
                for fact in finding.missing:
                    rules.setdefault(fact.path, {}).update(dict.fromkeys(fact.rules))
        paths = sorted(rules, key=lambda path: -len(rules[path]))
        return [MissingFact(path, tuple(rules[path])) for path in paths if self._may_ask(path)]

    def _may_ask(self, path: Path) -> bool:
        """Return whether to ask a product team for a fact: never for opinions, and never twice."""
        return path != OPINIONS and path not in self.skipped

    @functools.cached_property
    def opinions(self) -> tuple[str, ...]:
        """Names of the rules and conditions on unread law for which the decision needs an opinion.

        Empty while there are other facts to ask for.
        """
        if self.decided or self.question is not None:
            return ()
        return next((fact.rules for fact in self.possible_outcomes.missing if fact.path == OPINIONS), ())

    # --- answers

    def answer(self, value: Tree, path: Path | None = None) -> Interview:
        """Return the next state after an answer to the question, to its screen, or to another fact.

        Raises Refused for a value that the profile does not take or that contradicts what is known.
        """
        if path is None:
            assert self.question is not None
            path = self.question.path
        try:
            if (empty := read_screen(value, path, self.bundle.schemas)) is not None:
                value = []
        except ValueError:
            raise Refused(both("none_and_more")) from None
        if empty is False:
            return dataclasses.replace(self, screened=(*self.screened, path), previous=self)
        if path == LAUNCH:
            self.check_day(value)
        try:
            expected = set_fact(self.data, path, value)
            if path == NAME_PATH and isinstance(value, str):
                is_free = self.named or self.profile.name == UNNAMED  # otherwise the id comes from the file and stays
                expected = name_product(self.data, value) if is_free else set_fact(self.data, TITLE, value)
            schemas = self.bundle.schemas
            if path == NAME_PATH:
                document, rewritten = parse_document(render(expected, self.lang, schemas), self.document.file), False
            else:
                document, rewritten = write_answer(self.document, path, value, expected, self.lang, schemas)
            if problems := validate(document, "profile", schemas):
                raise InvalidInput(problems)
            if message := broken_invariant(facts_of(expected, schemas), schemas):
                raise Refused(message)
            read_profile(document, schemas)
        except InvalidInput as error:
            told = Sentences(error.problems[0].message, error.problems[0].hint)
            raise Refused({lang: translate(told, lang) for lang in LANGUAGES}) from None
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

    def answer_parts(self, values: Mapping[str, Tree]) -> Interview:
        """Return the next state after answers to parts of the question, by their paths with dots; None for not known.

        A part that is left out stays open. Raises Refused as `answer` does.
        """
        assert self.question is not None
        state = self
        for part in self.question.parts:
            if part.name in values:
                value = values[part.name]
                state = state.skip(part.path) if value is None else state.answer(value, part.path)
        return dataclasses.replace(state, previous=self)

    def skip(self, path: Path | None = None) -> Interview:
        """Return the next state, with a fact (by default those of the question) marked as unknown."""
        if path is None:
            assert self.question is not None
            if self.question.parts:
                return self.answer_parts({part.name: None for part in self.question.parts})
            path = self.question.path
        named = self.named or path == NAME_PATH
        return dataclasses.replace(self, named=named, skipped=(*self.skipped, path), previous=self)

    def check_day(self, day: Tree) -> None:
        """Raise Refused for a day of the law that the bundle does not cover, or for a past day that is not allowed."""
        if not isinstance(day, str):
            raise Refused(both("not_day"))
        if day < self.bundle.covers_from:
            raise Refused(both("before_covered", day=self.bundle.covers_from))
        if day > self.bundle.covers_until:
            raise Refused(both("beyond_known", day=self.bundle.known_until))
        if day < self.today and not self.allow_past and self.as_of in (None, day):
            raise Refused(both("in_the_past"))


def _best(
    ranked: Sequence[tuple[MissingFact, InformationGain]], phase: str, facts: Iterable[MissingFact]
) -> tuple[MissingFact, str, InformationGain]:
    """Return the best fact, or the registered office in place of the mainland company that follows from it."""
    fact, gain = ranked[0]
    if fact.path[-1] == "mainland_entity":
        fact = next((one for one in facts if one.path == (*fact.path[:-1], "registered")), fact)
    return fact, phase, gain


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
    """Return the first state, from a partial profile or from a name, which the interview asks for if missing.

    Raises InvalidInput for a document that is not a profile, or with an opinion that the bundle does not take.
    """
    rewritten = False
    if source is None:
        data = {"schema": 2, "product": {"id": name or UNNAMED}, "company": {}, "services": []}
        document = parse_document(render(data, lang, bundle.schemas), f"{name or UNNAMED}.yaml")
    else:
        check_opinions(bundle, read_profile(source, bundle.schemas), today)
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


# --- for programs that ask the questions themselves


def describe_step(interview: Interview) -> InterviewStep:
    """Return the state of an interview: the decision so far, progress and the next question, if any."""
    question = interview.question
    now = interview.possible_outcomes
    return InterviewStep(
        product=interview.profile.name,
        as_of=interview.day,
        decision=now.range[0] if interview.decided else "incomplete",
        range=now.range,
        settled=interview.settled,
        further=interview.further,
        progress=interview.progress,
        skipped=tuple(map(_dotted, interview.skipped)),
        opinions=tuple(interview.opinions),
        question=None if question is None else _describe(interview, question),
    )


def _describe(interview: Interview, question: Question) -> AskedQuestion:
    gain = question.gain
    return AskedQuestion(
        path=_dotted(question.path),
        kind=question.kind,
        phase=question.phase,
        about=question.about,
        text=question.text,
        title=question.title,
        unit=question.unit,
        minimum=question.least,
        maximum=question.most,
        several=question.several,
        choices=question.choices,
        eliminates=Gain(gain.expected, gain.worst, gain.of) if gain.answers else None,
        why=Why(introduction(question), reasons(interview.bundle, question.rules, interview.day), question.example),
        heading=question.heading,
        together=tuple(_describe(interview, part) for part in question.parts if part.path != question.path),
        implied=question.implied,
        screen=question.screen,
    )


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))

"""Gate over many specs: decisions and one exit code, independent of the terminal."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import IntEnum
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, TypeAlias, TypeVar

from vatspolicy.clock import LAST, later, nanoseconds, now
from vatspolicy.core.documents import load_document, split_part
from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.engine.record_builder import make_record
from vatspolicy.core.engine.result import ChangeAhead, Record
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.profile.edits import is_launch
from vatspolicy.core.profile.profile import EMPTY_SPEC, Profile, explain_spec, open_parts, read_profile
from vatspolicy.errors import InvalidInput, Problem
from vatspolicy.frozen import ValueObject, frozen
from vatspolicy.gate.judgement import Judgement, Remark
from vatspolicy.i18n import LANGUAGES, Language, Message, _

if TYPE_CHECKING:
    from vatspolicy.core.documents import Document
    from vatspolicy.core.documents.plain import Tree
    from vatspolicy.core.profile.opinions import Grant
    from vatspolicy.gate.spec_change import SpecChanges
    from vatspolicy.gate.waivers.load import WaiverSet


class ExitCode(IntEnum):
    """Exit codes of the commands (the table in README.md)."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INVALID = 3
    INCOMPLETE = 4
    NOTHING = 5
    UNAVAILABLE = 69
    """A part that the command needs is not installed."""
    INTERNAL = 70
    """An internal error, or an output that cannot be written: no decision."""
    INTERRUPTED = 130


_SEVERITY = (ExitCode.OK, ExitCode.INCOMPLETE, ExitCode.FAILED, ExitCode.NOTHING, ExitCode.INVALID, ExitCode.INTERNAL)
AHEAD = 180
"""Days after the launch within which changes of the decision are reported."""
_MAGIC = frozenset("*?[")
"""Special characters of a pattern."""


class DayError(Exception):
    """Error for a day of the law that may not be used: in the past, or before the coverage of the bundle.

    `why` is the reason as a predicate.
    """

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message, why)
        self.why = why

    def __str__(self) -> str:
        return str(self.args[0])


class GateResult(NamedTuple):
    """Result of one run."""

    records: tuple[Record, ...]
    """Records of the decisions; none if a reader took them."""
    problems: tuple[Problem, ...]
    """Problems of specs that could not be decided."""
    empty: tuple[str, ...]
    """Arguments that match no spec."""
    exit_code: ExitCode
    remarks: tuple[Remark, ...] | None = None
    """Notices about waivers and the baseline; None if there is no waiver set."""
    decided: tuple[tuple[Profile, Decision, frozenset[tuple[str, int]]], ...] = ()
    """With a waiver set: each profile, its decision, and the waived findings (list, position)."""
    profiles: tuple[Profile, ...] = ()
    """The profile of each record, if the run keeps them."""
    invalid: tuple[str, ...] = ()
    """Files of the specs that could not be decided."""
    unmet: Message | None = None
    """Message about an unexpected number of specs."""
    judgement: Judgement = Judgement()
    """Settings by which the records are judged."""
    started: str = ""
    """Moment at which the run began, in UTC (YYYY-MM-DDThh:mm:ss)."""
    seconds: tuple[float, ...] = ()
    """Time that each decision took, in the order of the records."""
    changes: SpecChanges | None = None
    """Changes since the base of the specs; None if there is no base."""
    launches: Mapping[str, tuple[str, ...]] = {}
    """Parts of each launch that the run decided as a whole, by file."""
    by_law: SpecChanges | None = None
    """Effects of the changed law on the same specs; None if it equals the law of the gate."""

    @property
    def stated(self) -> Mapping[str, Tree]:
        """Each decided spec as it is written, by file, if the run keeps the profiles."""
        return {record.file: one.document.data for record, one in zip(self.records, self.profiles, strict=True)}


def find_specs(argument: str) -> list[str]:
    """Return the files of an argument: a file, the specs below a folder, the matches of a pattern, or `-`.

    Raises InvalidInput if the search is not complete (see `spec_search`).
    """
    if argument == "-" or (os.path.isfile(argument) and not _MAGIC.intersection(argument)):
        return [argument]
    from vatspolicy.gate.spec_search import search

    return search(argument)


T = TypeVar("T")
Progress: TypeAlias = "Callable[[int, int], None]"
"""Function that receives the number of finished specs and of all specs."""
Take: TypeAlias = "Callable[[Record, float], T]"


class SpecReader(Protocol[T]):
    """Reads the decisions during a run, so that the run does not need to keep them."""

    def take(self, record: Record, seconds: float) -> T:
        """Return the parts of a decision for the reader, as plain data; may run in a worker process."""

    def add(self, taken: T) -> None:
        """Receive these parts, in the order of the specs."""


class Checked(NamedTuple, Generic[T]):
    """The result of a run for one spec."""

    spec: str
    code: ExitCode
    """INVALID if the spec could not be decided."""
    day: str = ""
    """Day of the law applied."""
    record: Record | None = None
    """Record of the decision, if the run keeps it."""
    seconds: float = 0.0
    problems: tuple[Problem, ...] = ()
    kept: tuple[Profile, Decision, Record] | None = None
    """The profile and the decision, if the run keeps them."""
    taken: T | None = None
    """Parts of the record for a reader of the run."""
    launch: str = ""
    """File of the launch that contains this part, if the run decides the launch as a whole."""


MANY = 64
"""Number of specs from which a run uses all cores: below it, starting processes takes longer than they save."""
CHUNK = 8
"""Number of specs that a process receives at a time."""


def find_processes(jobs: int | None, specs: Sequence[str]) -> int:
    """Return the number of processes for a run; standard input is read by this one."""
    if jobs == 1 or len(specs) < (MANY if jobs is None else 2 * CHUNK) or "-" in specs:
        return 1
    from vatspolicy.workers import can_fork, cores

    return min(jobs or cores(), -(-len(specs) // CHUNK)) if can_fork() else 1


@frozen()
class Gate(ValueObject):
    """Settings of a run."""

    bundle: Bundle
    today: str
    as_of: str | None = None
    """Day of the law; None for each product's launch day, or today."""
    allow_past: bool = False
    changes: Sequence[tuple[str, Tree]] = ()
    fail_on: str = "needs-license"
    no_fail: bool = False
    waiver_set: WaiverSet | None = None
    """Waivers and baseline, which affect only the exit code."""
    stdin_name: str | None = None
    """Name of standard input in reports and problems."""
    explain: bool = True
    """False if reports need neither explanations nor, for several decisions, upcoming changes (see `make_record`)."""
    keeps_profiles: bool = True
    """True if the result has the profiles: waivers, logs and attestations need them."""
    jobs: int | None = None
    """Maximum number of processes; None for one process, or one per core for many specs."""
    expected: int | None = None
    """Required number of specs; None for any."""
    languages: Sequence[Language] = LANGUAGES
    """Languages of the program's own texts in a record (see `make_record`): one if every report is in one."""
    known: Mapping[str, frozenset[str]] | None = None
    """Results of the base by spec (see `Judgement`)."""

    def run(
        self,
        arguments: Iterable[str],
        progress: Progress = lambda done, total: None,
        reader: SpecReader[T] | None = None,
    ) -> GateResult:
        """Decide every spec behind the arguments (see `find_specs`), each once.

        Several specs are given to the `reader`, and the result has no records then, unless the run keeps profiles.

        Raises:
            DayError: `as_of` may not be used.
            WorkerLost: A process was killed.
        """
        self.check_day()
        started = now()[:19]
        behind, unseen = _find_all(arguments)
        empty = tuple(argument for argument, specs in behind.items() if not specs)
        specs = list(dict.fromkeys(spec for specs in behind.values() for spec in specs))
        unmet = self._compare_number(len(specs))
        codes = [ExitCode.NOTHING] if empty or not (behind or unseen) else []
        codes += [ExitCode.INVALID] if unseen or unmet else []
        reader = reader if len(specs) > 1 and not self.keeps_profiles else None
        checked: list[Checked[T]] = []
        for check in self.check_each(specs, reader.take if reader else None):
            if reader and check.taken is not None:
                reader.add(check.taken)
            checked.append(check._replace(taken=None))
            progress(min(len(checked), len(specs)), len(specs))
        problems = [*unseen, *(problem for check in checked for problem in check.problems)]
        problems += [Problem(next(iter(behind), "-"), 1, 1, "", unmet)] if unmet else []
        failed = [check.spec for check in checked if check.code is ExitCode.INVALID]
        invalid = tuple(dict.fromkeys([*(problem.file for problem in unseen), *failed]))
        seconds = tuple(check.seconds for check in checked if check.code is not ExitCode.INVALID)
        launches: dict[str, tuple[str, ...]] = {}
        for check in checked:
            if check.launch:
                launches[check.launch] = (*launches.get(check.launch, ()), check.spec)
        if self.waiver_set is not None:
            codes += [ExitCode.INVALID] * len(failed)
            result = self._after_waivers([check.kept for check in checked if check.kept], problems, empty, codes)
        else:
            records = tuple(check.record for check in checked if check.record is not None)
            profiles = tuple(check.kept[0] for check in checked if check.kept)
            code = worst([*codes, *(check.code for check in checked)])
            result = GateResult(records, tuple(problems), empty, code, profiles=profiles)
        return result._replace(
            invalid=invalid, unmet=unmet, judgement=self.judgement, started=started, seconds=seconds, launches=launches
        )

    def _compare_number(self, number: int) -> Message | None:
        """Return that the number of specs is not the expected one; None if it is."""
        if self.expected is None or number == self.expected:
            return None
        return _(
            "--expect {expected} failed: the number of specs found is {count}.", expected=self.expected, count=number
        )

    def check_each(self, specs: Sequence[str], take: Take[T] | None = None) -> Iterator[Checked[T]]:
        """Check specs and yield the results in their order, from several processes if they may share the work.

        Results have what `take` makes of a record, if it is given, and the record otherwise.

        Raises:
            WorkerLost: A process was killed.
        """
        check = partial(self.check_spec, ahead=self.explain or len(specs) == 1, take=take)
        processes = 1
        if not self.keeps_profiles:
            processes = find_processes(self.jobs, specs)
        if processes == 1:
            yield from chain.from_iterable(map(check, specs))
            return
        first = list(chain.from_iterable(map(check, specs[:CHUNK])))  # loads shared modules once
        self._build_indexes([checked.day for checked in first])
        yield from first
        chunks = [specs[start : start + CHUNK] for start in range(CHUNK, len(specs), CHUNK)]
        from vatspolicy.workers import map_in_order

        decided = map_in_order(lambda: lambda chunk: list(chain.from_iterable(map(check, chunk))), chunks, processes)
        yield from chain.from_iterable(decided)

    def _build_indexes(self, days: Sequence[str]) -> None:
        """Build the indexes of the law of most of these days, else every process would build its own."""
        if days and (day := max(days, key=days.count)):
            from vatspolicy.core.engine.evaluator import BEARING
            from vatspolicy.core.policies.model import KINDS

            self.bundle.on(day).build_indexes((KINDS, BEARING))

    def check_spec(self, spec: str, ahead: bool = True, take: Take[T] | None = None) -> list[Checked[T]]:
        """Read and decide one spec; of a launch, each part."""
        begun, (file, part) = nanoseconds(), split_part(spec)
        try:
            document = load_document(file, stdin_name=self.stdin_name, empty=EMPTY_SPEC)
            documents = open_parts(document, part, self.changes, self.bundle.schemas)
        except InvalidInput as error:
            return [Checked(spec, ExitCode.INVALID, problems=explain_spec(error, self.bundle.schemas).problems)]
        if part or not is_launch(document):
            return [self._check(spec, documents[0], ahead, take, begun)]
        parts = (self._check(document.file, document, ahead, take, nanoseconds()) for document in documents)
        return [part._replace(launch=document.file) for part in parts]

    def _check(self, spec: str, document: Document, ahead: bool, take: Take[T] | None, begun: int) -> Checked[T]:
        """Decide one profile, measuring from its start."""
        try:
            profile = read_profile(document, self.bundle.schemas)
            decision, record = self.decide(profile, ahead)
        except InvalidInput as error:
            return Checked(spec, ExitCode.INVALID, problems=error.problems)
        seconds = (nanoseconds() - begun) / 1e9
        code = self.code(record)
        if take is not None:
            return Checked(spec, code, decision.as_of, seconds=seconds, taken=take(record, seconds))
        kept = (profile, decision, record) if self.keeps_profiles else None
        return Checked(spec, code, decision.as_of, record, seconds, kept=kept)

    def _after_waivers(
        self,
        decided: list[tuple[Profile, Decision, Record]],
        problems: list[Problem],
        empty: tuple[str, ...],
        codes: list[ExitCode],
    ) -> GateResult:
        """Return the result after waivers and baseline: the gate judges the remaining findings."""
        from vatspolicy.gate.waivers.apply import apply_waivers

        waiver_set = self.waiver_set
        assert waiver_set is not None
        decided = self._without_shared_opinions(decided, waiver_set)
        waived_run = apply_waivers(self.bundle, decided, waiver_set, self.today)
        codes = [*codes, *(self.code(data) for data in waived_run.records)]
        codes += [ExitCode.INVALID] if waiver_set.problems else []
        if any(self.judgement.fails_remark(remark) for remark in waived_run.remarks):
            codes.append(ExitCode.FAILED)
        problems = [*problems, *waiver_set.problems]
        kept = [(case[0], case[1], places) for case, places in zip(decided, waived_run.waived, strict=True)]
        profiles = tuple(profile for profile, _, _ in decided)
        return GateResult(
            waived_run.records, tuple(problems), empty, worst(codes), waived_run.remarks, tuple(kept), profiles
        )

    def _without_shared_opinions(
        self, decided: list[tuple[Profile, Decision, Record]], waiver_set: WaiverSet
    ) -> list[tuple[Profile, Decision, Record]]:
        """Return the decisions without granted opinions where several specs of a run are the product of the grant."""
        products = Counter(decision.product for _, decision, _ in decided)
        alone = replace(self, waiver_set=replace(waiver_set, opinions=()))
        return [
            (case[0], *alone.decide(case[0]))
            if products[case[1].product] > 1 and any(opinion.granted for opinion in case[2].opinions)
            else case
            for case in decided
        ]

    def check_day(self) -> None:
        """Check `as_of`. Raises DayError for a day that may not be used."""
        if self.as_of is not None and (wrong := self._explain_refusal(self.as_of)):
            raise DayError(_("--as-of {wrong}", wrong=wrong), wrong)

    def decide(
        self, profile: Profile, ahead: bool = True, granted: Mapping[int, Grant | None] | None = None
    ) -> tuple[Decision, Record]:
        """Return one decision and its record, with upcoming changes if `ahead`.

        `granted`: the opinions that count in place of those that the waiver set grants.

        Raises InvalidInput as `prepare` does.
        """
        day, profile = self.prepare(profile)
        profile = profile if granted is None else profile.grant(granted)
        decision = evaluate(self.bundle, profile, day, explain=ahead)
        changes = self.changes_ahead(profile, decision.as_of) if ahead else None
        return decision, make_record(self.bundle, profile, decision, self.languages, self.explain, changes)

    def prepare(self, profile: Profile) -> tuple[str, Profile]:
        """Return the day on which a spec is decided, and the spec with the opinions that are granted.

        Raises:
            InvalidInput: The launch day may not be used, or an opinion is about no rule or of a day to come.
        """
        day = self.find_day(profile)
        if profile.facts["opinions"]:
            from vatspolicy.gate.opinions import admit_opinions

            profile = admit_opinions(self.bundle, profile, day, self.waiver_set, self.today)
        return day, profile

    def find_day(self, profile: Profile) -> str:
        """Return the day of the law for a spec. Raises InvalidInput for a launch day that may not be used."""
        day = self.as_of or profile.launch or self.today
        if self.as_of is None and (wrong := self._explain_refusal(day)):
            what = _("The launch day {wrong}.", wrong=wrong) if profile.launch else _("Today {wrong}.", wrong=wrong)
            past = self.bundle.covers_from <= day < self.today
            hint = "" if past else _("Choose a day with --as-of.")
            raise InvalidInput([profile.document.problem(("product", "launch"), what, hint)])
        return day

    def changes_ahead(self, profile: Profile, day: str) -> tuple[ChangeAhead, ...]:
        """Return changes of the decision between today and the day decided, or within 180 days after it.

        Only where the law, or a dated fact of the profile, turns in that time is anything decided, or imported.
        """
        first = max(min(self.today, day), self.bundle.covers_from)
        turning = {turn for turn in (*self.bundle.boundaries, *profile.turning_days) if first < turn <= days_after(day)}
        if not turning:
            return ()
        from vatspolicy.core.engine.timeline import changes_ahead

        return changes_ahead(self.bundle, profile, day, first, turning, self.languages)

    def _explain_refusal(self, day: str) -> str | None:
        """Return the reason why a day may not be used, as a predicate; None if it may."""
        if day < self.bundle.covers_from:
            return _(
                "is before {covers_from}, the first day that the bundle covers", covers_from=self.bundle.covers_from
            )
        if day > self.bundle.covers_until:
            last = self.bundle.known_until
            return _("is more than five years after {known}, the day on which the law was last checked", known=last)
        if day < self.today and not self.allow_past:
            return _("is in the past; pass --allow-past-as-of to decide under the law of that day")
        return None

    @property
    def judgement(self) -> Judgement:
        """The settings by which the run is judged, for its reports."""
        strict = self.waiver_set is not None and self.waiver_set.strict
        return Judgement(self.fail_on, self.no_fail, strict, self.known)

    def code(self, record: Record) -> ExitCode:
        """Return the exit code of one decision (a record)."""
        failures = self.judgement.find_failures(record)
        if failures and record.judged == "incomplete":
            return ExitCode.INCOMPLETE
        return ExitCode.FAILED if failures else ExitCode.OK


def _find_all(arguments: Iterable[str]) -> tuple[dict[str, list[str]], list[Problem]]:
    """Return the specs behind each argument, and why there may be more."""
    behind: dict[str, list[str]] = {}
    problems: list[Problem] = []
    for argument in dict.fromkeys(arguments):
        try:
            behind[argument] = find_specs(argument)
        except InvalidInput as error:
            problems += error.problems
    return behind, problems


def days_after(day: str) -> str:
    """Return the last day of reported upcoming changes, AHEAD days after the day of the decision."""
    try:
        return later(day, AHEAD)
    except OverflowError:
        return LAST


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the most severe of several exit codes."""
    return max(codes, key=_SEVERITY.index, default=ExitCode.OK)

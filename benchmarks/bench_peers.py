"""The bundle's real rules in other engines: the same rules, the same complete profiles, answers compared before timing.

    python benchmarks/bench_peers.py [--profiles 32] [--rounds 11] [--slow 3] [--cerbos PROGRAM] [--json FILE]

Every rule in force is asked of every subject that it is about, in rounds in which each engine has one turn. A round has
profiles of its own, so that nobody answers from memory, and they are read anew for each turn, as a request or a file
brings them; ours has decided others before the first. A turn begins with a few profiles that are not timed, since what
the engine before it did has emptied the processor's caches; a row of ours does without them. Peers are handed the
variables of each subject and answer which rules hold, and no more; ours starts from the facts of a profile, and makes
the whole decision. An engine that is not installed, refuses the rules or answers otherwise is named in the table and
not timed. The ratio is that of processor times in the same round, the median over the rounds. Exit code 1 where answers
of ours differ among themselves.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import dataclasses
import functools
import importlib.metadata
import itertools
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import cerbos
import engines
from bench_decision import with_cel
from measure import Candidate, Report, Row, Table, Target, Times, finish, interleave, median, note, parser, spread
from measure import processor_seconds as processor
from workload import Answers, Subjects, Workload, afresh, compare, shipped, verdict

from vatspolicy.engine.decision import Decision
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.policies.bundle import Bundle
from vatspolicy.policies.ruleset import Match, RuleSet

INSTALL = {
    "opa-golib-python-bindings": "pip install --no-deps --ignore-requires-python opa-golib-python-bindings==0.4.4",
}
"""How to install what no extra can name: its metadata asks for a later Python than it needs."""
WHOLE = "vatspolicy: the whole decision"
SEEN = f"{WHOLE}, of profiles seen before"
MADE = f"{WHOLE}, every finding made"
COLD = f"{WHOLE}, straight after another engine"
OURS, SAME, HELPED = "ours", "same", "helped"
"""Kinds of rows: ours; a peer that asks every rule as it is; a peer that is given what the whole decision has."""


@dataclasses.dataclass
class Entry:
    """An engine ready to be asked, and what its time covers."""

    title: str
    version: str
    kind: str
    ask: Callable[[Round], Any]
    covers: str
    clock: Callable[[], float] | None = None
    rounds: int | None = None
    warm: Callable[[], object] | None = None
    prelude: bool = True
    """Whether its turns begin with a few profiles that are not timed."""


@dataclasses.dataclass(frozen=True)
class Round:
    """One round: its number (-1 for what precedes a turn), and its profiles, or for a peer its subjects, just read."""

    number: int
    work: Workload
    asked: Subjects


Sets = Sequence[Workload]
"""By round; the last is what precedes each turn."""
PRELUDE = 8
"""Profiles that precede a turn."""
WARM = 400
"""How many decisions ours has made before the first round, of profiles that are in none."""


# --- ours -------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, eq=False)
class PlainBundle(Bundle):
    """The same bundle, whose laws have no index."""

    @functools.cached_property
    def made(self) -> dict[str, RuleSet]:
        return {}

    def on(self, day: str) -> RuleSet:
        if day not in self.made:
            law = super().on(day)
            self.made[day] = dataclasses.replace(law, indexed=False)
        return self.made[day]


def ours(before: Workload, few: int) -> Iterator[Entry]:
    """The whole decision with and without the index, and the rules alone, each with laws of its own.

    `before`: what is decided before the first round; the first few are those that are asked again and again.
    """
    seen = Workload(before.bundle, before.day, before.profiles[:few])
    version, day = importlib.metadata.version("vatspolicy"), before.day
    base = before.bundle
    plain = PlainBundle(**{item.name: getattr(base, item.name) for item in dataclasses.fields(Bundle)})

    def decide(bundle: Bundle, work: Workload) -> list[Decision]:
        return [evaluate(bundle, profile, day) for profile in work.profiles]

    def make(bundle: Bundle, work: Workload) -> list[Decision]:
        found = decide(bundle, work)
        for decision in found:
            for findings in (decision.denials, decision.duties, decision.advice):
                len(findings)  # which makes them
            str(decision.verification)
            for finding in (*decision.denials, *decision.needs, *decision.would_need):
                len(finding.reasons + finding.any_of)
        return found

    def match(bundle: Bundle, work: Workload) -> Answers:
        law = bundle.on(day)
        return [
            _said(law.match(each, env, effects[each])) for profile in work.profiles for each, env in work.of(profile)
        ]

    def every(bundle: Bundle, work: Workload) -> Answers:
        return Workload(bundle, day, work.profiles).ask()

    effects = {each: tuple(dict.fromkeys(rule.kind for rule in rules)) for each, rules in before.rules.items()}
    for title, bundle, run, covers in (
        (WHOLE, afresh(base), decide, "facts to decision: classes, routes, findings, missing facts"),
        (MADE, afresh(base), make, "the same, with what else is made when it is looked at"),
        (COLD, afresh(base), decide, "the same, and no profiles before those that are timed"),
        (SEEN, afresh(base), lambda bundle, _: decide(bundle, seen), "the same few profiles in every round"),
        (f"{WHOLE}, no index", plain, decide, "the same, asking every rule"),
        ("vatspolicy: rules that hold, by index", afresh(base), match, "facts to classes to the rules that hold"),
        ("vatspolicy: every rule asked", afresh(base), every, "facts to classes to all rules, one call a rule"),
    ):
        ready = functools.partial(_of_round, run, bundle)
        warm = functools.partial(run, bundle, before)
        yield Entry(title, version, OURS, ready, covers, warm=warm, prelude=title != COLD)


def _said(matches: Iterable[Match]) -> dict[str, Any]:
    return {rule.name: holds or None for rule, holds, _ in matches}


def _of_round(run: Callable[[Bundle, Workload], Any], bundle: Bundle, given: Round) -> Any:
    return run(bundle, given.work)


def agree(found: Sequence[Entry], sets: Sets) -> None:
    """Raises AssertionError where the ways in which ours can be asked differ."""
    whole, made, _, _, plain, speaking, every = found
    for given in map(functools.partial(_anew, sets), range(len(sets))):
        expected = sets[given.number].expected
        assert whole.ask(given) == made.ask(given) == plain.ask(given), "decisions with and without the index differ"
        said = [{name: value for name, value in one.items() if value is not False} for one in expected]
        assert speaking.ask(given) == said, "rules found through the index and rules asked one by one differ"
        assert every.ask(given) == expected, "rules asked again answer otherwise"


# --- peers ------------------------------------------------------------------------------------------------------------


def libraries(sets: Sets, slow: int) -> Iterator[tuple[str, str, str, str, int | None, Callable[[], Any]]]:
    """Title, package, kind, what the time covers, rounds, and what makes the engine."""
    data = json.loads(json.dumps(sets[0].data(), ensure_ascii=False))

    def make(engine: Callable[[engines.Data], engines.Engine]) -> Callable[[], Callable[[Round], Any]]:
        def made() -> Callable[[Round], Any]:
            ready = engine(data)
            return lambda given: ready(given.asked)

        return made

    google, facts = "cel-expr-python (C++)", "facts handed over, one call a rule"
    yield google, "cel-expr-python", SAME, facts, None, make(engines.google)
    yield "common-expression-language (Rust)", "common-expression-language", SAME, facts, None, make(engines.rust)
    opa = "facts as JSON, one call a subject; all threads of Go"
    yield "OPA (Go, in process)", "opa-golib-python-bindings", SAME, opa, None, make(engines.opa)
    text = "facts by json_to_cel, one call a rule"
    yield "cel-python, interpreted", "cel-python", SAME, text, slow, make(engines.celpy)
    prepared = "facts converted and terms evaluated beforehand"
    title = "cel-python, interpreted, all prepared"
    yield title, "cel-python", HELPED, prepared, slow, lambda: _prepared([*sets[:slow], sets[-1]])
    fused = "all rules of a subject in one list: one call a subject"
    yield f"{google}, fused", "cel-expr-python", HELPED, fused, None, make(engines.google_fused)
    chosen = "asks the rules that hold and no other: a perfect index at no cost"
    yield f"{google}, told which hold", "cel-expr-python", HELPED, chosen, None, lambda: _chosen(data, sets)


def _chosen(data: engines.Data, sets: Sets) -> Callable[[Round], Any]:
    holding = [[[name for name, value in one.items() if value is not False] for one in work.expected] for work in sets]
    ready = engines.google_chosen(data)
    return lambda given: ready(given.asked, holding[given.number])


def _prepared(sets: Sets) -> Callable[[Round], Any]:
    law = with_cel(sets[0].bundle).on(sets[0].day)
    rules = sets[0].rules
    # what is prepared is kept by the identity of the variables
    asked = [[subject for profile in work.profiles for subject in work.of(profile)] for work in sets]
    return lambda given: [
        {rule.name: law.evaluate(rule.when, env) for rule in rules[each]} for each, env in asked[given.number]
    ]


def servers(sets: Sets, program: str, stack: contextlib.ExitStack) -> Iterator[Entry]:
    """Cerbos with an action a rule, and with one action whose outputs are the rules; 1 and 50 subjects a request."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    version, rules = cerbos.version(program), sets[0].cerbos
    for outputs, form, title in ((False, cerbos.by_action, "an action a rule"), (True, cerbos.by_output, "outputs")):
        place = folder / form.__name__
        cerbos.write(place / "policies", form(rules))
        pid, port = stack.enter_context(cerbos.serving(program, place, place / "policies"))
        for batch in (1, 50):
            client = stack.enter_context(contextlib.closing(cerbos.Client(port, rules, outputs, batch)))
            yield Entry(
                f"Cerbos, {title}, {batch} a request",
                version,
                SAME,
                functools.partial(_request, client),
                "HTTP and JSON; processor time of the server alone",
                functools.partial(processor, pid),
            )


def _request(client: cerbos.Client, given: Round) -> Answers:
    return client.ask(given.asked)


def gather(sets: Sets, options: argparse.Namespace, stack: contextlib.ExitStack) -> tuple[list[Entry], list[Row]]:
    """The peers that can be timed, and rows for those that cannot."""
    ready, refused = list[Entry](), list[Row]()
    for title, package, kind, covers, rounds, make in libraries(sets, options.slow):
        try:
            entry = Entry(title, importlib.metadata.version(package), kind, make(), covers, rounds=rounds)
        except (ImportError, importlib.metadata.PackageNotFoundError):
            refused.append(Row(title, note=f"not installed ({INSTALL.get(package, package)})"))
            continue
        except Exception as error:  # a peer that does not take the rules is a row, not a crash
            refused.append(Row(title, note=f"refused the rules: {str(error)[:160]}"))
            continue
        _admit(entry, sets, ready, refused)
    program = cerbos.find(options.cerbos)
    if program is None:
        return ready, [*refused, Row("Cerbos", note=f"not installed ({cerbos.INSTALL})")]
    try:
        for entry in servers(sets, program, stack):
            _admit(entry, sets, ready, refused)
    except (OSError, RuntimeError) as error:
        refused.append(Row("Cerbos", note=f"refused the rules: {str(error)[:160]}"))
    return ready, refused


def _admit(entry: Entry, sets: Sets, ready: list[Entry], refused: list[Row]) -> None:
    """Compare every answer of every round that the engine will be timed in."""
    wrong = errors = total = 0
    for number, work in enumerate(sets[: entry.rounds]):
        found = compare(work.expected, entry.ask(Round(number, work, work.asked)))
        wrong, errors, total = wrong + found[0], errors + found[1], total + work.questions
    fit, said = verdict(wrong, errors, total)
    note(f"{entry.title}: {said or f'all of {total:,} answers are the same'}")
    if fit:
        entry.covers += f"; {said}" if said else ""
        ready.append(entry)
    else:
        refused.append(Row(entry.title, note=said, more={"version": entry.version}))


# --- the table --------------------------------------------------------------------------------------------------------


def row(entry: Entry, times: Times, first: Times, sets: Sets) -> Row:
    """A line of the table."""
    found = spread(times, len(sets[0].profiles))
    rate = median(work.questions / cpu for work, cpu in zip(sets, times.cpu, strict=False))
    more = {
        "wall ms": round(found["wall"], 3),
        "rules/s": round(rate),
        "rounds": times.rounds,
        "version": entry.version,
    }
    ratio = ratio_of(times, first)
    return Row(entry.title, found["cpu"], found["cpu_least"], "ms a profile", ratio, entry.covers, more)


def ratio_of(times: Times, first: Times) -> float:
    """How many times as long as the first, round by round."""
    return median(one / other for one, other in zip(times.cpu, first.cpu, strict=False))


def targets(ready: Sequence[Entry], times: dict[str, Times]) -> list[Target]:
    """What was to be reached."""
    found = []
    first = times[WHOLE]
    peers = {entry.title: ratio_of(times[entry.title], first) for entry in ready if entry.kind == SAME}
    foreign = {title: ratio for title, ratio in peers.items() if not title.startswith("cel-python")}
    if foreign:
        fastest = min(foreign, key=lambda title: foreign[title])
        title = f"against the fastest peer outside Python ({fastest})"
        found.append(_target(f"the whole decision {title}", 20, foreign[fastest]))
        found.append(_target(f"every finding made {title}", 20, ratio_of(times[fastest], times[MADE])))
    slow = peers.get("cel-python, interpreted")
    if slow is not None:
        found.append(_target("the whole decision against cel-python's interpreter", 1000, slow))
    return found


def _name(title: str) -> str:
    """The engine, without how it is asked."""
    return re.sub(r"(: | \(|, ).*", "", title)


def _target(title: str, wanted: float, ratio: float) -> Target:
    return Target(title, f"{wanted:,.0f} times as fast", f"{ratio:,.1f}", ratio >= wanted)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--profiles", type=int, default=32, help="of a round")
    options.add_argument("--rounds", type=int, default=11)
    options.add_argument("--slow", type=int, default=3, metavar="ROUNDS", help="rounds of cel-python")
    options.add_argument("--cerbos", metavar="PROGRAM")
    given = options.parse_args()
    count = given.profiles
    work = shipped(WARM + count * given.rounds + PRELUDE)
    starts = [0, *range(WARM, WARM + count * given.rounds + 1, count), None]
    parts = [work.profiles[start:end] for start, end in itertools.pairwise(starts)]
    before, *sets = [Workload(work.bundle, work.day, profiles) for profiles in parts]
    own = list(ours(before, count))
    with contextlib.ExitStack() as stack:
        peers, refused = gather(sets, given, stack)
        ready = [*own, *peers]
        times = interleave([_candidate(entry, sets) for entry in ready], given.rounds)
    try:
        agree(own, sets)  # afterwards: nobody is to have seen the profiles before
    except AssertionError as error:
        print(error, file=sys.stderr)
        return 1
    timed = sets[:-1]
    rows = {entry.title: row(entry, times[entry.title], times[WHOLE], timed) for entry in ready}
    kinds = {entry.title: entry.kind for entry in ready}
    same = [rows[title] for title in rows if kinds[title] != HELPED]
    helped = [rows[title] for title in rows if kinds[title] == HELPED]
    unknown = sum(value is None for work in timed for one in work.expected for value in one.values())
    report = Report(
        "peers",
        f"{sum(map(len, work.law.rules.values()))} rules of {len(work.bundle.policies)} policies in force on "
        f"{work.day}; {given.rounds} rounds of {count} complete random profiles, with "
        f"{sum(len(work.asked) for work in timed)} subjects: {sum(work.questions for work in timed):,} answers, "
        f"{unknown} of them unknown. Each answer of a timed engine is ours, but for the errors that its note counts.",
        [
            Table("peers", "The same rules, all of them, in every engine", [*same, *refused], WHOLE),
            Table("helped", "Peers given some of what the whole decision has", helped, WHOLE),
        ],
        targets(ready, times),
        {_name(entry.title): entry.version for entry in ready},
    )
    return finish(report, given)


def _candidate(entry: Entry, sets: Sets) -> Candidate:
    ready = functools.partial(_anew if entry.kind == OURS else _subjects, sets)
    prelude = (lambda: entry.ask(ready(-1))) if entry.prelude else None
    found = Candidate(entry.title, entry.ask, rounds=entry.rounds, warm=entry.warm, ready=ready, prelude=prelude)
    return found if entry.clock is None else dataclasses.replace(found, clock=entry.clock)


def _anew(sets: Sets, number: int) -> Round:
    """A round whose profiles nobody else has been asked about."""
    return Round(number, sets[number].read_anew(), ())


def _subjects(sets: Sets, number: int) -> Round:
    """A round whose subjects nobody else has been asked about."""
    return Round(number, sets[number], copy.deepcopy(sets[number].asked))


if __name__ == "__main__":
    sys.exit(main())

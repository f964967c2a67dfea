"""The bundle's rules in other engines: the same rules and complete profiles, results compared before timing.

    python benchmarks/bench_micro.py [--profiles 32] [--rounds 7] [--slow 2] [--cerbos PROGRAM] [--json FILE]

Every rule in force is evaluated for every subject, in rounds that run each engine once. Each round has new profiles, so
that no result comes from memory, and they are read again for each engine, as a request or a file brings them. Ours
warms up on other profiles. Each turn starts with a few untimed profiles, because the engine before displaced the
processor's caches. cel-python, which takes seconds for a profile, has one round of few profiles. Peers are handed the
variables of each subject and only evaluate rules; ours starts from the facts of a profile and makes the whole decision,
with all its findings. An engine that is not installed, refuses the rules or differs in its results is named in the
table and not timed. The ratio compares processor times of the same round; the median over the rounds is reported. The
exit code is 1 if our own results differ among themselves.
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
from measure import Candidate, Report, Row, Table, Times, finish, interleave, median, note, parser, spread
from measure import processor_seconds as processor
from workload import Answers, Subjects, Workload, afresh, compare, shipped, verdict

from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.ruleset import Match, RuleSet
from vatspolicy.frozen import frozen

INSTALL = {
    "opa-golib-python-bindings": "pip install --no-deps --ignore-requires-python opa-golib-python-bindings==0.4.4",
}
"""Commands for packages that no extra can name, because their metadata demand a later Python than needed."""
WHOLE = "vatspolicy: the whole decision"
OURS, SAME, HELPED = "ours", "same", "helped"
"""Kinds of rows: ours; a peer that evaluates every rule; a peer with an advantage."""


@dataclasses.dataclass
class Entry:
    """An engine that is ready, and a description of the timed work."""

    title: str
    version: str
    kind: str
    ask: Callable[[Round], Any]
    covers: str
    clock: Callable[[], float] | None = None
    most: int | None = None
    """Profiles of the one round of a slow engine; None for every round whole."""
    warm: Callable[[], object] | None = None


@dataclasses.dataclass(frozen=True)
class Round:
    """One round: its number (-1 for the untimed start of a turn), and its profiles or, for a peer, its subjects."""

    number: int
    work: Workload
    asked: Subjects


Sets = Sequence[Workload]
"""Workloads by round; the last is the untimed start of each turn."""
PRELUDE = 8
"""Number of untimed profiles at the start of a turn."""
WARM = 400
"""Number of decisions that ours makes to warm up."""


# --- ours -------------------------------------------------------------------------------------------------------------


@frozen()
class PlainBundle(Bundle):
    """A bundle whose rule sets have no index."""

    @functools.cached_property
    def made(self) -> dict[str, RuleSet]:
        return {}

    def on(self, day: str) -> RuleSet:
        if day not in self.made:
            law = super().on(day)
            self.made[day] = dataclasses.replace(law, indexed=False)
        return self.made[day]


def ours(before: Workload) -> Iterator[Entry]:
    """Yield the whole decision with and without the index, and the rules alone, each with its own rule sets.

    `before`: profiles to warm up with.
    """
    version, day = importlib.metadata.version("vatspolicy"), before.day
    base = before.bundle
    plain = PlainBundle(**{item.name: getattr(base, item.name) for item in dataclasses.fields(Bundle)})
    kinds = {each: tuple(dict.fromkeys(rule.kind for rule in rules)) for each, rules in before.rules.items()}

    def decide(bundle: Bundle, work: Workload) -> list[Decision]:
        return [evaluate(bundle, profile, day) for profile in work.profiles]

    def match(bundle: Bundle, work: Workload) -> Answers:
        law = bundle.on(day)
        return [
            _by_name(law.match(each, activation, kinds[each]))
            for profile in work.profiles
            for each, activation in work.of(profile)
        ]

    def every(bundle: Bundle, work: Workload) -> Answers:
        return Workload(bundle, day, work.profiles).ask()

    for title, bundle, run, covers in (
        (WHOLE, afresh(base), decide, "facts to decision: classes, routes, findings, missing facts"),
        (f"{WHOLE}, no index", plain, decide, "the same, evaluating every rule"),
        ("vatspolicy: rules that match, by index", afresh(base), match, "facts to classes to the rules that match"),
        ("vatspolicy: every rule evaluated", afresh(base), every, "facts to classes to all rules, one call per rule"),
    ):
        ready = functools.partial(_of_round, run, bundle)
        yield Entry(title, version, OURS, ready, covers, warm=functools.partial(run, bundle, before))


def _by_name(matches: Iterable[Match]) -> dict[str, Any]:
    return {rule.name: holds or None for rule, holds, _ in matches}


def _of_round(run: Callable[[Bundle, Workload], Any], bundle: Bundle, given: Round) -> Any:
    return run(bundle, given.work)


def agree(found: Sequence[Entry], sets: Sets) -> None:
    """Raise AssertionError if the rows of ours differ in their results."""
    whole, plain, matching, every = found
    for given in map(functools.partial(_anew, sets), range(len(sets))):
        expected = sets[given.number].expected
        assert whole.ask(given) == plain.ask(given), "decisions with and without the index differ"
        matches = [{name: value for name, value in one.items() if value is not False} for one in expected]
        assert matching.ask(given) == matches, "rules matched by the index and rules evaluated one by one differ"
        assert every.ask(given) == expected, "rules evaluated again differ"


# --- peers ------------------------------------------------------------------------------------------------------------


def libraries(sets: Sets, slow: int) -> Iterator[tuple[str, str, str, str, int | None, Callable[[], Any]]]:
    """Yield title, package, kind, description of the timed work, most profiles, and the builder of each engine."""
    data = json.loads(json.dumps(sets[0].data(), ensure_ascii=False))

    def make(engine: Callable[[engines.Data], engines.Engine]) -> Callable[[], Callable[[Round], Any]]:
        def made() -> Callable[[Round], Any]:
            ready = engine(data)
            return lambda given: ready(given.asked)

        return made

    google, facts = "cel-expr-python (C++)", "facts handed over, one call per rule"
    yield google, "cel-expr-python", SAME, facts, None, make(engines.google)
    yield "common-expression-language (Rust)", "common-expression-language", SAME, facts, None, make(engines.rust)
    opa = "facts as JSON, one call per subject; all threads of Go"
    yield "OPA (Go, in process)", "opa-golib-python-bindings", SAME, opa, None, make(engines.opa)
    text = "facts by json_to_cel, one call per rule"
    yield "cel-python, interpreted", "cel-python", SAME, text, slow, make(engines.celpy)
    fused = "all rules of a subject in one list: one call per subject"
    yield f"{google}, fused", "cel-expr-python", HELPED, fused, None, make(engines.google_fused)
    chosen = "evaluates only the rules that match: a perfect index at no cost"
    yield f"{google}, told which match", "cel-expr-python", HELPED, chosen, None, lambda: _chosen(data, sets)


def _chosen(data: engines.Data, sets: Sets) -> Callable[[Round], Any]:
    holding = [[[name for name, value in one.items() if value is not False] for one in work.expected] for work in sets]
    ready = engines.google_chosen(data)
    return lambda given: ready(given.asked, holding[given.number])


def servers(sets: Sets, program: str, stack: contextlib.ExitStack) -> Iterator[Entry]:
    """Yield Cerbos, with the rules that hold as outputs of one action."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    version, rules = cerbos.version(program), sets[0].cerbos
    cerbos.write(folder / "policies", cerbos.by_output(rules))
    pid, port = stack.enter_context(cerbos.serving(program, folder, folder / "policies"))
    client = stack.enter_context(contextlib.closing(cerbos.Client(port, rules, True, 50)))
    yield Entry(
        "Cerbos, 50 subjects per request",
        version,
        SAME,
        functools.partial(_request, client),
        "HTTP and JSON; processor time of the server alone",
        functools.partial(processor, pid),
    )


def _request(client: cerbos.Client, given: Round) -> Answers:
    return client.ask(given.asked)


def gather(sets: Sets, options: argparse.Namespace, stack: contextlib.ExitStack) -> tuple[list[Entry], list[Row]]:
    """Return the peers that can be timed, and rows for the others."""
    ready, refused = list[Entry](), list[Row]()
    for title, package, kind, covers, most, make in libraries(sets, options.slow):
        try:
            entry = Entry(title, importlib.metadata.version(package), kind, make(), covers, most=most)
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
    """Compare every result of every round in which the engine will be timed."""
    wrong = errors = total = 0
    for number, work in enumerate(_part(sets, entry)):
        found = compare(work.expected, entry.ask(Round(number, work, work.asked)))
        wrong, errors, total = wrong + found[0], errors + found[1], total + work.questions
    fit, said = verdict(wrong, errors, total)
    note(f"{entry.title}: {said or f'all of {total:,} results are the same'}")
    if fit:
        entry.covers += f"; {said}" if said else ""
        ready.append(entry)
    else:
        refused.append(Row(entry.title, note=said, more={"version": entry.version}))


def _part(sets: Sets, entry: Entry) -> Sets:
    """Return the workloads that an engine is asked about: a slow one has a part of the first."""
    if entry.most is None:
        return sets
    return [Workload(sets[0].bundle, sets[0].day, sets[0].profiles[: entry.most])]


# --- the table --------------------------------------------------------------------------------------------------------


def row(entry: Entry, times: Times, first: Times, sets: Sets) -> Row:
    """Build a row of the table."""
    found = spread(times, entry.most or len(sets[0].profiles))
    more = {"wall ms": round(found["wall"], 3), "rounds": times.rounds}
    ratio = ratio_of(times, first) * (len(sets[0].profiles) / entry.most if entry.most else 1)
    return Row(entry.title, found["cpu"], found["cpu_least"], "ms a profile", ratio, entry.covers, more)


def ratio_of(times: Times, first: Times) -> float:
    """Return the median ratio to the first, round by round."""
    return median(one / other for one, other in zip(times.cpu, first.cpu, strict=False))


def _name(title: str) -> str:
    """Return the title without the way of use."""
    return re.sub(r"(: | \(|, ).*", "", title)


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--profiles", type=int, default=32, help="of a round")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--slow", type=int, default=2, metavar="PROFILES", help="profiles of cel-python")
    options.add_argument("--cerbos", metavar="PROGRAM")
    given = options.parse_args()
    count = given.profiles
    work = shipped(WARM + count * given.rounds + PRELUDE)
    starts = [0, *range(WARM, WARM + count * given.rounds + 1, count), None]
    parts = [work.profiles[start:end] for start, end in itertools.pairwise(starts)]
    before, *sets = [Workload(work.bundle, work.day, profiles) for profiles in parts]
    own = list(ours(before))
    with contextlib.ExitStack() as stack:
        peers, refused = gather(sets, given, stack)
        ready = [*own, *peers]
        times = interleave([_candidate(entry, sets) for entry in ready], given.rounds)
    try:
        agree(own, sets)  # after timing, so that the profiles are new to all
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
        "micro",
        f"{sum(map(len, work.law.rules.values()))} rules of {len(work.bundle.policies)} policies in force on "
        f"{work.day}; {given.rounds} rounds of {count} complete random profiles, with "
        f"{sum(len(work.asked) for work in timed)} subjects: {sum(work.questions for work in timed):,} results, "
        f"{unknown} of them unknown. Results of timed engines equal ours, except for the errors in their notes.",
        [Table("micro", "The same rules, all of them, in every engine", [*same, *helped, *refused], WHOLE)],
        [],
        {_name(entry.title): entry.version for entry in ready},
    )
    return finish(report, given)


def _candidate(entry: Entry, sets: Sets) -> Candidate:
    ready = functools.partial(_anew if entry.kind == OURS else _subjects, _part(sets, entry))
    slow = entry.most is not None
    found = Candidate(
        entry.title,
        entry.ask,
        rounds=1 if slow else None,
        warm=entry.warm,
        ready=ready,
        prelude=None if slow else lambda: entry.ask(ready(-1)),
    )
    return found if entry.clock is None else dataclasses.replace(found, clock=entry.clock)


def _anew(sets: Sets, number: int) -> Round:
    """Return a round with profiles read again."""
    return Round(number, sets[number].read_anew(), ())


def _subjects(sets: Sets, number: int) -> Round:
    """Return a round with copied subjects."""
    return Round(number, sets[number], copy.deepcopy(sets[number].asked))


if __name__ == "__main__":
    sys.exit(main())

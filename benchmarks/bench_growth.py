"""Growth of the time of a decision with the number of rules and of profiles, beside two other engines.

    python benchmarks/bench_growth.py [--profiles 4] [--rounds 7] [--most 1000] [--json FILE]

Rules: the shipped law 1, 2, 4 and 8 times, the copies about other things (see multiply.py), on random profiles. The
results of peers are compared at each size, and the findings of decisions counted. Profiles: 1, 10, 100, 1000 realistic
ones; the time of one should not depend on their number. Each round has new profiles. Larger bundles are cached in
compiled form, as every bundle is.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import importlib.metadata
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import engines
from measure import Candidate, Report, Row, Table, Target, Times, finish, interleave, median, note, parser
from multiply import multiplied
from profiles import profiles
from workload import Workload, afresh, compare, draw_profiles, verdict

from vatspolicy.core.engine.decision import Decision
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import Bundle, load_bundle
from vatspolicy.core.profile.profile import Profile, load_profile

SIZES = (1, 2, 4, 8)
MOST = 4
"""Eight times the rules are to take less than this many times as long."""
PEERS = {
    "cel-expr-python (C++)": ("cel-expr-python", engines.google, 1000),
    "common-expression-language (Rust)": ("common-expression-language", engines.rust, 100),
}
"""Titles, packages, what makes the engine, and for how many profiles there is time."""
ROUNDS_OF_FEW = 5
"""Rounds of up to a hundred profiles."""
WARM = 100
"""How many decisions ours has made before the first round."""
OURS = "vatspolicy: the whole decision"


@dataclass
class Size:
    """A bundle, who is asked about it, how much a decision finds, and what is to be said of peers."""

    factor: int
    rules: int
    findings: float
    runs: dict[str, Candidate]
    said: list[Row]


def size(bundle: Bundle, factor: int, sets: Sequence[Sequence[Profile]], before: Sequence[Profile], day: str) -> Size:
    """Prepare the engines for one bundle. `sets`: profiles by round; `before`: profiles to warm up with."""
    works = [Workload(bundle, day, profiles) for profiles in sets]
    data = works[0].data()
    runs: dict[str, Candidate] = {}
    said: list[Row] = []
    for title, (bundle_file, make, most) in PEERS.items():
        if len(sets[0]) > most:
            continue
        try:
            engine = make(data)
        except ImportError:
            said.append(Row(title, note=f"not installed ({bundle_file})"))
            continue
        found = [compare(work.expected, engine(work.asked)) for work in works]
        fit, about = verdict(
            sum(one for one, _ in found), sum(two for _, two in found), sum(w.questions for w in works)
        )
        if about:
            said.append(Row(f"{title}, {factor}x the rules, {len(sets[0]):,} profiles a round", note=about))
        if fit:
            runs[title] = Candidate(title, engine, ready=lambda number: copy.deepcopy(works[number].asked))
    findings = [_findings(evaluate(bundle, profile, day)) for work in works for profile in work.profiles]
    anew = afresh(bundle)  # this one has never seen the profiles
    decide = functools.partial(_decide, anew)
    warm = functools.partial(_warm, anew, before, day)
    own = {OURS: Candidate(OURS, decide, warm=warm, ready=lambda number: works[number].read_anew())}
    rules = sum(map(len, works[0].law.rules.values()))
    return Size(factor, rules, sum(findings) / len(findings), {**own, **runs}, said)


def _decide(bundle: Bundle, work: Workload) -> None:
    """One after the other, and none is kept: a thousand decisions at once are work for the garbage collector."""
    for profile in work.profiles:
        evaluate(bundle, profile, work.day)


def _warm(bundle: Bundle, profiles: Sequence[Profile], day: str) -> None:
    for _ in range(WARM // len(profiles) + 1):
        for profile in profiles:
            evaluate(bundle, profile, day)


def _findings(decision: Decision) -> int:
    lists = (decision.denials, decision.needs, decision.would_need, decision.met, decision.duties, decision.advice)
    return sum(map(len, (*lists, decision.undetermined)))


def by_rules(base: Bundle, sets: Sequence[Sequence[Profile]]) -> tuple[Table, float]:
    """Return a row per engine and size, and the ratio of our times with eight times the rules."""
    day = base.boundaries[-1]
    before, *timed = sets
    sizes = []
    for factor in SIZES:
        note(f"{factor} times the rules")
        bundle = multiplied(base, factor, True) if factor > 1 else base
        sizes.append(size(bundle, factor, timed, before, day))
    candidates = [
        dataclasses.replace(run, name=f"{one.factor} {title}") for one in sizes for title, run in one.runs.items()
    ]
    times = interleave(candidates, len(timed))
    rows = []
    for title in sizes[0].runs:
        spent = {one.factor: times[f"{one.factor} {title}"] for one in sizes if title in one.runs}
        more = {f"{factor}x": _each(one, len(timed[0])) for factor, one in spent.items() if factor > 1}
        last = max(spent)
        rows.append(
            Row(
                title,
                _each(spent[1], len(timed[0])),
                None,
                "ms a profile",
                None,
                "",
                {**more, f"{last}x to 1x": round(_ratio(spent[last], spent[1]), 2)},
            )
        )
    rows += _once(row for one in sizes for row in one.said)
    return Table("rules", "More rules", rows), _ratio(times[f"8 {OURS}"], times[f"1 {OURS}"])


def by_profiles(base: Bundle, most: int) -> Table:
    """Return a row per engine and number of realistic profiles, all different."""
    day = base.boundaries[-1]
    counts = [count for count in (1, 10, 100, 1000) if count <= most]
    drawn = [load_profile(data) for data in profiles(ROUNDS_OF_FEW * sum(counts) + 50, missing=0.0)]
    before, drawn = drawn[:50], drawn[50:]
    rows: dict[str, dict[int, float]] = {}
    said: list[Row] = []
    for count in counts:
        note(f"{count} profiles")
        turns = 1 if count >= 1000 else ROUNDS_OF_FEW
        sets = [drawn[count * turn : count * (turn + 1)] for turn in range(turns)]
        drawn = drawn[count * turns :]
        ready = size(base, 1, sets, before, day)
        said += ready.said
        for title, times in interleave(list(ready.runs.values()), turns).items():
            rows.setdefault(title, {})[count] = _each(times, count)
    found = [
        Row(
            title,
            each[counts[0]],
            None,
            "ms a profile",
            None,
            "",
            {f"{count:,}": each[count] for count in counts[1:] if count in each},
        )
        for title, each in rows.items()
    ]
    return Table("profiles", "More profiles", [*found, *_once(said)])


def _once(rows: Iterable[Row]) -> list[Row]:
    """Return rows without repetitions: an engine that is not installed is not installed at any size."""
    return list({(row.what, row.note): row for row in rows}.values())


def _each(times: Times, count: int) -> float:
    """Return milliseconds of the processor for a profile."""
    return median(times.cpu) / count * 1e3


def _ratio(times: Times, first: Times) -> float:
    """Return the median ratio over the rounds."""
    return median(one / other for one, other in zip(times.cpu, first.cpu, strict=True))


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--profiles", type=int, default=4, help="of a round, as rules grow")
    options.add_argument("--rounds", type=int, default=7)
    options.add_argument("--most", type=int, default=1000, help="most profiles")
    given = options.parse_args()
    base = load_bundle()
    count = given.profiles
    drawn = draw_profiles(base, count * (given.rounds + 1))
    sets = [drawn[start : start + count] for start in range(0, len(drawn), count)]
    rules, times = by_rules(base, sets)
    profile_table = by_profiles(base, given.most)
    wanted = f"less than {MOST} times as long"
    report = Report(
        "growth",
        f"The shipped law 1, 2, 4 and 8 times, {given.profiles} complete random profiles a round; peers' answers were "
        "compared with ours.",
        [rules, profile_table],
        [Target(f"a decision with {SIZES[-1]} times the rules", wanted, f"{times:.1f} times", times < MOST)],
        {title.partition(" (")[0]: _version(bundle_file) for title, (bundle_file, *_) in PEERS.items()},
    )
    return finish(report, given)


def _version(bundle_file: str) -> str:
    try:
        return importlib.metadata.version(bundle_file)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


if __name__ == "__main__":
    sys.exit(main())

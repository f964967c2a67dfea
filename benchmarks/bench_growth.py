"""Growth of the time of a decision with the number of rules and of profiles, beside two other engines.

    python benchmarks/bench_growth.py [--profiles 4] [--rounds 7] [--most 1000] [--json FILE]

Rules: the shipped law 1, 2, 4 and 8 times, as copies and as other law (see multiply.py), on random profiles. The
results of peers are compared at each size, and the findings of decisions counted. Profiles: 1, 10, 100, 1000 realistic
ones; the time of one should not depend on their number. Each round has new profiles. Larger bundles are cached in
compiled form under build/bench/cache.
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import importlib.metadata
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from measure import BUILD, Candidate, Report, Row, Table, Target, Times, finish, interleave, median, note, parser

os.environ.setdefault("VATSPOLICY_CACHE", str(BUILD / "cache"))

import engines
from multiply import multiplied
from profiles import profiles
from workload import Workload, afresh, compare, draw_profiles, verdict

from vatspolicy.engine.decision import Decision
from vatspolicy.engine.evaluator import evaluate
from vatspolicy.policies.bundle import Bundle, load_bundle
from vatspolicy.profile.profile import Profile, load_profile

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
OURS, EVERY = "vatspolicy: the whole decision", "vatspolicy: every rule asked"


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
    own = {
        title: Candidate(title, run, warm=made_warm, ready=lambda number: works[number].read_anew())
        for title, run, made_warm in ((OURS, decide, warm), (EVERY, Workload.ask, None))
    }
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


def by_rules(base: Bundle, sets: Sequence[Sequence[Profile]], other: bool) -> tuple[Table, float]:
    """Return a row per engine and size, and the ratio of our times with eight times the rules."""
    form = "other law" if other else "copies"
    day = base.boundaries[-1]
    before, *timed = sets
    sizes = []
    for factor in SIZES:
        note(f"{factor} times the rules, {form}")
        bundle = multiplied(base, factor, other) if factor > 1 else base
        sizes.append(size(bundle, factor, timed, before, day))
    candidates = [
        dataclasses.replace(run, name=f"{one.factor} {title}") for one in sizes for title, run in one.runs.items()
    ]
    times = interleave(candidates, len(timed))
    rows = []
    for title in sizes[0].runs:
        first = times[f"1 {title}"]
        for one in sizes:
            if title not in one.runs:
                continue
            spent = times[f"{one.factor} {title}"]
            more = {"rules": one.rules, "findings": round(one.findings, 1)} if title == OURS else {"rules": one.rules}
            rows.append(_row(f"{title}, {one.factor}x", spent, first, len(timed[0]), more))
    rows += [row for one in sizes for row in one.said]
    title = "More rules: " + ("law about other things" if other else "exact copies, so that findings multiply")
    table = Table(form.replace(" ", "-"), title, rows, "the same engine, 1x")
    return table, _ratio(times[f"8 {OURS}"], times[f"1 {OURS}"])


def by_profiles(base: Bundle, most: int) -> Table:
    """Return a row per engine and number of realistic profiles, all different."""
    day = base.boundaries[-1]
    counts = [count for count in (1, 10, 100, 1000) if count <= most]
    drawn = [load_profile(data) for data in profiles(ROUNDS_OF_FEW * sum(counts) + 50, missing=0.0)]
    before, drawn = drawn[:50], drawn[50:]
    rows: dict[str, list[Row]] = {}
    said: list[Row] = []
    for count in counts:
        note(f"{count} profiles")
        turns = 1 if count >= 1000 else ROUNDS_OF_FEW
        sets = [drawn[count * turn : count * (turn + 1)] for turn in range(turns)]
        drawn = drawn[count * turns :]
        ready = size(base, 1, sets, before, day)
        said += ready.said
        for title, times in interleave(list(ready.runs.values()), turns).items():
            row = _row(f"{title}, {count:,}", times, times, count, {"rounds": times.rounds})
            rows.setdefault(title, []).append(row)
    for found in rows.values():
        first = found[min(1, len(found) - 1)].median or 0.0
        for row in found:
            row.ratio = (row.median or 0.0) / first
    every = [row for found in rows.values() for row in found]
    return Table("profiles", "More profiles", [*every, *said], "the same engine, 10 profiles")


def _row(what: str, times: Times, first: Times, per: int, more: dict[str, Any]) -> Row:
    cpu, least = median(times.cpu) / per * 1e3, min(times.cpu) / per * 1e3
    return Row(what, cpu, least, "ms a profile", _ratio(times, first), "", more)


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
    copies, copied = by_rules(base, sets, False)
    other, others = by_rules(base, sets, True)
    profile_table = by_profiles(base, given.most)
    wanted = f"less than {MOST} times as long"
    report = Report(
        "growth",
        f"The shipped law 1, 2, 4 and 8 times, {given.profiles} complete random profiles a round; peers' answers were "
        "compared with ours.",
        [copies, other, profile_table],
        [
            Target("8 times the rules, law about other things", wanted, f"{others:.1f}", others < MOST),
            Target("8 times the rules, exact copies", wanted, f"{copied:.1f}", copied < MOST),
        ],
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

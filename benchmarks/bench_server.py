"""Decisions of servers: rate, latency, processor time and size of the answer, beside Cerbos and OPA's server.

    python benchmarks/bench_server.py [--seconds 4] [--rules 100] [--fixtures N] [--cerbos PROGRAM] [--opa PROGRAM]

Two workloads, each with the same rules and the same profiles for every server, at 1, 8 and 32 connections:

- invented denials over the share and the services, as a policy, a Cerbos policy and a module of Rego;
- the shipped law on the fixtures. Ours makes whole decisions, brief or full (`?detail=full`); peers are handed
  the subjects with their classes worked out, in one request, and say which of the rules hold.

All answers are compared before timing. Processor time is that of the server and its workers. Client and servers share
the machine: trust the ratio.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cerbos as pdp
import servers
from invented import Invented, agree
from load import Load, ask, load, request
from measure import Report, Row, Table, Target, figure, finish, note, parser
from workload import Answers, Workload, compare, verdict

from tests.support.shipped import fixture_files
from vatspolicy.core.engine.evaluator import evaluate
from vatspolicy.core.policies.bundle import load_bundle
from vatspolicy.core.profile.profile import Profile, load_profile
from vatspolicy.errors import InvalidInput

CONNECTIONS = (1, 8, 32)
PATH, FULL = "/v1/data/vatspolicy/decision", "/v1/data/vatspolicy/decision?detail=full"
OURS, CERBOS, OPA = "vatspolicy", "Cerbos", "OPA's server"
TIMES_CERBOS, FULL_MS, FULL_KB = 5, 1.5, 40
"""Targets: times as fast as Cerbos on the whole law; processor time and size of a full decision."""


@dataclass
class Figures:
    """Figures of one server and one workload."""

    title: str
    runs: dict[int, tuple[Load, float]]
    """By the number of connections, the view of the client, and milliseconds of the processor for a decision."""
    size: float
    """Median bytes of a response."""
    megabytes: float

    @property
    def errors(self) -> int:
        return sum(run.errors for run, _ in self.runs.values())

    def cpu(self) -> float:
        """Return milliseconds of the processor for a decision at 8 connections, or the most there were."""
        return self.runs[8 if 8 in self.runs else max(self.runs)][1]

    def row(self, first: Figures) -> Row:
        """As a row of the table. `first`: the server to compare with."""

        def each(value: Callable[[Load, float], float]) -> str:
            return " / ".join(figure(value(*run)) for run in self.runs.values())

        more = {
            "decisions/s": each(lambda run, _: round(run.rate)),
            "p50 ms": each(lambda run, _: run.percentile(50)),
            "p99 ms": each(lambda run, _: run.percentile(99)),
            "KB of the answer": round(self.size / 1e3, 1),
            "MB": round(self.megabytes),
        }
        note_ = f"{self.errors} errors" if self.errors else ""
        return Row(self.title, self.cpu(), None, "ms processor a decision", self.cpu() / first.cpu(), note_, more)


def measure(title: str, server: servers.Server, messages: Sequence[bytes], options: argparse.Namespace) -> Figures:
    """Measure a server at each number of connections, after a short run to warm up."""
    size = statistics.median(map(len, ask(server.port, messages)))
    runs = {}
    for connections in CONNECTIONS:
        load(server.port, messages, min(1.0, options.seconds / 4), connections)
        before = server.cpu()
        run = load(server.port, messages, options.seconds, connections)
        runs[connections] = (run, (server.cpu() - before) / len(run.latencies) * 1e3)
    found = Figures(title, runs, size, server.megabytes())
    note(f"{title}: {', '.join(f'{run.rate:.0f}/s' for run, _ in runs.values())}")
    return found


def ours_title(rest: str, count: int) -> str:
    """Return the title of a row of ours."""
    return f"{OURS}{rest}, {count} workers" if count > 1 else f"{OURS}{rest}"


# --- invented rules ---------------------------------------------------------------------------------------------------


def invented(options: argparse.Namespace, folder: Path) -> tuple[list[Figures], list[Row]]:
    """Measure every server on the invented rules.

    Raises: RuntimeError if an answer is wrong.
    """
    rules = Invented(options.rules)
    found, missing = list[Figures](), list[Row]()
    policies = rules.write_policies(folder / "policies")
    for count in servers.workers():
        with servers.ours(policies, count) as server:
            messages = rules.messages(PATH)
            said = [json.loads(reply)["result"]["decision"] for reply in ask(server.port, messages)]
            if strange := set(said) - {"allow", "deny"}:
                raise RuntimeError(f"ours says {strange.pop()} on the invented rules")
            agree(OURS, [word == "deny" for word in said], rules.denied)
            found.append(measure(ours_title("", count), server, messages, options))
    program = pdp.find(options.cerbos)
    if program is None:
        missing.append(Row(CERBOS, note=f"not installed ({pdp.INSTALL})"))
    else:
        (folder / "cerbos").mkdir()
        with pdp.serving(program, folder / "cerbos", rules.write_cerbos(folder / "cerbos" / "policies")) as (pid, port):
            messages = rules.cerbos_messages()
            replies = [json.loads(reply)["results"][0]["actions"]["launch"] for reply in ask(port, messages)]
            agree(CERBOS, [effect == "EFFECT_DENY" for effect in replies], rules.denied)
            found.append(measure(CERBOS, servers.Server(pid, port), messages, options))
    other = servers.find_opa(options.opa)
    if other is None:
        missing.append(Row(OPA, note=servers.OPA_MISSING))
    else:
        with servers.opa(other, rules.write_rego(folder / "rego")) as server:
            messages = rules.messages("/v1/data/bench/decision")
            agree(OPA, [json.loads(reply)["result"] == "deny" for reply in ask(server.port, messages)], rules.denied)
            found.append(measure(OPA, server, messages, options))
    return found, missing


# --- the law ----------------------------------------------------------------------------------------------------------


def fixtures(most: int) -> list[Profile]:
    """Return the profiles of at most so many fixtures, from all folders."""
    found = []
    for path in fixture_files():
        with contextlib.suppress(InvalidInput):  # a few are wrong on purpose
            found.append(load_profile(path))
    return found[:: max(1, len(found) // most)][:most]


def rules_named(decision: Any) -> set[str]:
    """Return the names of the rules in the findings of a full decision."""
    lists = ("denials", "needs", "would_need", "met", "duties", "advice", "undetermined")
    return {finding["rule"] for name in lists for finding in decision[name]}


def check_ours(work: Workload, brief: Sequence[bytes], full: Sequence[bytes]) -> None:
    """Raise RuntimeError if a served decision is not that of the evaluator."""
    for profile, short, long in zip(work.profiles, brief, full, strict=True):
        expected = evaluate(work.bundle, profile, work.day)
        named = {finding.rule.name for part in PARTS for finding in getattr(expected, part)}
        result = json.loads(long)["result"]
        if json.loads(short)["result"]["decision"] != expected.decision:
            raise RuntimeError(f"a brief decision differs: {profile.document.data['product']['id']}")
        if result["decision"] != expected.decision or rules_named(result) != named:
            raise RuntimeError(f"a full decision differs: {profile.document.data['product']['id']}")


PARTS = ("denials", "needs", "would_need", "met", "duties", "advice", "undetermined")


def cerbos_messages(work: Workload, outputs: bool) -> list[bytes]:
    """Return a request of Cerbos for each profile: all of its subjects, all rules."""
    names = {each: [name for name, _ in entries] for each, entries in work.cerbos.items()}
    return [
        request(
            "/api/check/resources",
            pdp.body(
                [
                    entry
                    for place, (each, facts) in enumerate(work.plain(profile))
                    for entry in pdp.resources(names, outputs, place, each, facts)
                ]
            ),
        )
        for profile in work.profiles
    ]


def opa_messages(work: Workload) -> list[bytes]:
    """Return a request of OPA for each profile: all of its subjects, all rules."""
    return [
        request(
            "/v1/data/bench/fires",
            {"input": {"subjects": [{"each": each, "facts": facts} for each, facts in work.plain(profile)]}},
        )
        for profile in work.profiles
    ]


def judge(title: str, work: Workload, replies: Sequence[bytes], read: Callable[[bytes, Answers], None]) -> str:
    """Return a note on the answers of a peer, compared with ours one by one.

    Raises: RuntimeError if it may not be timed.
    """
    names = {each: [rule.name for rule in rules] for each, rules in work.rules.items()}
    found: Answers = []
    for profile, reply in zip(work.profiles, replies, strict=True):
        blank: Answers = [dict.fromkeys(names[each], False) for each, _ in work.of(profile)]
        read(reply, blank)
        found += blank
    fit, said = verdict(*compare(work.expected, found), work.questions)
    note(f"{title}: {said or f'all of {work.questions:,} results are the same'}")
    if not fit:
        raise RuntimeError(f"{title}: {said}")
    return said


def read_fires(reply: bytes, found: Answers) -> None:
    """Set the rules that OPA says hold."""
    for place, names in json.loads(reply)["result"].items():
        found[int(place)].update(dict.fromkeys(names, True))


def law(options: argparse.Namespace, folder: Path, work: Workload) -> tuple[list[Figures], list[Row]]:
    """Measure every server on the shipped law.

    Raises: RuntimeError if an answer of ours is wrong.
    """
    found, missing = list[Figures](), list[Row]()
    asked = [{"input": profile.document.data, "as_of": work.day} for profile in work.profiles]
    short, full = ([request(path, one) for one in asked] for path in (PATH, FULL))
    for count in servers.workers():
        with servers.ours(None, count) as server:
            check_ours(work, ask(server.port, short), ask(server.port, full))
            found.append(measure(ours_title(", brief", count), server, short, options))
            found.append(measure(ours_title(", full", count), server, full, options))
    program = pdp.find(options.cerbos)
    if program is None:
        missing.append(Row(CERBOS, note=f"not installed ({pdp.INSTALL})"))
    else:
        place = folder / "cerbos-law"
        pdp.write(place / "policies", pdp.by_output(work.cerbos))
        messages = cerbos_messages(work, True)
        with pdp.serving(program, place, place / "policies") as (pid, port):
            try:
                judge(CERBOS, work, ask(port, messages), lambda reply, blank: pdp.read(reply, True, blank))
                found.append(measure(CERBOS, servers.Server(pid, port), messages, options))
            except RuntimeError as error:
                missing.append(Row(CERBOS, note=str(error)[:160]))
    other = servers.find_opa(options.opa)
    if other is None:
        missing.append(Row(OPA, note=servers.OPA_MISSING))
    else:
        with servers.opa(other, servers.write_law(folder / "rego-law", work)) as server:
            messages = opa_messages(work)
            try:
                judge(OPA, work, ask(server.port, messages), read_fires)
                found.append(measure(OPA, server, messages, options))
            except RuntimeError as error:
                missing.append(Row(OPA, note=str(error)[:160]))
    return found, missing


# --- the report -------------------------------------------------------------------------------------------------------


def named(found: Sequence[Figures], title: str) -> Figures | None:
    """Return the last figures whose title begins so: those with the most workers."""
    return next((one for one in reversed(found) if one.title.startswith(title)), None)


def expect(title: str, form: str, found: Sequence[Figures]) -> str:
    """Return a sentence on the rate and the latency at 8 connections."""
    figures = named(found, title)
    assert figures
    run = figures.runs[8][0]
    return f"The server makes {run.rate:,.0f} {form} decisions a second, 99 of 100 within {run.percentile(99):.0f} ms."


def targets(small: Sequence[Figures], large: Sequence[Figures], rules: int) -> list[Target]:
    """Return the targets that these figures can judge."""
    found = []
    ours, peer = named(small, OURS), named(small, CERBOS)
    brief, full, whole = (named(large, title) for title in (f"{OURS}, brief", f"{OURS}, full", CERBOS))
    assert ours
    assert brief
    assert full
    if peer:
        found.append(
            Target(
                "a brief decision on the whole law, processor time",
                f"at most that of Cerbos for {rules} rules, {peer.cpu():.2f} ms",
                f"{brief.cpu():.2f} ms",
                brief.cpu() <= peer.cpu(),
            )
        )
    if whole:
        times = whole.cpu() / brief.cpu()
        found.append(
            Target(
                "the same against Cerbos on the whole law",
                f"{TIMES_CERBOS} times as fast",
                f"{times:.1f} times ({whole.cpu():.2f} ms)",
                times >= TIMES_CERBOS,
            )
        )
    if peer:
        for connections in CONNECTIONS[1:]:
            mine, theirs = ours.runs[connections][0], peer.runs[connections][0]
            found.append(
                Target(
                    f"decisions a second, invented rules, {connections} connections",
                    f"at least Cerbos's {theirs.rate:,.0f}, p99 at most its {theirs.percentile(99):.1f} ms",
                    f"{mine.rate:,.0f}, p99 {mine.percentile(99):.1f} ms",
                    mine.rate >= theirs.rate and mine.percentile(99) <= theirs.percentile(99),
                )
            )
    size = full.size / 1e3
    found.append(
        Target(
            "a full decision, median of the fixtures",
            f"at most {FULL_MS} ms of the processor, {FULL_KB} KB",
            f"{full.cpu():.2f} ms, {size:.0f} KB",
            full.cpu() <= FULL_MS and size <= FULL_KB,
        )
    )
    return found


def main() -> int:
    """Measure and print a table; return 1 if a response was wrong."""
    arguments = parser(__doc__)
    arguments.add_argument("--seconds", type=float, default=4)
    arguments.add_argument("--rules", type=int, default=100)
    arguments.add_argument("--fixtures", type=int, default=96, help="profiles for the law")
    arguments.add_argument("--cerbos", metavar="PROGRAM")
    arguments.add_argument("--opa", metavar="PROGRAM")
    options = arguments.parse_args()
    bundle = load_bundle()
    work = Workload(bundle, bundle.boundaries[-1], fixtures(options.fixtures))
    try:
        with tempfile.TemporaryDirectory() as temporary:
            small, no_small = invented(options, Path(temporary))
            large, no_large = law(options, Path(temporary), work)
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    connections = " / ".join(map(str, CONNECTIONS))
    rules = sum(map(len, work.law.rules.values()))
    report = Report(
        "server",
        f"{connections} connections for {options.seconds:g} s each; client and servers share the machine. "
        "Processor time is the server's, at 8 connections.",
        [
            Table(
                "invented",
                f"{options.rules} invented rules",
                [*(one.row(small[0]) for one in small), *no_small],
                small[0].title,
            ),
            Table(
                "law",
                f"The whole law, {rules} rules, {len(work.profiles)} fixtures",
                [*(one.row(large[0]) for one in large), *no_large],
                large[0].title,
            ),
        ],
        targets(small, large, options.rules),
        expect=[expect(f"{OURS}, {form}", form, large) for form in ("brief", "full")],
    )
    return finish(report, options, not any(one.errors for one in (*small, *large)))


if __name__ == "__main__":
    sys.exit(main())

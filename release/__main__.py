"""Build what a release consists of, into dist/: `make release`, or python -m release --help.

Nothing is published here. The tools are those of release/requirements.txt, and times are those of the commit: two runs
from one commit give equal bytes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from release.addresses import ROOT, UNSET, find_differences, read_address, read_owner
from release.pythons import find_python, supported

DIST, WORK = ROOT / "dist", ROOT / "build/release"
PINNED = ROOT / "release/requirements.txt"
REHEARSAL = ROOT / "release/rehearsal.jwk"
"""The key of RFC 8037, appendix A, which everybody has: what it signs is not released."""
EXTRAS = "calendar,sign"
"""Extras of the package that builds the site and signs."""
PYODIDE = "314.0.7"
LARGEST_CORE = 45_000_000
"""Most bytes of an installation without extras, byte code included and pip left out."""
KEYLESS = "keyless"
SPEC = ROOT / "fixtures/access/cloud-hosting-beijing.yaml"
CHINA = timezone(timedelta(hours=8))


class NotReleasable(Exception):
    """A reason not to release."""


@dataclass(frozen=True)
class Source:
    """The state of the repository that is released."""

    version: str
    commit: str
    epoch: int
    """Time of the commit, in seconds."""
    number: int
    """Number of commits up to it, by which the bundle of the law is counted."""
    tag: str
    """The tag of this version that stands at the commit, or an empty text."""

    @property
    def environment(self) -> dict[str, str]:
        """The environment of every step, with times of the commit and versions that are pinned."""
        own = ("VATSPOLICY_BUILD_REPOSITORY", "VATSPOLICY_BUILD_PUBLISHED")
        kept = {
            name: value
            for name, value in os.environ.items()
            if name in own or not name.startswith(("PYTHON", "VATSPOLICY"))
        }
        return {
            "VATSPOLICY_BUILD_PUBLISHED": "1",
            **({} if self.tag else {"VATSPOLICY_BUILD_REHEARSAL": "1"}),
            **kept,
            "SOURCE_DATE_EPOCH": str(self.epoch),
            "PIP_CONSTRAINT": str(PINNED),
            "PIP_BUILD_CONSTRAINT": str(PINNED),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PYTHONHASHSEED": "0",
            "TZ": "UTC",
        }


def run(*command: str | Path, source: Source, cwd: Path = ROOT, data: bytes | None = None) -> bytes:
    """Run a step and return what it prints. Raises NotReleasable if it fails."""
    shown = " ".join(map(str, command[:4]))
    ran = subprocess.run(command, cwd=cwd, env=source.environment, input=data, capture_output=True, check=False)
    if ran.returncode:
        sys.stderr.buffer.write(ran.stdout[-4000:] + ran.stderr[-4000:])
        raise NotReleasable(f"{shown} … has failed ({ran.returncode})")
    return ran.stdout


# --- what is released -----------------------------------------------------------------------------------------------


def read_source() -> Source:
    """Return the state of the repository. Raises NotReleasable for one that nobody can build again."""

    def git(*arguments: str) -> str:
        return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()

    if changed := git("status", "--porcelain"):
        raise NotReleasable(f"these files are not committed:\n{changed}")
    if git("rev-parse", "--is-shallow-repository") == "true":
        raise NotReleasable("this clone is shallow: its commits cannot be counted")
    version = read_version()
    pushed = os.environ.get("GITHUB_REF_NAME", "") if os.environ.get("GITHUB_REF_TYPE") == "tag" else ""
    tags = {name for name in (*git("tag", "--points-at", "HEAD").split(), pushed) if re.match(r"v\d", name)}
    if others := tags - {f"v{version}"}:
        raise NotReleasable(f"the tag {', '.join(sorted(others))} is not that of version {version}: v{version}")
    return Source(
        version=version,
        commit=git("rev-parse", "HEAD"),
        epoch=int(git("log", "-1", "--format=%ct")),
        number=int(git("rev-list", "--count", "HEAD")),
        tag="".join(tags),
    )


def read_version() -> str:
    """Return the version, which stands in one place: src/vatspolicy/__init__.py."""
    found = re.findall(
        r'^__version__ = "(.+)"$', (ROOT / "src/vatspolicy/__init__.py").read_text("utf-8"), re.MULTILINE
    )
    [version] = found
    return str(version)


def read_notes(version: str) -> tuple[str, bool]:
    """Return the section of the changelog about a version, and whether it has a date.

    Raises: NotReleasable if there is none, or nothing in it.
    """
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(version)} \(([^)\n]+)\)\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None or not found[2].strip():
        raise NotReleasable(f"CHANGELOG.md says nothing about {version}")
    return found[2].strip() + "\n", re.fullmatch(r"\d{4}-\d{2}-\d{2}", found[1]) is not None


def require_releasable(source: Source, signing: str) -> None:
    """Raise NotReleasable for a state that may be rehearsed and not released."""
    if different := find_differences():
        raise NotReleasable("these name another owner than pyproject.toml; run make owner:\n" + "\n".join(different))
    _, dated = read_notes(source.version)
    if not source.tag:
        return
    repository = os.environ.get("GITHUB_REPOSITORY")
    faults = {
        "pyproject.toml: the address of the repository is not set: make owner NAME=…": read_owner() == UNSET,
        f"CHANGELOG.md: {source.version} has no date": not dated,
        "no key signs the law: SIGN=KEY.pem, or SIGN=keyless in the workflow": not signing,
        f"pyproject.toml names another repository than {repository}": repository is not None
        and read_address() != f"{os.environ.get('GITHUB_SERVER_URL')}/{repository}",
    }
    if named := [fault for fault, holds in faults.items() if holds]:
        raise NotReleasable(f"{source.tag} cannot be released:\n" + "\n".join(named))


# --- steps ----------------------------------------------------------------------------------------------------------


def build_packages(source: Source) -> Path:
    """Build the sdist, and the wheel from it; return the wheel."""
    run(sys.executable, "-m", "build", "--outdir", DIST, source=source)
    [wheel] = DIST.glob("*-py3-none-any.whl")
    run(sys.executable, "-m", "twine", "check", "--strict", *sorted(DIST.iterdir()), source=source)
    return wheel


def install(python: str, wheel: Path, name: str, source: Source, extras: str = "") -> Path:
    """Install the wheel into a new environment without pip; return its programs."""
    home = WORK / name
    run(python, "-m", "venv", "--without-pip", home, source=source)
    package = f"vatspolicy{f'[{extras}]' if extras else ''} @ {wheel.as_uri()}"
    run(sys.executable, "-m", "pip", "--python", home / "bin/python", "install", "--quiet", package, source=source)
    return home / "bin"


def decide(programs: Path, source: Source) -> tuple[bytes, str]:
    """Return the decision of a first start, and its time and memory. Raises NotReleasable if it compiled the law."""
    cache = programs.parent / "cache"
    options = "--as-of 2026-03-01 --allow-past-as-of --no-fail -f json"
    command = [str(programs / "vatspolicy"), "check", str(SPEC), *options.split()]
    begun = time.perf_counter()
    with (programs.parent / "decision.json").open("w+b") as answer:
        environment = source.environment | {"VATSPOLICY_CACHE": str(cache)}
        started = subprocess.Popen(command, cwd=programs.parent, env=environment, stdout=answer)
        _, status, usage = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - begun
        answer.seek(0)
        decision = answer.read()
    if started.returncode or not decision:
        raise NotReleasable(f"{programs}: the wheel does not decide ({started.returncode})")
    if cache.is_dir() and any(path.name.startswith(("bundle", "code")) for path in cache.iterdir()):
        raise NotReleasable(f"{programs}: the first start compiled the law, which the wheel should hold")
    return decision, f"{seconds * 1000:.0f} ms, {usage.ru_maxrss / 1024:.0f} MB"


def try_pythons(wheel: Path, source: Source) -> None:
    """Install the wheel on each supported Python of this machine and compare what they decide."""
    decisions: set[bytes] = set()
    for version in supported():
        python = find_python(version)
        if not python:
            say(f"  Python {version}: not on this machine; CI tests it")
            continue
        decision, figures = decide(install(python, wheel, f"python{version}", source), source)
        decisions.add(decision)
        say(f"  Python {version}: decides; first start {figures}")
    if len(decisions) != 1:
        raise NotReleasable(f"{len(decisions)} decisions on the versions of Python, and there should be one")


def require_small(programs: Path) -> int:
    """Return the bytes of an installation. Raises NotReleasable if it takes more than LARGEST_CORE."""
    size = sum(path.stat().st_size for path in (programs.parent / "lib").rglob("*") if path.is_file())
    if size > LARGEST_CORE:
        raise NotReleasable(f"the core takes {size / 1e6:.1f} MB, more than {LARGEST_CORE / 1e6:.1f}")
    return size


def build_law(programs: Path, source: Source, signing: str) -> Path:
    """Build the bundle of the law and sign it, unless the workflow signs it without a key; return its path."""
    law = DIST / f"vatspolicy-law-{source.version}.tar.gz"
    tool = programs / "vatspolicy"
    run(tool, "bundle", "build", "--law", ROOT / "policies", "--number", str(source.number), "-o", law, source=source)
    if signing == KEYLESS:
        run(tool, "bundle", "verify", law, "--skip-verify", source=source)
        return law
    key = Path(signing).resolve() if signing else REHEARSAL
    run(tool, "bundle", "sign", law, "--key", key, source=source)
    public = WORK / "public.pem"
    public.write_bytes(_in_product(programs, _PUBLIC, source, str(key)))
    run(tool, "bundle", "verify", law, "--key", public, source=source)
    return law


_PUBLIC = """
import sys, pathlib
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from vatspolicy.bundles.keys import read_key
key = read_key(pathlib.Path(sys.argv[1]), private=True)
sys.stdout.buffer.write(key.verifier.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
"""
_SEAL = """
import sys, pathlib
from vatspolicy.bundles.keys import read_key, seal
key = read_key(pathlib.Path(sys.argv[1]), private=True)
print(seal(sys.stdin.buffer.read(), "application/vnd.in-toto+json", key))
"""


def _in_product(programs: Path, code: str, source: Source, *arguments: str, data: bytes | None = None) -> bytes:
    return run(programs / "python", "-c", code, *arguments, source=source, data=data)


def build_site(programs: Path, source: Source) -> None:
    """Build the site with the page that decides, as of the day of the commit in China."""
    npm, site = WORK / "npm", WORK / "site"
    flags = ("--silent", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts")
    run("npm", "install", *flags, "--prefix", npm, f"pyodide@{PYODIDE}", source=source)
    pyodide = npm / "node_modules/pyodide"
    day = datetime.fromtimestamp(source.epoch, CHINA).date().isoformat()
    command = ("docs", "build", "--format", "html", "--as-of", day, "--pyodide", pyodide, "-o", site)
    run(programs / "vatspolicy", *command, source=source)
    stamp = datetime.fromtimestamp(source.epoch, UTC).timetuple()[:6]
    with zipfile.ZipFile(DIST / f"vatspolicy-site-{source.version}.zip", "w") as archive:
        for path in sorted(path for path in site.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(site).as_posix(), stamp)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)


def attest(programs: Path, source: Source, signing: str) -> None:
    """Write where the files come from: an in-toto statement with SLSA provenance, in a signed envelope (DSSE)."""
    address = read_address()
    statement = {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in digests().items()],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {
            "buildDefinition": {
                "buildType": f"{address}/blob/{source.commit}/docs/releasing.md",
                "externalParameters": {"version": source.version, "command": "make release"},
                "internalParameters": {"SOURCE_DATE_EPOCH": source.epoch, "number": source.number},
                "resolvedDependencies": [{"uri": f"git+{address}", "digest": {"gitCommit": source.commit}}],
            },
            "runDetails": {"builder": {"id": f"{address}/blob/{source.commit}/release/__main__.py"}},
        },
    }
    payload = json.dumps(statement, sort_keys=True, separators=(",", ":")).encode()
    key = str(Path(signing).resolve() if signing else REHEARSAL)
    sealed = _in_product(programs, _SEAL, source, key, data=payload)
    (DIST / f"vatspolicy-{source.version}.intoto.jsonl").write_bytes(sealed)


def digests() -> dict[str, str]:
    """Return the SHA-256 of every file in dist/ by its path there."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(DIST.iterdir())}


def write_sums(files: Mapping[str, str]) -> None:
    """Write SHA256SUMS, as `sha256sum --check` reads it."""
    (DIST / "SHA256SUMS").write_text("".join(f"{digest}  {name}\n" for name, digest in files.items()), encoding="utf-8")


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


def prepare(tests: Sequence[str], signing: str) -> Source:
    """Return what is released once its tests have passed. Raises NotReleasable, CalledProcessError if a test fails."""
    source, bounds = read_source(), os.environ.get("PYTEST_ARGS", "").strip()
    require_releasable(source, signing)
    if source.tag and (not tests or bounds):
        raise NotReleasable(f"{source.tag} is released once all tests have passed: leave TESTS and PYTEST_ARGS out")
    say(f"vatspolicy {source.version}, {source.tag or 'no tag: a rehearsal'}, commit {source.commit[:12]}")
    if tests:
        say(f"Tests: make {' '.join(tests)}{f', of which those of {bounds}' if bounds else ''}")
        subprocess.run(["make", "--no-print-directory", *tests], cwd=ROOT, check=True)
    return source


def build(source: Source, signing: str) -> None:
    """Build every file. Raises NotReleasable, CalledProcessError."""
    from release.bill import write_bill  # of tools that .venv-release alone has
    from release.image import lint_dockerfile, try_image

    for folder in (DIST, WORK):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    say("The wheel and the sdist")
    wheel = build_packages(source)
    try_pythons(wheel, source)
    programs = install(sys.executable, wheel, "product", source, EXTRAS)
    say("The law")
    law = build_law(programs, source, signing)
    say("The site")
    build_site(programs, source)
    say("The image")
    lint_dockerfile()
    say(f"  {try_image(WORK / 'image', source.environment)}")
    say("Notes, bill of materials, attestation, checksums")
    (DIST / "NOTES.md").write_text(read_notes(source.version)[0], encoding="utf-8")
    core = install(sys.executable, wheel, "core", source)
    say(f"  the core takes {require_small(core) / 1e6:.1f} MB")
    write_bill(core / "python", wheel, law, source.version, source.environment)
    if signing != KEYLESS:
        attest(programs, source, signing)
    write_sums(digests())
    for path in sorted(DIST.iterdir()):
        say(f"  {path.relative_to(ROOT)}  {path.stat().st_size:,} bytes")
    if not source.tag:
        say("Rehearsed. Do not publish these files: no tag stands at this commit.")


def main() -> int:
    """Release, or say why not."""
    parser = argparse.ArgumentParser(prog="make release", description="Build a release into dist/.")
    parser.add_argument("--tests", default="", help="targets of make that must pass first")
    parser.add_argument(
        "--sign", default="", help=f"a private key, or `{KEYLESS}`: the workflow signs what is built here"
    )
    arguments = parser.parse_args()
    try:
        build(prepare(arguments.tests.split(), arguments.sign), arguments.sign)
    except (NotReleasable, subprocess.CalledProcessError, ValueError) as error:
        print(f"make release: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

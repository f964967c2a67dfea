"""A cache entry is used only when it is whole, fresh, ours, and made by this code; anything else is built anew."""

from __future__ import annotations

import hashlib
import importlib.util
import itertools
import marshal
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.console import Console, Ran, needs_posix
from vatspolicy import compile_cache as cache
from vatspolicy.core.cel.codegen import module_name
from vatspolicy.core.documents.schemas import SchemaSet
from vatspolicy.core.policies import shipping
from vatspolicy.core.policies.bundle import build_bundle, load_bundle

DATA = {"a": [1, 2.5, "三", None, True], ("b", 0): (b"x", {"c": "d"})}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VATSPOLICY_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Build:
    """Counts how often an entry is built."""

    def __init__(self, data: Any = DATA) -> None:
        self.data, self.times = data, 0

    def __call__(self) -> Any:
        self.times += 1
        return self.data

    def ask(self, key: str = "k" * 64) -> Any:
        return cache.get_or_build("thing", key, self, lambda data: {"seen": data})


def own(folder: Path, kind: str) -> list[Path]:
    """The entries of a kind."""
    return [path for path in folder.iterdir() if path.name.startswith(f"{kind}-")]


def entry(folder: Path) -> Path:
    [path] = folder.iterdir()
    return path


def test_an_entry_is_built_once(folder: Path) -> None:
    build = Build()
    assert build.ask() == build.ask() == {"seen": DATA}
    assert build.times == 1
    assert entry(folder).stat().st_mode & 0o077 == 0


def test_equal_texts_and_bytes_are_kept_once(folder: Path) -> None:
    texts = ["".join(["text", "s"]) * 1000 for _ in range(9)]
    sizes: list[int] = []
    for count, key in ((1, "one"), (9, "nine")):
        data = [(text, text.encode()) for text in texts[:count]]
        assert cache.get_or_build("test", key, Build(data), lambda data: data) == data
        sizes.append(sum(file.stat().st_size for file in folder.rglob("test-*")) - sum(sizes))
    assert sizes[1] < sizes[0] + 200


def test_another_key_is_another_entry(folder: Path) -> None:
    build = Build()
    build.ask("a" * 64)
    build.ask("b" * 64)
    assert (build.times, len(list(folder.iterdir()))) == (2, 2)


def flip(body: bytes) -> bytes:
    return body[:-3] + bytes([body[-3] ^ 1]) + body[-2:]


def with_hash(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


@pytest.mark.parametrize(
    "change",
    [
        lambda body: b"",
        lambda body: body[: len(body) // 2],
        flip,
        lambda body: body + b"x",
        lambda body: b"\n" + body,
        lambda body: with_hash(b""),
        lambda body: with_hash(b"\x00garbage"),
        lambda body: with_hash(b"["),
        lambda body: with_hash(marshal.dumps({"a": 1})[:-1]),
        lambda body: "é".encode() + body,
    ],
    ids=["empty", "cut", "flipped", "longer", "no-hash", "nothing", "rubbish", "half-list", "half-dict", "no-ascii"],
)
def test_a_spoilt_entry_is_built_anew(folder: Path, change: Any) -> None:
    build = Build()
    build.ask()
    entry(folder).write_bytes(change(entry(folder).read_bytes()))
    assert build.ask() == {"seen": DATA}
    assert build.times == 2
    assert build.ask() == {"seen": DATA}
    assert build.times == 2, "the spoilt entry was replaced"


def test_whole_data_of_another_shape_is_built_anew(folder: Path, law: Path) -> None:
    load_bundle(law)
    path = next(path for path in folder.iterdir() if path.name.startswith("bundle-"))
    shapes: tuple[Any, ...] = (
        {},
        [],
        {"version": "1"},
        {"version": "1", "covers_from": "2020-01-01", "policies": [{}], "module": {}},
    )
    for shape in shapes:
        path.write_bytes(with_hash(marshal.dumps(shape)))
        assert load_bundle(law).policies
        assert path.stat().st_size > 1000


def data_of(path: Path) -> Any:
    return marshal.loads(path.read_bytes().partition(b"\n")[2])


def nested(depth: int) -> Any:
    """Return a list in a list, `depth` times."""
    data: Any = 0
    for _ in range(depth):
        data = [data]
    return data


SPOILT: dict[str, Callable[[Any], Any]] = {
    "number": lambda data: 7,
    "text": lambda data: "spoilt",
    "list": lambda data: [],
    "table": lambda data: {},
    "pair of nothing": lambda data: (None, None),
    "pair of tables": lambda data: ({}, {}),
    "half": lambda data: data[: len(data) // 2] if isinstance(data, list | tuple) else {"version": "1"},
    "code": lambda data: compile("1", "<generated>", "exec"),
    "deep": lambda data: nested(900),
    "no names of code": lambda data: {**data, "module": dict.fromkeys(data["module"], None)},
    "old row": lambda data: {**data, "policies": [row[:-1] for row in data["policies"]]},
    "no trees": lambda data: (data[0], dict.fromkeys(data[1], b"")),
    "wrong trees": lambda data: (data[0], dict.fromkeys(data[1], marshal.dumps(["?", 1]))),
    "trees of numbers": lambda data: (data[0], dict.fromkeys(data[1], 3)),
    "text for digests": lambda data: {**data, "value": "spoilt"},
    "one digest": lambda data: {**data, "value": data["value"][:1]},
    "numbers for digests": lambda data: {**data, "value": [1, 2]},
}
"""What a user may make of an entry, with the right digest."""


@needs_posix
@pytest.mark.parametrize("kind", ["policies", "compiler", "bundle", "policy", "code", "invariants"])
def test_an_entry_that_its_user_spoilt_changes_no_run(
    tmp_path_factory: pytest.TempPathFactory,
    copy_of_law: Path,
    monkeypatch: pytest.MonkeyPatch,
    console: Console,
    kind: str,
) -> None:
    """A run ends as with an empty cache, whatever whole data stands in the entries of one kind."""
    monkeypatch.setattr(cache, "SETTLED", -(10**12))
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("VATSPOLICY_CACHE", str(folder))
    spec = Path(__file__).parents[1] / "fixtures" / "access" / "cloud-hosting-beijing.yaml"

    def run() -> Ran:
        cache.compiler_digest.cache_clear()
        SchemaSet.shipped().__dict__.pop("compile_key", None)
        SchemaSet.shipped()._derived.clear()
        return console("check", spec, "--law", copy_of_law, "--as-of", "2027-03-01")

    right = run()
    assert right.code in (0, 1), right
    assert run() == right
    whole = {path: path.read_bytes() for path in own(folder, kind)}
    assert whole
    for title, spoil in SPOILT.items():
        for path in whole:
            try:
                path.write_bytes(with_hash(marshal.dumps(spoil(data_of(path)))))
            except (LookupError, TypeError, AttributeError):  # no such part in entries of this kind
                continue
            if kind == "policy":  # read only if the bundle is compiled
                for bundle in own(folder, "bundle"):
                    bundle.unlink()
            assert run() == right, title
            path.write_bytes(whole[path])


@needs_posix
@pytest.mark.parametrize("mode", [0o770, 0o777, 0o702])
def test_a_folder_that_others_may_write_to_is_not_used(folder: Path, mode: int) -> None:
    build = Build()
    build.ask()
    kept = entry(folder).read_bytes()
    folder.chmod(mode)
    build.ask()
    assert build.times == 2
    assert entry(folder).read_bytes() == kept
    entry(folder).unlink()
    build.ask()
    assert list(folder.iterdir()) == [], "nothing is written there, either"


@needs_posix
def test_an_entry_or_folder_that_is_a_link_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = Build()
    build.ask()
    moved = folder.with_name("moved")
    path = entry(folder)
    path.rename(moved)
    path.symlink_to(moved)
    build.ask()
    assert build.times == 2
    linked = folder.with_name("linked")
    linked.symlink_to(folder)
    monkeypatch.setenv("VATSPOLICY_CACHE", str(linked))
    build.ask()
    assert build.times == 3


@needs_posix
def test_a_pipe_is_no_entry(folder: Path) -> None:
    build = Build()
    build.ask()
    path = entry(folder)
    path.unlink()
    os.mkfifo(path)
    assert build.ask() == {"seen": DATA}


@pytest.mark.parametrize("variable", ["VATSPOLICY_CACHE", "XDG_CACHE_HOME"])
@pytest.mark.parametrize("place", ["here", "below", "relative", "linked", "repository", "home"])
def test_an_entry_of_the_checkout_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, place: str
) -> None:
    """A clone has files that are whole, of the user's own, and not writable by others; an entry is code."""
    checkout = tmp_path / "checkout"
    work = checkout / "work"
    work.mkdir(parents=True)
    elsewhere = tmp_path / "elsewhere"
    monkeypatch.delenv("VATSPOLICY_CACHE", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.chdir(work)
    name = "" if variable == "VATSPOLICY_CACHE" else "vatspolicy"
    build = Build()
    monkeypatch.setenv(variable, str(elsewhere))
    build.ask()
    build.ask()
    assert build.times == 1, "elsewhere it is used"

    real = {"here": work, "repository": checkout / ".cache", "home": work / ".cache"}.get(place, work / "cache")
    real.mkdir(exist_ok=True)
    shutil.copytree(elsewhere, real, dirs_exist_ok=True)
    given = {"relative": "cache", "linked": str(tmp_path / "link")}.get(place, str(real))
    (tmp_path / "link").symlink_to(real)
    if place == "repository":
        (checkout / ".git").mkdir()
    monkeypatch.setenv(variable, given)
    if place == "home":
        monkeypatch.delenv(variable)
        monkeypatch.setenv("HOME", str(work))
        shutil.copytree(elsewhere / name, work / ".cache" / "vatspolicy", dirs_exist_ok=True)
    before = sorted(checkout.rglob("*"))
    build.ask()
    assert build.times == 2
    assert sorted(checkout.rglob("*")) == before, "nothing is written there, either"


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_what_others_may_write_is_not_read(folder: Path, mode: int) -> None:
    build = Build()
    build.ask()
    entry(folder).chmod(mode)
    build.ask()
    assert build.times == 2


@needs_posix
def test_what_belongs_to_another_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = Build()
    build.ask()
    monkeypatch.setattr(os, "getuid", lambda: entry(folder).stat().st_uid + 1)
    build.ask()
    assert build.times == 2


@pytest.mark.usefixtures("folder")
def test_what_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    build = Build()
    build.ask()
    monkeypatch.setattr(cache, "LIMIT", 10)
    build.ask()
    assert build.times == 2


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VATSPOLICY_CACHE", str(tmp_path / "file" / "cache"))
    build = Build()
    assert build.ask() == build.ask() == {"seen": DATA}
    assert build.times == 2


@needs_posix
def test_a_full_disk_leaves_no_half_entry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert Build().ask() == {"seen": DATA}
    assert list(folder.iterdir()) == []


def test_an_edited_policy_is_another_entry(folder: Path, law: Path) -> None:
    sources = [(path.name, path.read_bytes()) for path in sorted(law.glob("*.yaml"))]
    before = build_bundle(sources)
    edited = [(name, data + b"# a comment\n") for name, data in sources]
    assert build_bundle(edited).digest != before.digest
    assert len([path for path in folder.iterdir() if path.name.startswith("bundle-")]) == 2


# --- what goes ---------------------------------------------------------------------------------------------------------


def taken(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_laws_unused_for_longest_go(folder: Path, law: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of many states of the law, those stay that were compiled or read last; a law that went is compiled anew."""
    sources = [(name, (law / name).read_bytes()) for name in ("bundle.yaml", "definitions.yaml")]

    def decide(state: int) -> set[str]:
        """Load a state of the law; return the entries that this made."""
        before = set(os.listdir(folder)) if folder.is_dir() else set()
        build_bundle([(name, text + b"# %d" % state) for name, text in sources])
        return set(os.listdir(folder)) - before

    first = decide(0)
    monkeypatch.setattr(cache, "MOST", 5 * taken(folder))
    second = decide(1)
    for state in range(2, 40):
        assert decide(state)
        assert decide(0) == set(), "what is used stays"
    assert taken(folder) <= cache.MOST + cache._OFTEN * max(path.stat().st_size for path in folder.iterdir())
    assert decide(39) == set()
    assert {name for name in first if name.startswith("bundle-")} <= set(os.listdir(folder))
    assert not second & set(os.listdir(folder))
    assert decide(1) == second


def test_the_first_entry_of_a_process_makes_room(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only entries go, and what a killed process left of them; files of the user's own stay."""
    folder.mkdir(mode=0o700)
    old = [f"thing-{number:040}.cpython-310" for number in range(6)] + [f"thing-{7:040}.cpython-310x_1"]
    kept = ["thesis.txt", "bundle-notes.txt", f"x-{1:040}", ".hidden"]
    for age, name in enumerate([*kept, *old]):
        (folder / name).write_bytes(b"x" * 1000)
        os.utime(folder / name, (age, age))
    (folder / f"thing-{8:040}.folder").mkdir()
    monkeypatch.setattr(cache, "MOST", 100)
    monkeypatch.setattr(cache, "_written", itertools.count())
    Build(1).ask("a" * 40)
    name = f"thing-{'a' * 40}.data"
    assert set(os.listdir(folder)) == {*kept, name, f"thing-{8:040}.folder"}


# --- what ships with a wheel -------------------------------------------------------------------------------------------


@pytest.fixture
def shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which a wheel has its entries."""
    monkeypatch.setattr(cache, "SHIPPED", str(tmp_path / "shipped"))
    return tmp_path / "shipped"


def move(folder: Path, shipped: Path, kind: str) -> Path:
    """Entries of the user's become the wheel's; the user has none any more."""
    shipped.mkdir()
    for path in own(folder, kind):
        path.rename(shipped / path.name)
    for path in folder.iterdir():
        path.unlink()
    return next(shipped.iterdir())


def test_what_ships_is_read_whoever_owns_it(folder: Path, shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build = Build()
    build.ask()
    move(folder, shipped, "thing").chmod(0o664)
    if hasattr(os, "getuid"):
        monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert build.ask() == {"seen": DATA}
    assert build.times == 1
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "change", [lambda body: body[: len(body) // 2], flip, lambda _: with_hash(b"x"), lambda _: b""]
)
def test_what_ships_spoilt_is_built_anew_in_the_users_cache(folder: Path, shipped: Path, change: Any) -> None:
    build = Build()
    build.ask()
    path = move(folder, shipped, "thing")
    path.write_bytes(change(path.read_bytes()))
    spoilt = path.read_bytes()
    assert build.ask() == build.ask() == {"seen": DATA}
    assert build.times == 2
    assert path.read_bytes() == spoilt, "an installation is not written to"


def test_what_ships_has_its_code_as_a_source_file(folder: Path, shipped: Path, law: Path) -> None:
    """No code of the law is kept where the user may write: the installation has it, and Python its byte code."""
    bundle = load_bundle(law)
    source = str(bundle.module["source"])
    move(folder, shipped, "bundle")
    path = shipped / f"{module_name(bundle.module['digest'])}.py"
    path.write_text(source, encoding="utf-8")
    again = load_bundle(law)
    assert again.on("2026-03-01").rules
    assert again._module.source == source
    assert again._module._code.co_filename == str(path)
    assert own(folder, "bundle") == own(folder, "code") == []


def test_a_wheel_holds_the_generated_source_once(
    folder: Path, shipped: Path, monkeypatch: pytest.MonkeyPatch, law: Path
) -> None:
    monkeypatch.setattr(shipping, "load_bundle", lambda: load_bundle(law))
    source = load_bundle(law).module["source"]
    shipping.write_compiled(str(folder))
    [code] = folder.glob("code_*.py")
    name = code.name
    assert code.read_text(encoding="utf-8") == source
    [data] = own(folder, "bundle")
    assert source.encode() not in data.read_bytes()
    folder.rename(shipped)
    folder.mkdir()
    again = load_bundle(law)
    assert (again.module["source"], again._module.source) == ("", source)
    assert again.on("2026-03-01").rules
    assert own(folder, "bundle") == []
    (shipped / name).unlink()
    assert load_bundle(law).module["source"] == source, "an installation without the module compiles anew"


def test_code_that_is_kept_is_of_one_python(folder: Path, law: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_bundle(law).on("2026-03-01").rules
    assert (len(own(folder, "bundle")), len(own(folder, "code"))) == (1, 1)
    monkeypatch.setattr(importlib.util, "MAGIC_NUMBER", b"another")
    assert load_bundle(law).on("2026-03-01").rules
    assert (len(own(folder, "bundle")), len(own(folder, "code"))) == (1, 2), "only code is made anew"


def test_code_that_is_none_is_made_anew(folder: Path, law: Path) -> None:
    load_bundle(law).on("2026-03-01")
    [path] = own(folder, "code")
    path.write_bytes(with_hash(marshal.dumps("print()")))
    assert load_bundle(law).on("2026-03-01").rules
    assert path.stat().st_size > 1000


def test_data_is_in_a_format_of_every_python(folder: Path) -> None:
    Build().ask()
    assert (cache.FORMAT, marshal.loads(entry(folder).read_bytes()[65:])) == (4, DATA)


def test_what_ships_is_of_these_sources_only(folder: Path, shipped: Path, copy_of_law: Path) -> None:
    load_bundle(copy_of_law)
    move(folder, shipped, "bundle")
    assert load_bundle(copy_of_law).rule("vats-pilot-2024/pilot-access").since
    assert own(folder, "bundle") == [], "read from what ships"
    policy = copy_of_law / "vats-pilot-2024.yaml"
    policy.write_text(policy.read_text().replace("pilot-access", "pilot-excess"))
    edited = load_bundle(copy_of_law)
    assert edited.rule("vats-pilot-2024/pilot-excess").since
    assert len(own(folder, "bundle")) == 1, "compiled anew"


def test_what_ships_is_of_this_code_only(
    folder: Path, shipped: Path, law: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_bundle(law)
    move(folder, shipped, "bundle")
    monkeypatch.setitem(vars(SchemaSet.shipped()), "compile_key", "another version of schemas or code")
    load_bundle(law)
    assert len(own(folder, "bundle")) == 1, "compiled anew"


# --- what is not read again while no file was touched ------------------------------------------------------------------


def digests(*texts: str) -> list[str]:
    """Two digests of texts."""
    return [cache.digest(text.encode() for text in order) for order in (texts, texts[::-1])]


class Work:
    """Counts how often files are read."""

    def __init__(self, place: Path) -> None:
        self.place, self.times = place, 0

    def __call__(self) -> list[str]:
        self.times += 1
        return digests(*(path.read_text() for path in sorted(self.place.rglob("*.yaml"))))

    def ask(self) -> list[str]:
        return cache.cached_digests("state", [(str(self.place), ".yaml")], self)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Work:
    """Two files that were written long ago, and a cache of their own."""
    monkeypatch.setenv("VATSPOLICY_CACHE", str(tmp_path / "cache"))
    place = tmp_path / "files"
    (place / "inner").mkdir(parents=True)
    (place / "a.yaml").write_text("one")
    (place / "inner" / "b.yaml").write_text("two")
    monkeypatch.setattr(cache, "SETTLED", -(10**12))
    return Work(place)


def same_date(path: Path, text: str) -> None:
    """Other words of the same length, and the date of the old ones."""
    before = path.stat()
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)


@needs_posix
def test_files_are_read_once(work: Work) -> None:
    assert work.ask() == work.ask() == digests("one", "two")
    assert work.times == 1


@needs_posix
@pytest.mark.parametrize(
    "touch",
    [
        lambda place: same_date(place / "a.yaml", "eno"),
        lambda place: same_date(place / "inner" / "b.yaml", "owt"),
        lambda place: (place / "a.yaml").write_text("longer"),
        lambda place: (place / "c.yaml").write_text("new"),
        lambda place: (place / "inner" / "b.yaml").unlink(),
        lambda place: (place / "a.yaml").rename(place / "z.yaml"),
        lambda place: os.replace(place / "inner" / "b.yaml", place / "a.yaml"),
    ],
    ids=["same-size-and-date", "inner", "longer", "new", "gone", "renamed", "replaced"],
)
def test_a_file_that_was_touched_is_read(work: Work, touch: Any) -> None:
    work.ask()
    touch(work.place)
    assert work.ask() == Work(work.place)()
    assert work.times == 2


@pytest.mark.skipif("NO_FAKE_STAT" in os.environ, reason="files keep their true times under a false clock")
@needs_posix
def test_a_file_just_written_is_read_again(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could be written once more within the same tick of the file system's clock."""
    monkeypatch.setattr(cache, "SETTLED", 3 * 10**9)
    now = time.time_ns()
    monkeypatch.setattr(cache, "nanoseconds", lambda: now)
    work.ask()
    work.ask()
    assert work.times == 2
    monkeypatch.setattr(cache, "nanoseconds", lambda: now + 10**11)
    work.ask()
    work.ask()
    assert work.times == 3


@needs_posix
def test_files_that_change_while_they_are_read_are_not_remembered(work: Work) -> None:
    def changing() -> list[str]:
        found = Work.__call__(work)
        same_date(work.place / "a.yaml", "eno")
        return found

    places = [(str(work.place), ".yaml")]
    assert cache.cached_digests("state", places, changing) == digests("one", "two")
    assert cache.cached_digests("state", places, work) == digests("eno", "two")


@needs_posix
def test_spoilt_notes_of_files_are_not_believed(work: Work, folder: Path) -> None:
    work.ask()
    [path] = own(folder, "state")
    state = data_of(path)["state"]
    spoilt: list[Any] = [{"state": 1}, [], *({"state": state, "value": value} for value in ("one", None, 1, ["a"] * 2))]
    for times, data in enumerate([*spoilt, {"state": state, "value": ["0" * 64]}], 2):
        path.write_bytes(with_hash(marshal.dumps(data)))
        assert work.ask() == digests("one", "two")
        assert work.times == times
    path.write_bytes(flip(path.read_bytes()))
    assert work.ask() == digests("one", "two")


def test_where_times_do_not_tell_files_are_read(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_state", lambda _: None)
    assert work.ask() == work.ask()
    assert work.times == 2


@needs_posix
@pytest.mark.usefixtures("folder")
def test_an_edit_of_the_law_is_never_missed(copy_of_law: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Size and date as before, and the law is the edited one, with its own digest."""
    monkeypatch.setattr(cache, "SETTLED", -(10**12))
    before = load_bundle(copy_of_law)
    assert load_bundle(copy_of_law).digest == before.digest
    policy = copy_of_law / "vats-pilot-2024.yaml"
    same_date(policy, policy.read_text().replace("pilot-access", "pilot-excess"))
    after = load_bundle(copy_of_law)
    assert after.digest != before.digest
    assert after.rule("vats-pilot-2024/pilot-excess").since
    assert (
        after.digest == build_bundle([(str(path), path.read_bytes()) for path in sorted(copy_of_law.iterdir())]).digest
    )

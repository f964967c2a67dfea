"""`vatspolicy check` on files of one megabyte that are made to be slow: each must end with exit code 3 in two seconds.

    python benchmarks/bench_hostile.py [--bytes 1048576] [--json FILE]

Files are wrong in one way as often as they have room for it: misspelled words, unknown keys, nesting, aliases, repeated
keys, long keys and numbers, many documents, bytes that are no text. None is larger, so that none is refused unread.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench_startup import spawn
from measure import Report, Row, Table, Target, finish, note, parser
from servers import PROGRAM

LIMIT = 2.0
"""Target: seconds by the clock, for each file."""
SLOWEST = 4
"""Files that the table names."""
WORDS = {
    "area": (
        "shanghai-songjiang",
        '{"schema":2,"product":{"id":"p"},"company":{},"services":[{"id":"s","area":[%s]}]}',
    ),
    "offers": (
        "cloud-infrastructure",
        '{"schema":2,"product":{"id":"p"},"company":{},"services":[{"id":"s","offers":[%s]}]}',
    ),
    "investor_origin": ("US", '{"schema":2,"product":{"id":"p"},"company":{"investor_origin":[%s]},"services":[]}'),
    "certificates": ("iso-27001", '{"schema":2,"product":{"id":"p"},"company":{"certificates":[%s]},"services":[]}'),
    "facilities": (
        "data-center",
        '{"schema":2,"product":{"id":"p"},"company":{},"services":[{"id":"s","facilities":[%s]}]}',
    ),
    "services": ("web", '{"schema":2,"product":{"id":"p"},"company":{},"services":[%s]}'),
}
"""By list: a word to misspell, and the spec around the list."""
SPEC = "schema: 2\nproduct: {id: p}\ncompany: {foreign_percent: 0}\nservices:\n  - {id: s, offers: [company-site]}\n"


def fill(size: int, piece: Callable[[int], str], separator: str = "") -> str:
    """Repeat numbered pieces up to a size in bytes."""
    parts: list[str] = []
    room, number = size, 0
    while room > 0:
        parts.append(piece(number))
        room -= len(parts[-1].encode()) + len(separator)
        number += 1
    return separator.join(parts[:-1])


def misspelled(word: str, draw: random.Random) -> str:
    """Change three letters of a word."""
    letters = list(word)
    for _ in range(3):
        letters[draw.randrange(len(letters))] = draw.choice("abcdefghijklmnopqrstuvwxyz")
    return "".join(letters)


def words(name: str, size: int) -> str:
    """Return a spec whose list is full of misspelled words, or of objects with one."""
    word, around = WORDS[name]
    draw = random.Random(name)

    def piece(number: int) -> str:
        wrong = json.dumps(misspelled(word, draw))
        if name == "facilities":
            return f'{{"at":"chengdu","kind":{wrong}}}'
        if name == "services":
            return f'{{"id":"s{number}","offers":[{wrong}]}}'
        return wrong

    return around % fill(size - len(around), piece, ",")


def files(size: int) -> Iterator[tuple[str, str | bytes]]:
    """Yield the name and the content of each file."""
    for name in WORDS:
        yield f"misspelled-{name}.json", words(name, size)
    yield "unknown-keys.yaml", SPEC + fill(size - len(SPEC), lambda number: f"key{number}: {number}\n")
    yield (
        "unknown-facts.yaml",
        SPEC + "data:\n" + fill(size - len(SPEC) - 6, lambda number: f"  persns{number}: {number}\n"),
    )
    yield "repeated-keys.yaml", SPEC + fill(size - len(SPEC), lambda _: "data: {persons: 0}\n")
    yield "nested-lists.json", "[" * size
    yield "nested-lists.yaml", "[" * (size // 2) + "]" * (size // 2)
    yield "nested-maps.yaml", fill(size, lambda _: "{a: ")
    yield "nested-blocks.yaml", "- " * (size // 2)
    yield "aliases.yaml", "a0: &a0 [x, x]\n" + fill(size - 15, lambda n: f"a{n + 1}: &a{n + 1} [*a{n}, *a{n}]\n")
    yield "merge-keys.yaml", "a: &a {x: 1}\n" + fill(size - 13, lambda number: f"b{number}: {{<<: *a}}\n")
    yield "tags.yaml", fill(size, lambda number: f"- !!python/object:os.system{number} x\n")
    yield "documents.yaml", "---\n" * (size // 4)
    yield "comments.yaml", "# \n" * (size // 3)
    yield "spaces.yaml", SPEC + " " * (size - len(SPEC) - 1) + "x"
    yield "tabs.yaml", "a:\n" + "\t" * (size - 3)
    yield "quotes.yaml", '"' + "\\x41" * (size // 4 - 1)
    yield "long-key.yaml", SPEC + "k" * (size - len(SPEC) - 4) + ": 1\n"
    yield "long-id.yaml", SPEC.replace("{id: p}", "{id: " + "p-" * (size // 2 - 64) + "p}")
    yield (
        "long-number.json",
        '{"schema": 2, "product": {"id": "p"}, "company": {"foreign_percent": 1' + "0" * (size - 80) + "}}",
    )
    yield "exponents.json", "[" + fill(size - 2, lambda _: "1e999", ",") + "]"
    yield "escapes.json", '{"' + "\\ud800" * (size // 6 - 2) + '": 1}'
    yield "colons.yaml", ": " * (size // 2)
    yield "question-marks.yaml", "? " * (size // 2)
    yield "nul.yaml", bytes(size)
    yield "random.yaml", random.Random(1).randbytes(size)
    yield "latin.yaml", b"\xe9" * size


def main() -> int:
    options = parser(__doc__)
    options.add_argument("--bytes", type=int, default=2**20)
    given = options.parse_args()
    found = []
    with tempfile.TemporaryDirectory() as temporary:
        for name, content in files(given.bytes):
            data = content if isinstance(content, bytes) else content.encode()
            assert given.bytes - 200 < len(data) <= given.bytes, (name, len(data))
            path = Path(temporary) / name
            path.write_bytes(data)
            turn = spawn([*PROGRAM, "check", str(path)])
            note(f"{name}: {turn.wall:.2f} s, exit code {turn.code}")
            found.append((name, turn))
            path.unlink()
    found.sort(key=lambda one: -one[1].wall)
    slowest, rest = found[:SLOWEST], found[SLOWEST:]
    rows = [
        Row(
            name,
            turn.wall,
            None,
            "s by the clock",
            more={"cpu s": turn.cpu, "MB": round(turn.megabytes), "exit": turn.code},
        )
        for name, turn in slowest
    ]
    if rest:
        most = max(turn.wall for _, turn in rest)
        rows.append(Row(f"the other {len(rest)}, at most", most, None, "s by the clock", more={"exit": ""}))
    wrong = [f"{name} ends with {turn.code}" for name, turn in found if turn.code != 3]
    late = [name for name, turn in found if turn.wall > LIMIT]
    reached = "; ".join([f"{slowest[0][1].wall:.1f} s at most ({slowest[0][0]})", *wrong])
    report = Report(
        "hostile",
        f"{len(found)} files of {given.bytes:,} bytes, each checked alone.",
        [Table("hostile", "Hostile specs", rows)],
        [
            Target(
                f"{len(found)} hostile files of 1 MiB",
                f"{LIMIT:g} s each, exit code 3",
                reached,
                not late and not wrong,
            )
        ],
    )
    return finish(report, given, not wrong)


if __name__ == "__main__":
    sys.exit(main())

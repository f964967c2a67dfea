"""Reports of all benchmarks: one table, one file, or the tables of the documentation.

    python benchmarks/report.py [build/bench.json]                                the table
    python benchmarks/report.py [build/bench.json] --markdown                     every table in the documents' form
    python benchmarks/report.py [build/bench.json] --write docs/performance-figures.md    put them into the document

A document has tables between the lines `<!-- bench: ID -->` and `<!-- /bench -->`, which are replaced; those of parts
without figures stay as they are. ID is the name of a benchmark, for its description and all of its tables; or
BENCHMARK/about, BENCHMARK/TABLE, `targets`, `expect`, `machine` or `versions`. A table of a document has ours and the
fastest peers, at most ROWS rows; the others are in the file. A part that was measured on another commit says so.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from measure import figure

ORDER = ("server", "check", "startup", "hostile", "diff", "analyze", "author", "portfolio", "growth", "micro", "rules")
ROOT = Path(__file__).resolve().parents[1]
Found = Mapping[str, Any]
ROWS = 5
"""Most rows of a table in a document."""


def merge(found: Mapping[str, Found], failed: Mapping[str, str]) -> dict[str, Any]:
    """One report of many. `found`: by benchmark what it wrote; `failed`: why one wrote nothing, or ended badly."""
    names = [*(name for name in ORDER if name in found), *sorted(found.keys() - set(ORDER))]
    benches = {name: _uniform(name, found[name]) for name in names}
    machines = [bench["machine"] for bench in benches.values() if bench.get("machine")]
    loads = [one["load"] for one in machines if one.get("load") is not None]
    machine = {key: value for key, value in machines[0].items() if key != "load"} if machines else {}
    if loads:
        machine["load"] = f"{min(loads)} to {max(loads)}"
    versions: dict[str, str] = {}
    for bench in benches.values():
        versions |= bench.get("versions", {})
    states = [bench["state"] for bench in benches.values() if bench.get("state")]
    return {
        "machine": machine,
        "state": max(states, key=states.count, default=""),
        "versions": versions,
        "expect": [sentence for bench in benches.values() for sentence in bench.get("expect", ())],
        "targets": [target for bench in benches.values() for target in bench.get("targets", ())],
        "failed": dict(failed),
        "benches": benches,
    }


def _uniform(name: str, found: Found) -> dict[str, Any]:
    """Return a report in the form of `measure.Report`; other data becomes a table of its numbers."""
    if "tables" in found:
        return dict(found)
    rows = [{"what": path, "median": value} for path, value in _numbers(found, "")]
    return {"bench": name, "about": "", "tables": [{"id": name, "title": name.capitalize(), "rows": rows}]}


def _numbers(value: Any, path: str) -> Iterator[tuple[str, float]]:
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield path, value
    elif isinstance(value, Mapping):
        for key, child in value.items():
            yield from _numbers(child, f"{path} {key}".strip())
    elif isinstance(value, list):
        for place, child in enumerate(value):
            yield from _numbers(child, f"{path} {place + 1}".strip())


# --- as text ----------------------------------------------------------------------------------------------------------


def text(report: Found) -> str:
    """Return the combined table as text."""
    lines = ["Targets", *(_target(target) for target in report["targets"])]
    lines += [f"  FAILED   {name}: {why}" for name, why in report["failed"].items()]
    lines += ["", f"{'':58}{'median':>10}{'least':>10} {'unit':<16}{'ratio':>9}  also"]
    for bench in report["benches"].values():
        for table in bench["tables"]:
            ratio = f" (ratio: {table['ratio']})" if table.get("ratio") else ""
            lines += ["", f"{table['title']}{ratio}", *(_line(row) for row in table["rows"])]
    machine = report["machine"]
    lines += ["", ", ".join(f"{key} {value}" for key, value in machine.items() if value)]
    return "\n".join(lines) + "\n"


def _line(row: Found) -> str:
    if row.get("median") is None:
        return f"  {row['what']:56}  {row.get('note', '')}"
    least = "" if row.get("least") is None else figure(row["least"])
    ratio = "" if row.get("ratio") is None else f"{figure(row['ratio'])}x"
    also = ", ".join(f"{title} {figure(value)}" for title, value in row.get("more", {}).items() if value != "")
    return (
        f"  {row['what']:56}{figure(row['median']):>10}{least:>10} {row.get('unit', ''):<16}{ratio:>9}  {also}".rstrip()
    )


def _target(target: Found) -> str:
    word = "met" if target["met"] else "MISSED"
    return f"  {word:8} {target['target']}: {target['wanted']}; is {target['reached']}"


# --- as markdown ------------------------------------------------------------------------------------------------------


def sections(report: Found) -> dict[str, str]:
    """Markdown by the id of the place, without those of parts that have no figures."""
    found = {}
    for name, bench in report["benches"].items():
        shown = [{**table, "rows": choose(table["rows"])} for table in bench["tables"]]
        tables = {table["id"]: markdown(table) for table in shown}
        if len(tables) > 1:
            tables = {table["id"]: f"{table['title']}:\n\n{tables[table['id']]}" for table in shown}
        left = sum(len(table["rows"]) for table in bench["tables"]) - sum(len(table["rows"]) for table in shown)
        state = bench.get("state") or report.get("state", "")
        other = f"Measured on `{state}`." if state != report.get("state", "") else ""
        more = f"{left} more rows are in `build/bench.json`." if left else ""
        about = [said for said in (bench.get("about", ""), other, more) if said]
        found[name] = "\n\n".join([*filter(None, [" ".join(about)]), *tables.values()])
        found[f"{name}/about"] = " ".join(about)
        found.update((f"{name}/{id}", text) for id, text in tables.items())
    if report["targets"]:
        found["targets"] = _grid(
            ["target", "wanted", "is", ""],
            [[t["target"], t["wanted"], t["reached"], "met" if t["met"] else "**missed**"] for t in report["targets"]],
        )
    found["expect"] = " ".join(report["expect"])
    machine = {**report["machine"], "commit": report.get("state")}
    found["machine"] = ", ".join(f"{key.replace('_gb', ' (GB)')} {v}" for key, v in machine.items() if v) + "."
    found["versions"] = ", ".join(f"{name} {version}" for name, version in report["versions"].items()) + "."
    return {name: body for name, body in found.items() if body.strip(".")}


def choose(rows: Sequence[Found]) -> Sequence[Found]:
    """Return the rows that a document shows: of more than ROWS, the first three of ours and the fastest peers."""
    if len(rows) <= ROWS:
        return rows
    timed = [row for row in rows if row.get("median") is not None]
    own = [row for row in timed if "vatspolicy" in row["what"]][:3]
    peers = [row for row in timed if "vatspolicy" not in row["what"]]
    if all(row.get("ratio") is not None for row in peers):
        peers.sort(key=lambda row: float(row["ratio"]))
    kept = [id(row) for row in (*own, *peers[: ROWS - len(own)])]
    return [row for row in timed if id(row) in kept]


def markdown(table: Found) -> str:
    """Return a Markdown table without empty columns; a unit that all rows share is part of the heading."""
    rows: Sequence[Found] = table["rows"]
    timed = [row for row in rows if row.get("median") is not None]
    units = {row.get("unit", "") for row in timed}
    unit = units.pop() if len(units) == 1 else None
    more = list(dict.fromkeys(title for row in timed for title in row.get("more", {})))
    least = any(row.get("least") is not None for row in timed)
    head = ["", (f"median, {unit}" if least else unit) if unit else "median"]
    ratio = any(row.get("ratio") is not None for row in timed)
    notes = any(row.get("note") for row in rows)
    head += ["least"] * least + ["unit"] * (unit is None) + [f"times {table.get('ratio') or 'the first'}"] * ratio
    head += [*more, *["note"] * notes]
    cells = []
    for row in rows:
        line = [row["what"], _cell(row.get("median"))]
        line += [_cell(row.get("least"))] * least + [row.get("unit", "")] * (unit is None)
        line += [_cell(row.get("ratio"))] * ratio
        line += [_cell(row.get("more", {}).get(title)) for title in more] + [row.get("note", "")] * notes
        cells.append(line)
    return _grid(head, cells)


def _cell(value: Any) -> str:
    return "" if value is None else figure(value)


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    numeric = [
        any(row[place] for row in rows) and all(re.fullmatch(r"[\d,.]*", row[place]) for row in rows)
        for place in range(len(head))
    ]
    lines = [head, ["---:" if number else "---" for number in numeric], *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


BLOCK = re.compile(r"(<!-- bench: ([a-z/-]+) -->\n)(.*?)(<!-- /bench -->)", re.DOTALL)


def rewrite(document: str, found: Mapping[str, str]) -> str:
    """Return the document with its tables replaced. What has no figures stays; an empty place says that it has none."""

    def block(match: re.Match[str]) -> str:
        old, new = match[3].strip(), found.get(match[2], "")
        if match[2] == "targets":
            new = _keep_rows(old, new)
        elif match[2] == "expect":
            new = " ".join(_keep(re.split(r"(?<=\.) (?=[`A-Z])", old), re.split(r"(?<=\.) (?=[`A-Z])", new)))
        elif match[2] == "versions":
            new = ", ".join(_keep(*(text.strip(". \n").split(", ") for text in (old, new)))) + "."
        return f"{match[1]}{new or old or 'Not measured.'}\n{match[4]}"

    return BLOCK.sub(block, document)


def _keep_rows(old: str, new: str) -> str:
    """Return a table with its new rows, and the old ones that have none instead."""
    before, after = old.splitlines(), new.splitlines()
    return "\n".join([*(after or before)[:2], *_keep(before[2:], after[2:])])


def _keep(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return new texts in the place of old ones that say the same with other figures, and the rest of both."""
    left: dict[str, list[str]] = {}
    for text in filter(None, new):
        left.setdefault(_skeleton(text), []).append(text)
    kept = [found.pop(0) if (found := left.get(_skeleton(text))) else text for text in old if text]
    return [*kept, *(text for texts in left.values() for text in texts)]


def _skeleton(text: str) -> str:
    """Return a text, or the first cell of a row, without its figures."""
    return re.sub(r"[\d,.]+", "", text.removeprefix("| ").partition(" | ")[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("report", type=Path, nargs="?", default=ROOT / "build" / "bench.json")
    parser.add_argument("--markdown", action="store_true", help="every table as Markdown")
    parser.add_argument("--write", type=Path, metavar="DOCUMENT", help="replace the tables of a document")
    options = parser.parse_args()
    try:
        report = json.loads(options.report.read_text(encoding="utf-8"))
    except OSError as error:
        print(f"{options.report}: {error.strerror}; run `make bench` first", file=sys.stderr)
        return 2
    if options.write:
        document = options.write.read_text(encoding="utf-8")
        options.write.write_text(rewrite(document, sections(report)), encoding="utf-8")
    elif options.markdown:
        print("\n\n".join(f"## {id}\n\n{body}" for id, body in sections(report).items() if "/" not in id))
    else:
        print(text(report), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())

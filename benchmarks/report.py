"""Reports of all benchmarks: one table, one file, or the tables of the documentation.

    python benchmarks/report.py [build/bench.json]                                the table
    python benchmarks/report.py [build/bench.json] --markdown                     every table in the documents' form
    python benchmarks/report.py [build/bench.json] --write docs/performance.md    put them where the document has them

A document has tables between the lines `<!-- bench: ID -->` and `<!-- /bench -->`, which are replaced. ID is the name
of a benchmark, for its description and all of its tables; or BENCHMARK/about, BENCHMARK/TABLE, `targets`, `expect`,
`machine` or `versions`.
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

ORDER = ("server", "check", "startup", "hostile", "diff", "portfolio", "growth", "micro")
ROOT = Path(__file__).resolve().parents[1]
Found = Mapping[str, Any]


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
    return {
        "machine": machine,
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
    """Markdown by the id of the place."""
    found = {}
    for name, bench in report["benches"].items():
        tables = {table["id"]: f"{table['title']}:\n\n{markdown(table)}" for table in bench["tables"]}
        about = [bench["about"]] if bench.get("about") else []
        found[name] = "\n\n".join([*about, *tables.values()])
        found[f"{name}/about"] = "".join(about)
        found.update((f"{name}/{id}", text) for id, text in tables.items())
    found["targets"] = _grid(
        ["target", "wanted", "is", ""],
        [[t["target"], t["wanted"], t["reached"], "met" if t["met"] else "**missed**"] for t in report["targets"]],
    )
    found["expect"] = " ".join(report["expect"])
    found["machine"] = (
        ", ".join(f"{key.replace('_gb', ' (GB)')} {v}" for key, v in report["machine"].items() if v) + "."
    )
    found["versions"] = ", ".join(f"{name} {version}" for name, version in report["versions"].items()) + "."
    return found


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


BLOCK = re.compile(r"(<!-- bench: ([a-z/-]+) -->\n).*?(<!-- /bench -->)", re.DOTALL)


def rewrite(document: str, found: Mapping[str, str]) -> str:
    """Return the document with its tables replaced. A table without figures says that it was not measured."""

    def block(match: re.Match[str]) -> str:
        body = found.get(match[2]) or "Not measured in this run."
        return f"{match[1]}\n{body}\n\n{match[3]}"

    return BLOCK.sub(block, document)


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

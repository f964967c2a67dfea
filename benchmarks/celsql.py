"""CEL to SQL for DuckDB by pycel2sql, which needs Python 3.12 and so runs in its own process: JSON in, JSON out.

Input: expressions by name. Output: `sql`, texts by name; `refused`, the type of error by name; `version`.
"""

import importlib.metadata
import json
import sys

import pycel2sql


def main() -> None:
    found: dict[str, object] = {"version": importlib.metadata.version("pycel2sql")}
    texts: dict[str, str] = {}
    refused: dict[str, str] = {}
    for name, text in json.load(sys.stdin).items():
        try:
            texts[name] = pycel2sql.convert(
                text, dialect=pycel2sql.DuckDBDialect(), max_depth=1000, max_output_length=1_000_000
            )
        except Exception as error:  # whatever it cannot do
            refused[name] = type(error).__name__
    json.dump(found | {"sql": texts, "refused": refused}, sys.stdout)


if __name__ == "__main__":
    main()

"""The page as a site that decides without a server: the program runs under WebAssembly in the reader's browser.

Pyodide comes from the folder of its npm package. Nothing is downloaded, here or by the site.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from vatspolicy.compile_cache import SHIPPED
from vatspolicy.core.documents.schemas import Shipped, resource_folder
from vatspolicy.reports.formats.templating import trust
from vatspolicy.server.web.page import Held, build_stylesheet, read_script, render_frame

FOLDER = "decide"
"""Folder of the page in a site."""
PYODIDE = (
    "pyodide.mjs",
    "pyodide.js",
    "pyodide.asm.mjs",
    "pyodide.asm.wasm",
    "python_stdlib.zip",
    "pyodide-lock.json",
    "package.json",
)
"""Files of the npm package that the page loads, and the one that states its version and license."""
NEEDED = {"yaml": "PyYAML", "jinja2": "Jinja2", "markupsafe": "MarkupSafe"}
"""Packages that a decision and its report need, with the names of their distributions."""
OPTIONAL = {"chinese_calendar": "chinesecalendar"}
"""Optional packages of a site: working days."""
ONE_FILE = "launch-check.html"
"""Name of the page as one file, which also opens from a disk."""
_RESOURCES = "vatspolicy/_resources"
UNUSED = tuple(f"vatspolicy/{name}/" for name in ("cli", "language_server", "proofs", "screening"))
"""Packages that the page does without."""


def find_pyodide(named: Path | None) -> Path | None:
    """Return the folder of the npm package: the one named, else that of `node_modules`; None if a file is missing."""
    folder = named or Path("node_modules", "pyodide")
    return folder if all((folder / name).is_file() for name in PYODIDE) else None


def build_site(pyodide: Path) -> dict[str, bytes]:
    """Return the files of the page by their paths in `FOLDER`, for the shipped law. Equal inputs give equal bytes.

    Raises: OSError; CalledProcessError if the law does not compile.
    """
    own = Path(__file__).parent
    files = {
        "index.html": render_frame("en", local=True).encode(),
        "zh.html": render_frame("zh", local=True).encode(),
        "page.css": build_stylesheet().encode(),
        "page.js": read_script().encode(),
        "local.js": (own / "local.js").read_bytes(),
        "worker.js": (own / "worker.js").read_bytes(),
        "packages.zip": _precompile(pack(dict(_packages())), pyodide),
        **{f"pyodide/{name}": (pyodide / name).read_bytes() for name in PYODIDE},
    }
    version = hashlib.sha256(b"".join(name.encode() + content for name, content in files.items())).hexdigest()[:16]
    kept = json.dumps(["./", *files])
    offline = (own / "offline.js").read_text(encoding="utf-8")
    files["offline.js"] = offline.replace("{{ version }}", version).replace("{{ files }}", kept).encode()
    files[ONE_FILE] = _render_one_file(files).encode()
    return files


def _render_one_file(files: Mapping[str, bytes]) -> str:
    """Return the page with its files inside. Its worker is a classic script: a page from a disk has no modules."""
    module = files["pyodide/pyodide.asm.mjs"].replace(b"import.meta.url", b'"file:///pyodide/"')
    module = module.replace(b"export default", b"", 1)
    held = {"worker.js": b"\n".join([files["worker.js"], module, files["pyodide/pyodide.js"]])}
    held |= {name: content for name, content in files.items() if name.endswith((".wasm", ".zip", "lock.json"))}
    packed = ((name, base64.b64encode(gzip.compress(content, mtime=0)).decode()) for name, content in held.items())
    style, *scripts = (trust(files[name].decode()) for name in ("page.css", "local.js", "page.js"))
    contents = tuple((name, trust(text)) for name, text in packed)
    return render_frame("en", local=True, held=Held(style, tuple(scripts), contents))


def _precompile(packages: bytes, pyodide: Path) -> bytes:
    """Return the packages with byte code of Pyodide's Python, for a quicker start; as they are if there is no node."""
    node = shutil.which("node")
    if node is None:
        return packages
    command = [node, str(Path(__file__).with_name("precompile.mjs")), str(pyodide.resolve())]
    return subprocess.run(command, input=packages, stdout=subprocess.PIPE, check=True).stdout


def _packages() -> Iterator[tuple[str, bytes]]:
    """Yield the files of the program, of the law, and of the packages that decide, by their names in site-packages."""
    names = {name: known for name, known in OPTIONAL.items() if find_spec(name) is not None}
    for name, known in {**NEEDED, **names}.items():
        yield from _package(name)
        yield from _notices(known)
    yield from (file for file in _package("vatspolicy") if not file[0].startswith(UNUSED))
    for kind in get_args(Shipped):
        yield from _files(resource_folder(kind), f"{_RESOURCES}/{kind}")
    if os.path.isdir(SHIPPED):
        return
    with tempfile.TemporaryDirectory() as folder:  # a checkout has no compiled law, and its cache is not published
        environment = {**os.environ, "VATSPOLICY_CACHE": folder}
        command = [sys.executable, "-m", "vatspolicy.core.policies.shipping"]
        subprocess.run(command, env=environment, cwd=Path(__file__).parent, check=True)
        yield from _files(Path(folder), f"{_RESOURCES}/compiled")


def pack(parts: Mapping[str, bytes]) -> bytes:
    """Return an archive (ZIP) whose bytes depend on the parts alone."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(parts):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), parts[name], zipfile.ZIP_DEFLATED, 9)
    return held.getvalue()


def _package(name: str) -> Iterator[tuple[str, bytes]]:
    spec = find_spec(name)
    assert spec is not None
    for place in spec.submodule_search_locations or ():
        yield from _files(Path(place), name)


def _files(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the files below a folder, without compiled files."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix not in (".so", ".pyd", ".pyx", ".c"):
            yield f"{name}/{path.relative_to(folder).as_posix()}", path.read_bytes()


def _notices(name: str) -> Iterator[tuple[str, bytes]]:
    """Yield the metadata and the licenses of a distribution."""
    try:
        found = distribution(name)
    except PackageNotFoundError:
        return
    for path in found.files or ():
        if ".dist-info/" in path.as_posix() and ("LICENSE" in path.name.upper() or path.name == "METADATA"):
            yield path.as_posix(), Path(str(path.locate())).read_bytes()

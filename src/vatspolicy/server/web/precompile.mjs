/* Adds byte code to packages.zip: node precompile.mjs PYODIDE < packages.zip > compiled.zip. A page that finds it starts sooner. */
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const folder = process.argv[2], packages = new Uint8Array(readFileSync(0));
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`).href);
const python = await loadPyodide({ indexURL: `${folder}/`, env: { PYTHONHASHSEED: "0" } });
const place = python.runPython("import site; site.getsitepackages()[0]");
python.unpackArchive(packages, "zip", { extractDir: place });
const packed = python.runPython(`
import compileall, io, pathlib, py_compile, zipfile
place = pathlib.Path("${place}")
compileall.compile_dir(place, quiet=2, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
content = io.BytesIO()
with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
    for path in sorted(place.rglob("*")):
        if path.is_file():
            name = zipfile.ZipInfo(path.relative_to(place).as_posix(), (1980, 1, 1, 0, 0, 0))
            archive.writestr(name, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
content.getvalue()
`).toJs();
process.stdout.write(packed, () => process.exit(0));

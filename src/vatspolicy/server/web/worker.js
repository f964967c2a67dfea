/* Runs the program under WebAssembly. Its files stand beside this one; a page that is one file hands them over. */

/* In a page that is one file, the two scripts of Pyodide follow this one. */
const own = typeof _createPyodideModule === "function" ? { createPyodideModule: _createPyodideModule } : null;
const folder = own ? "file:///" : new URL(".", self.location).href;
if (own) self.importScripts = undefined; // Pyodide refuses classic workers, which cannot import; here, nothing is left to import

async function start(held) {
  if (own) self.fetch = async (address) => new Response(held[String(address).slice(folder.length)], { headers: { "Content-Type": "application/wasm" } });
  const packages = fetch(`${folder}packages.zip`).then((reply) => reply.arrayBuffer());
  const { loadPyodide } = own ? self : await import("./pyodide/pyodide.mjs");
  const python = await loadPyodide({ ...own, indexURL: `${folder}pyodide/` });
  const place = python.runPython("import site; site.getsitepackages()[0]");
  python.unpackArchive(await packages, "zip", { extractDir: place });
  const { answer_locally, prepare_locally } = python.pyimport("vatspolicy.server.web.answers");
  return { answer_locally, prepare_locally };
}

let ready = own ? null : start();

self.onmessage = async ({ data: { number, address, content, held } }) => {
  if (held) {
    ready = start(held);
    return;
  }
  try {
    const { answer_locally, prepare_locally } = await ready;
    const answer = answer_locally(address, content); // `undefined` is None there
    const [bytes, media, status] = answer.toJs();
    answer.destroy();
    self.postMessage({ number, content: bytes, media, status });
    setTimeout(prepare_locally); // behind requests that wait already
  } catch (error) {
    console.error(error);
    self.postMessage({ number, content: "{}", media: "application/json", status: 500 });
  }
};

/* Runs the program under WebAssembly. All files come from beside this one. */
import { loadPyodide } from "./pyodide/pyodide.mjs";

const file = (name) => new URL(name, import.meta.url).href;

const ready = (async () => {
  const packages = fetch(file("packages.zip")).then((reply) => reply.arrayBuffer());
  const python = await loadPyodide({ indexURL: file("pyodide/") });
  const place = python.runPython("import site; site.getsitepackages()[0]");
  python.unpackArchive(await packages, "zip", { extractDir: place });
  return python.pyimport("vatspolicy.server.web.answers").answer_locally;
})();

self.onmessage = async ({ data: { number, address, content } }) => {
  try {
    const answer = (await ready)(address, content); // `undefined` is None there
    const [bytes, media, status] = answer.toJs();
    answer.destroy();
    self.postMessage({ number, content: bytes, media, status });
  } catch (error) {
    console.error(error);
    self.postMessage({ number, content: "{}", media: "application/json", status: 500 });
  }
};

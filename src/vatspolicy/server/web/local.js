"use strict";
/* The page without a server: a worker on this machine runs the same program and answers what `fetch` would ask. */

const language = document.documentElement.dataset;
const held = [...document.querySelectorAll("script[data-file]")]; // files that a page that is one file contains, the program of the worker first
const worker = held.length ? startHeld() : startBeside();

/* Starts the worker whose files stand beside the page. A browser starts none from a disk: there, the page that is one file decides. */
async function startBeside() {
  if (location.protocol !== "file:") return new Worker("worker.js", { type: "module" });
  location.replace(`launch-check.html?${language.lang}${location.hash}`);
  return new Promise(() => {});
}

/* Starts the worker from files that the page contains, each compressed and in base64. */
async function startHeld() {
  if (location.search === "?zh") language.lang = "zh";
  const [program, ...contents] = await Promise.all(held.map(unpack));
  const found = new Worker(URL.createObjectURL(new Blob([program], { type: "text/javascript" })));
  found.postMessage({ held: Object.fromEntries(contents.map((bytes, at) => [held[at + 1].dataset.file, bytes])) }, contents);
  return found;
}

function unpack(block) {
  const letters = atob(block.textContent), bytes = new Uint8Array(letters.length);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = letters.charCodeAt(at);
  block.remove();
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}

const waits = new Map(); // number of a request → what to do with its answer

worker.then((found) => {
  found.onmessage = ({ data }) => {
    if (data.number === 1) started(data.status === 200);
    waits.get(data.number)(new Response(data.content, { status: data.status, headers: { "Content-Type": data.media } }));
    waits.delete(data.number);
  };
}, () => started(false));

let asked = 0;
window.askWorker = (address, request) => new Promise((resolve) => {
  const number = asked += 1;
  waits.set(number, resolve);
  worker.then((found) => found.postMessage({ number, address, content: request?.body }), () => {});
});

/* Once the page decides, keeps its files, so that it opens without a network. A browser that has no such store loads them again. */
function started(well) {
  if (!well) document.getElementById("not-loaded").hidden = false;
  else if (!held.length) navigator.serviceWorker?.register("offline.js").catch(() => {});
}

"use strict";
/* The page without a server: a worker on this machine runs the same program and answers what `fetch` would ask. */

/* A browser starts no worker from a folder on a disk. */
const onDisk = location.protocol === "file:";
const worker = onDisk ? { postMessage() {} } : new Worker("worker.js", { type: "module" });
if (onDisk) document.addEventListener("DOMContentLoaded", () => {
  document.getElementById("loading").hidden = true;
  document.getElementById("from-disk").hidden = false;
});
const waits = new Map(); // number of a request → what to do with its answer

worker.onmessage = ({ data }) => {
  if (data.number === 1) started(data.status === 200);
  waits.get(data.number)(new Response(data.content, { status: data.status, headers: { "Content-Type": data.media } }));
  waits.delete(data.number);
};

let asked = 0;
window.askWorker = (address, request) => new Promise((resolve) => {
  waits.set(asked += 1, resolve);
  worker.postMessage({ number: asked, address, content: request?.body });
});

/* Once the page decides, keeps its files, so that it opens without a network. A browser that has no such store loads them again. */
function started(well) {
  if (well) navigator.serviceWorker?.register("offline.js").catch(() => {});
  else document.getElementById("not-loaded").hidden = false;
}

/* Keeps the files of the page that decides, so that it opens without a network. Another version has another store. */
const STORE = "vatspolicy {{ version }}";
const FILES = {{ files }};

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(STORE).then((store) => store.addAll(FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("vatspolicy ") && name !== STORE;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  event.respondWith(caches.open(STORE).then((store) => store.match(event.request, { ignoreSearch: true })).then((found) => found ?? fetch(event.request)));
});

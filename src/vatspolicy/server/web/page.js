"use strict";
/* The page of `vatspolicy serve`, and of a site without a server. The spec lives here and nowhere else: every request carries it whole. */

let form, words, lang, theme = "system", tab = "decision", showAll = false;
let now = null; // the last reply of /decide
let before = []; // replies to go back to
const question = { error: "" }; // why the last answer was not taken
const failed = new Map(); // typed facts that were not taken: path → { text, typed }
const opened = new Map(); // <details> that the reader opened or closed: id → whether it is open
const matrix = { day: "", place: "", zone: "", by: "regimes", own: false, error: null, asked: "" };
const ways = { panel: "forward", address: "/ways", html: "", asked: "" };
let examples = []; // products of public life, with their sources
const VIEW = "vatspolicy view"; // for whom the decision is shown, remembered from visit to visit
let view = remembered() === "product" ? "product" : "counsel";
const timeline = { panel: "timeline", address: "/timeline", html: "", asked: "" };
let queue = Promise.resolve(), waiting = 0, unsaved = false, shownText = null;

const $ = (id) => document.getElementById(id);
const say = (key, values = {}) => words[key][lang].replace(/\{(\w+)\}/g, (_, name) => values[name]);
const TONES = { allow: "good", "needs-license": "warn", deny: "bad", incomplete: "ask" };
const TABS = ["decision", "forward", "timeline", "matrix", "spec"];

/* --- what stays over a reload, and what a link hands on: the answers, never sent but as each request carries them --- */

const KEPT = "vatspolicy";

function pack() {
  const { text, file, named, skipped, complete } = now;
  return JSON.stringify({ text, file, named, skipped, complete });
}

function keepAnswers() {
  try {
    if (now.blank) sessionStorage.removeItem(KEPT); else sessionStorage.setItem(KEPT, pack());
  } catch { /* a browser that keeps nothing */ }
}

/* The part of an address behind #, which no browser sends to a server. */
function makeLink() {
  const bytes = new TextEncoder().encode(pack());
  const letters = btoa(Array.from(bytes, (one) => String.fromCharCode(one)).join(""));
  return `${location.href.split("#")[0]}#answers=${letters.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
}

/* The answers of a link that was opened, else those of this tab before a reload; nothing without any. */
function readKept() {
  const linked = location.hash.match(/^#answers=([\w-]+)$/);
  if (linked) history.replaceState(null, "", location.href.split("#")[0]); // from here on they are the tab's
  try {
    const letters = linked && atob(linked[1].replaceAll("-", "+").replaceAll("_", "/"));
    const text = letters ? new TextDecoder().decode(Uint8Array.from(letters, (one) => one.charCodeAt(0))) : sessionStorage.getItem(KEPT);
    const found = text ? JSON.parse(text) : null;
    return typeof found?.text === "string" ? found : null;
  } catch {
    return null;
  }
}

function remembered() {
  try { return localStorage.getItem(VIEW); } catch { return null; }
}

/* --- requests --- */

/* Asks what decides, as `fetch` does: the server; on a page without one, the worker, which has put itself in its place. */
const ask = window.askWorker ?? ((address, request) => fetch(address, request));

async function post(address, extra) {
  const order = { text: now?.text ?? null, file: now?.file, named: now?.named ?? false, skipped: now?.skipped ?? [],
    complete: now?.complete ?? false, lang, view, ...extra };
  const reply = await ask(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order) });
  if (!reply.ok) throw new Error(reply.status === 413 ? "too_large" : "failed");
  return reply.json();
}

/* Requests follow one another: each begins with the spec that the one before it left. */
function decide(extra = {}, { from = "", keep = true, then = null } = {}) {
  waiting += 1;
  queue = queue.then(async () => {
    const last = now;
    waiting -= 1;
    let reply;
    try {
      reply = await post("/decide", typeof extra === "function" ? extra() : extra);
    } catch (error) {
      complain(say(error.message in words ? error.message : "failed"));
      if (now && !waiting) draw();
      return;
    }
    complain("");
    const path = reply.refused?.path ?? "";
    question.error = from === "question" && reply.refused ? reply.refused.text[lang] : "";
    if (from && from !== "question") {
      if (reply.refused) failed.set(from, { text: reply.refused.text, typed: extra.change?.typed, path });
      else failed.delete(from);
    }
    if (!reply.refused) {
      if (keep && last && (last.text !== reply.text || last.skipped.length !== reply.skipped.length)) {
        before.push(last);
        unsaved = true;
      }
      ways.html = timeline.html = "";
    }
    now = reply;
    if (waiting) return; // what was entered meanwhile is drawn with its own reply
    draw();
    keepAnswers();
    if (then) then(reply);
  });
  return queue;
}

function complain(text) {
  $("trouble").textContent = text;
}

/* --- the interview --- */

function drawQuestion() {
  const asked = now.interview?.question, back = el("button", { type: "button", "data-act": "back", disabled: !before.length }, say("back"));
  const head = el("h2", { id: "question-head", tabindex: "-1" }, heading());
  if (!asked) return [head, el("div", { id: "question-end" }, ending(), el("p", { class: "buttons" }, back))];
  const left = now.interview.progress.left;
  const parts = partsOf(asked);
  const why = details("question-why", false, say("why"), parts.filter((one) => one.why.example).map((one) => el("p", {}, say("for_example", { examples: one.why.example[lang] }))),
    asked.why.text ? el("p", {}, asked.why.text[lang]) : null,
    el("ul", { class: "reasons" }, asked.why.rules.slice(0, 6).map((rule) => el("li", {}, `${rule.message[lang]} → ${rule.effect[lang]}`,
      rule.citations.map((one) => el("p", { class: "law" }, `${one.title[lang]}${lang === "zh" ? "，" : ", "}${one.label[lang]}`, one[lang] ? el("q", {}, one[lang]) : null))))),
    asked.why.rules.length > 6 ? el("p", { class: "soft" }, say("more_rules", { count: asked.why.rules.length - 6 })) : null);
  return [head, el("p", { class: "soft", id: "question-about" }, [asked.about[lang], now.blank ? "" : left > 1 ? say("left", { left }) : say("one_left")].filter(Boolean).join(" · ")),
    el("form", { id: `form-q-${asked.path}`, class: "question", "data-act": "answer", novalidate: true, "data-asked": asked.kind },
      asked.heading ? el("p", { class: "heading" }, asked.heading[lang]) : null,
      parts.map((part) => [drawScreen(part), drawField(fieldOf(part), part.path, part.implied, "q")]),
      question.error ? el("p", { class: "error", id: "question-error" }, question.error) : null,
      el("p", { class: "buttons" }, el("button", { type: "submit", class: "primary", "aria-describedby": question.error ? "question-error" : null }, say("answer")),
        el("button", { type: "button", "data-act": "skip" }, say("dont_know")), back), why)];
}

/* The questions that are asked in one, the one that decides most first. */
function partsOf(asked) {
  return [asked, ...(asked.together ?? [])];
}

function fieldOf(asked) {
  const entries = asked.kind === "entries", first = asked.choices[0]?.value;
  const kind = { words: "choices", entries: "choices", services: "choices" }[asked.kind] ?? asked.kind;
  const screened = screenOf(asked);
  return { kind, radio: true, title: asked.text, hidden: asked.screen && (!screened || asked.screen.empty.includes(screened)), unit: asked.unit, hint: asked.kind === "services" ? say("services_hint") : "",
    least: asked.several ? asked.minimum : null,
    listed: asked.kind === "services" ? "services.0.offers" : entries && first ? `${asked.path}.0.${Object.keys(first)[0]}` : asked.path,
    choices: asked.choices.map((one, index) => (entries ? { ...one, value: index, word: Object.values(one.value)[0] } : one)) };
}

/* A screen precedes a long list, which appears once the answer leaves it open. */
function drawScreen({ path, screen }) {
  return screen ? el("fieldset", { class: "field", id: `q-${path}-screen`, "data-draft": "q" }, el("legend", { class: "name" }, screen.text[lang]),
    el("div", { class: "options" }, screen.choices.map((one, index) => el("label", {}, el("input", { type: "radio", name: `q-${path}-screen`, id: `q-${path}-screen-${index}`,
      "data-screen": path, value: one.value }), " ", one.label[lang])))) : null;
}

const screenOf = ({ path }) => document.querySelector(`input[data-screen="${path}"]:checked`)?.value;

function heading() {
  if (!now.interview) return say("erroneous");
  const { question: asked, settled, decision } = now.interview;
  if (asked) return say(now.blank ? "first_question" : "interview");
  const contested = now.headline.contested ? ` · ${say("contested")}` : "";
  return settled ? say("settled", { word: words.verdicts[decision][lang] + contested }) : say("unsettled");
}

function ending() {
  if (!now.interview) return el("p", {}, say("not_decidable"));
  const { settled, further, skipped, opinions } = now.interview;
  if (!settled) return [skipped.length || !opinions.length ? el("p", {}, say("no_more", { count: skipped.length })) : null,
    opinions.length ? el("p", {}, say("opinions_needed", { names: opinions.join(", ") })) : null,
    skipped.length ? el("p", { class: "buttons" }, el("button", { type: "button", "data-act": "again" }, say("ask_again"))) : null];
  return [el("p", {}, say(now.headline.contested ? "decided_contested" : "decided")),
    further && !now.complete ? el("p", { class: "buttons" }, el("button", { type: "button", "data-act": "complete" }, say("complete", { count: further }))) : null];
}

/* What a question was answered; null for a field that was left as it is. */
function answered(asked, field) {
  if (asked.screen?.empty.includes(screenOf(asked))) return { value: [] };
  const found = read(field);
  if (known(found.typed)) return found.typed.trim() ? found : null;
  if (!known(found.value)) return null;
  if (asked.kind === "entries") return { value: found.value.map((index) => asked.choices[index].value) };
  if (asked.kind === "services") {
    const offers = found.value.length ? found.value : ["other"];
    return { value: [{ id: offers[0], offers }] };
  }
  return found;
}

function toQuestion(reply) {
  if (!reply.interview?.question) return $("question-head").focus();
  const field = document.querySelector("form.question .field"); // of questions in one, the first is the one to answer
  const first = field.querySelector("input:not([type=search]):checked") ?? field.querySelector("input, select");
  (first ?? $("question-head")).focus();
}

/* --- the whole page --- */

function drawTop() {
  const other = lang === "en" ? "zh" : "en";
  return [el("h1", { class: "name" }, say("title")), form.rulebook ? el("a", { href: `${form.rulebook[lang]}index.html` }, say("rulebook")) : null, el("a", { class: "jump", href: "#tabs" }, say("sections")),
    el("p", { class: "settings" }, el("label", {}, say("colors"), " ", el("select", { id: "theme" },
      ["system", "light", "dark"].map((one) => el("option", { value: one, selected: one === theme }, say(one))))),
      el("button", { type: "button", id: "language", "data-act": "language", lang: other === "zh" ? "zh-Hans" : "en" }, words.language[other]))];
}

const sources = new Map(); // section of the facts → what it was drawn from: most answers leave most sections as they are

function drawFacts() {
  const sections = now.data ? form.sections.map((section) => {
    const value = now.data[section.name];
    if (!wanted(section.name, value)) return null;
    const at = (path) => under(section.name, [path]), question = now.interview?.question?.path ?? "";
    const source = JSON.stringify([lang, showAll, value, now.asked.filter(at), now.problems.filter((one) => one.paths.some(at)), [...failed], [...opened], at(question) && question]);
    if (sources.get(section.name) === source && $(`s-${section.name}`)) return el("details", { id: `s-${section.name}`, "data-same": "true" });
    sources.set(section.name, source);
    const open = under(section.name, [...now.asked, ...failed.keys(), ...now.problems.flatMap((one) => one.paths)]);
    const inner = section.kind === "list" ? drawList(section, section.name, value, id(section.name)) : drawGroup(section, section.name, value, id(section.name));
    return details(`s-${section.name}`, open, section.title[lang], inner);
  }) : [];
  return [el("h2", {}, say("facts")),
    el("p", {}, el("label", {}, el("input", { type: "checkbox", id: "every", checked: showAll }), " ", say("every"))),
    showAll ? null : el("p", { class: "soft", id: "every-hint" }, say(now.blank ? "welcome_facts" : "every_hint")), ...sections];
}

function put(target, content) {
  const made = target.cloneNode(false);
  made.append(...[content].flat(9).filter(Boolean));
  morph(target, made);
}

/* Markup that the server made of cleaned and escaped text; the policy of the page runs no script in it. */
function putMarkup(target, markup, otherwise) {
  if (target.dataset.shown === (markup || otherwise)) return;
  target.dataset.shown = markup || otherwise;
  if (markup) target.innerHTML = markup; else target.replaceChildren(...(otherwise ? [el("p", { class: "soft" }, otherwise)] : []));
}

function draw() {
  document.documentElement.lang = lang === "zh" ? "zh-Hans" : "en";
  document.title = `${now.headline ? words.verdicts[now.headline.decision][lang] : say("no_decision")} · ${say("title")}`;
  document.querySelector(".skip").textContent = say("skip");
  put($("top"), drawTop());
  put($("welcome"), drawWelcome());
  $("welcome").hidden = !now.blank;
  put($("banner"), drawBanner());
  $("banner").hidden = now.blank;
  put($("question"), drawQuestion());
  put($("facts"), drawFacts());
  $("tabs").setAttribute("aria-label", say("sections"));
  put($("tabs"), TABS.map((one) => el("button", { type: "button", role: "tab", id: `tab-${one}`, "aria-controls": `panel-${one}`,
    "aria-selected": String(one === tab), tabindex: one === tab ? null : "-1", "data-act": "tab", "data-tab": one }, say(one))));
  for (const one of TABS) $(`panel-${one}`).hidden = one !== tab;
  put($("answers"), now.blank ? drawAnswers() : !now.headline ? [el("p", {}, say("nothing_yet")), el("ul", { class: "error" }, drawProblems())] : null);
  putMarkup($("report"), now.blank ? "" : now.html ?? "", "");
  put($("example"), drawExample());
  put($("view"), drawView());
  put($("export"), drawExport());
  put($("rules"), now.headline?.rules);
  put($("panel-spec"), drawSpec());
  if (shownText !== now.text) $("spec-text").value = shownText = now.text;
  for (const one of document.querySelectorAll("input[data-filter]")) if (one.value.trim()) filtered(one);
  if (tab === "forward") loadPanel(ways);
  if (tab === "timeline") loadPanel(timeline);
  if (tab === "matrix") loadMatrix();
}

/* --- what the reader does --- */

const acts = {
  language() { lang = lang === "en" ? "zh" : "en"; question.error = ""; decide({}, { keep: false }); },
  back() {
    failed.clear();
    decide(() => { now = { ...(before.pop() ?? now), complete: now.complete }; return {}; }, { keep: false, then: toQuestion });
  },
  skip() {
    const paths = partsOf(now.interview.question).map((one) => one.path);
    decide({ skipped: [...now.skipped, ...paths], named: now.named || paths.includes("product.id") }, { then: toQuestion });
  },
  again() { decide({ skipped: [] }, { then: toQuestion }); },
  complete() { decide({ complete: true }, { then: toQuestion }); },
  answer(target) { // what is left out stays open, and is asked next
    const fields = target.querySelectorAll(".field[data-path]");
    const found = partsOf(now.interview.question).map((part, index) => ({ part, change: answered(part, fields[index]) })).filter((one) => one.change);
    const unread = [...target.querySelectorAll("input")].some((one) => one.validity.badInput);
    if (unread || !found.some((one) => !known(one.part.implied))) {
      question.error = say(unread ? "not_day" : "unanswered");
      draw();
      return toQuestion(now);
    }
    decide({ changes: found.map((one) => ({ path: one.part.path, ...one.change })) }, { from: "question", then: toQuestion });
  },
  add(target) {
    const path = target.dataset.path, value = {};
    for (const field of target.closest(".draft").querySelectorAll(".field")) {
      const found = read(field), one = found.typed ?? found.value;
      if (known(one) && one !== "") value[field.dataset.path.split(".").pop()] = one;
    }
    const whole = target.dataset.how === "value" ? value : [...(Array.isArray(stated(path)) ? stated(path) : []), value];
    opened.delete(`${id(path)}-add`);
    decide({ change: { path, value: whole } }, { from: `${path}+`, then: (reply) => (reply.refused ? null : focusOn(target.dataset.how === "value" ? path : `${path}.${whole.length - 1}`)) });
  },
  remove(target) {
    const { path, index } = target.dataset;
    failed.clear();
    decide({ change: { path, value: index === undefined ? null : stated(path).filter((_, at) => at !== Number(index)) } }, { from: path, then: () => $(`s-${path.split(".")[0]}`)?.querySelector("summary").focus() });
  },
  tab(target) { tab = target.dataset.tab; draw(); },
  apply() { failed.clear(); decide({ text: $("spec-text").value, named: true, skipped: [] }); },
  example(target) {
    const { file, text } = examples.find((one) => one.file === target.dataset.file);
    failed.clear();
    opened.clear();
    tab = "decision";
    decide({ text, file, named: true, skipped: [], complete: false }, { keep: false, then: () => { $("tab-decision").focus(); window.scrollTo(0, 0); } });
  },
  suppose(target) {
    const { file, text, suppose } = examples.find((one) => one.file === target.dataset.file);
    decide({ text, file, named: true, skipped: [], complete: false, changes: suppose[target.dataset.at].changes });
  },
  new() { failed.clear(); opened.clear(); tab = "decision"; decide({ text: null, named: false, skipped: [], complete: false }, { then: toQuestion }); },
  download(target) {
    offer(new Blob([now.text], { type: "application/yaml" }), target.dataset.name);
    unsaved = false;
  },
  export(target) { save(target.dataset.format).catch(() => complain(say("failed"))); },
  copy() {
    navigator.clipboard.writeText(checklist().value).then(() => { copied = now.html; draw(); }, () => complain(say("copy_refused")));
  },
  link() {
    navigator.clipboard.writeText(makeLink()).then(() => { linked = now.text; draw(); }, () => complain(say("copy_refused")));
  },
  print() { tab = "decision"; draw(); window.print(); },
  forward() { acts.tab({ dataset: { tab: "forward" } }); $("tab-forward").focus(); $("tabs").scrollIntoView({ block: "start" }); },
  share(target) { navigator.share({ files: [new File([now.text], target.dataset.name, { type: "text/plain" })] }).catch(() => {}); },
  matrix() {
    for (const one of ["day", "place", "zone", "by"]) matrix[one] = $(`matrix-${one}`).value.trim();
    matrix.own = true;
    loadMatrix();
  },
};

function focusOn(path) {
  ($(id(path)) ?? $("facts")).querySelector("input, select, button, summary")?.focus();
}

function changed(target) {
  if (target.id === "theme") {
    theme = target.value;
    if (theme === "system") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = theme;
  } else if (target.name === "view") {
    view = target.value;
    try { localStorage.setItem(VIEW, view); } catch { /* a browser that keeps nothing */ }
    decide({}, { keep: false });
  } else if (target.id === "every") {
    showAll = target.checked;
    draw();
  } else if (target.dataset.open !== undefined && target.files[0]) {
    const file = target.files[0];
    failed.clear();
    opened.clear();
    file.text().then((text) => decide({ text, file: file.name, named: true, skipped: [], complete: false }, { then: () => { unsaved = false; } }));
    target.value = "";
  }
  if (target.dataset.screen) return draw();
  if (target.value === "none" && target.checked) for (const one of target.closest(".options").querySelectorAll("input")) one.checked = one === target;
  else if (target.type === "checkbox" && target.checked) for (const one of target.closest(".options")?.querySelectorAll("input[value=none]") ?? []) one.checked = false;
  const field = target.closest(".field");
  if (!field || field.dataset.draft || target.dataset.filter) return;
  if (target.type === "date" && (target.validity.badInput || (target.value && target.value < "1000"))) return; // half typed
  const path = field.dataset.path, found = read(field);
  decide({ change: { path, ...(known(found.typed) ? found : { value: withDetails(path, found.value) }) } }, { from: path });
}

function keyed(event) {
  if (event.target.getAttribute("role") === "tab") {
    const at = TABS.indexOf(event.target.dataset.tab);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: TABS.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    tab = TABS[(to + TABS.length) % TABS.length];
    draw();
    $(`tab-${tab}`).focus();
  } else if (event.key === "Enter" && event.target.matches("input[type=search], #facts input[type=text], #facts input[type=date]")) {
    event.preventDefault(); // finding something is no answer; a typed fact is sent as it would be on leaving its field
    if (event.target.dataset.typed !== undefined) changed(event.target);
  }
}

async function begin() {
  form = await (await ask("/form")).json();
  words = form.words;
  lang = document.documentElement.dataset.lang;
  $("main").replaceChildren(el("section", { id: "welcome", class: "welcome", "aria-labelledby": "welcome-head", hidden: true }), el("div", { id: "banner", role: "status", class: "banner" }), el("p", { id: "trouble", role: "alert", class: "error" }),
    el("div", { class: "desk" }, el("div", { class: "left" }, el("section", { id: "question", "aria-labelledby": "question-head" }), el("section", { id: "facts" })),
      el("div", { class: "right" }, el("div", { id: "tabs", role: "tablist" }), TABS.map((one) =>
        el("div", { id: `panel-${one}`, role: "tabpanel", "aria-labelledby": `tab-${one}`, tabindex: "0", hidden: true },
          { matrix: () => [el("div", { id: "matrix-head" }), el("div", { id: "matrix-table" })],
            decision: () => [el("div", { id: "example" }), el("div", { id: "view" }), el("p", { id: "export", class: "buttons export" }), el("div", { id: "answers" }), el("div", { id: "report" })] }[one]?.())))),
    el("footer", { class: "rules soft", id: "rules" }));
  document.addEventListener("click", (event) => {
    const target = event.target.closest("button[data-act]");
    if (target) acts[target.dataset.act](target);
  });
  document.addEventListener("submit", (event) => { event.preventDefault(); acts[event.target.dataset.act](event.target); });
  document.addEventListener("change", (event) => changed(event.target));
  document.addEventListener("input", (event) => { if (event.target.dataset.filter) filtered(event.target); });
  document.addEventListener("keydown", keyed);
  document.addEventListener("toggle", (event) => {
    const { id: name, open } = event.target;
    if (!name || opened.get(name) === open) return;
    opened.set(name, open);
    if (name.endsWith("-more")) draw();
  }, true);
  window.addEventListener("beforeunload", (event) => { if (unsaved) event.preventDefault(); });
  decide(readKept() ?? {}, { keep: false });
  ask("/examples").then(async (reply) => { examples = await reply.json(); queue.then(() => now && draw()); });
}

document.addEventListener("DOMContentLoaded", begin);

/* What stands beside the form: the welcome, the banner, and the panels of decision, ways, matrix and spec. */

/* --- the welcome, until the first answer --- */

function drawWelcome() {
  if (!now.blank) return null;
  return [el("h2", { id: "welcome-head" }, say("welcome")), el("p", {}, say("welcome_what")), el("p", { class: "private" }, say("welcome_private")),
    el("p", { class: "buttons" }, el("label", { for: "open-first" }, say("welcome_file")),
      el("input", { type: "file", id: "open-first", "data-open": true, accept: ".yaml,.yml,.json" }))];
}

/* Products of public life, each a click away from its decision. */
function drawExamples() {
  return examples.length ? el("section", { id: "examples", "aria-labelledby": "examples-head" }, el("h2", { id: "examples-head" }, say("examples")), el("p", { class: "soft" }, say("examples_note")),
    el("ul", { class: "examples" }, examples.map((one) => el("li", {}, el("button", { type: "button", "data-act": "example", "data-file": one.file }, one.title[lang]), el("span", { class: "soft" }, one.why[lang]))))) : null;
}

/* Whose decision this is, if it is an example: each source, what it states, and the facts that rest on it. */
function drawExample() {
  const found = now.blank ? null : examples.find((one) => one.file === now.file);
  if (!found) return null;
  const comma = lang === "zh" ? "、" : ", ";
  return [el("p", {}, el("strong", {}, found.title[lang]), lang === "zh" ? "。" : ". ", say(found.text === now.text ? "example_is" : "example_changed")),
    details("example-sources", false, say("example_sources", { count: found.sources.length }), el("ul", {}, found.sources.map((one) =>
      el("li", {}, el("a", { href: one.address, rel: "noreferrer" }, one.title), " ", el("span", { class: "soft" }, say("read_on", { day: one.read })),
        el("ul", {}, one.states.map((each) => el("li", {}, each.says[lang], " ", el("span", { class: "soft" }, say("rests", { facts: [...new Set(each.facts.map((fact) => fact[lang]))].join(comma) }))))))))),
    found.suppose.length ? [el("p", { id: "suppose" }, say("suppose")), el("ul", { class: "suppose", "aria-labelledby": "suppose" }, found.suppose.map((one, at) => el("li", {},
      el("button", { type: "button", class: "quiet", "data-act": "suppose", "data-file": found.file, "data-at": at }, one.says[lang]),
      " → ", el("strong", { class: TONES[one.decision] }, words.verdicts[one.decision][lang]))))] : null,
    el("p", { class: "soft" }, say("examples_note"))];
}

/* --- the view --- */

function drawView() {
  if (!now.headline || now.blank) return null;
  return el("fieldset", { class: "views" }, el("legend", {}, say("view")), ["counsel", "product"].map((one) =>
    el("label", {}, el("input", { type: "radio", name: "view", id: `view-${one}`, value: one, checked: one === view, autocomplete: "off" }), " ", say(`view_${one}`))));
}

/* Examples, then the words that a decision can be, and their meanings. */
function drawAnswers() {
  return [drawExamples(), el("h2", {}, say("welcome_answers")), el("dl", { class: "answers" }, Object.keys(TONES).map((one) => [
    el("dt", { class: TONES[one] }, words.verdicts[one][lang]), el("dd", {}, say(`means_${one}`))]))];
}

/* --- the banner --- */

function drawBanner() {
  const told = now.headline;
  if (!told) {
    return [el("span", { class: "word bad" }, say("no_decision")), el("span", {}, say("errors", { count: now.problems.length }))];
  }
  if (now.blank) return null;
  const comma = lang === "zh" ? "、" : ", ";
  return [el("span", { class: `word ${TONES[told.decision]}` }, words.verdicts[told.decision][lang]),
    told.contested ? el("span", { class: "word ask", id: "banner-contested" }, say("contested")) : null,
    told.decision === "incomplete" ? el("span", { id: "banner-range" }, told.range.map((one) => words.verdicts[one][lang]).join(" … ")) : null,
    told.decision === "deny" ? drawReasons(told.reasons) : null,
    told.licenses.length ? el("span", {}, say("to_get", { licenses: told.licenses.join(comma) })) : null,
    told.missing ? el("span", {}, say("missing", { count: told.missing })) : null,
    el("span", { class: "soft" }, say("law_of", { day: told.as_of })),
    el("span", { class: "soft", id: "banner-limits" }, told.limits),
    ["deny", "needs-license"].includes(told.decision) && tab !== "forward"
      ? el("button", { type: "button", class: "jump-forward", "data-act": "forward" }, say("to_forward"), " →") : null];
}

/* The first reason against a launch, how many there are, and how many of them an applicant can fix. */
function drawReasons(reasons) {
  const fixable = reasons.filter((one) => one[1]).length, count = reasons.length;
  const comma = lang === "zh" ? "，" : ", ";
  const told = [count === 1 ? say("reasons_one") : say("reasons_many", { count }),
    !fixable ? say("fixable_none") : fixable === count ? say(count === 1 ? "fixable_one" : "fixable_all") : say("fixable_some", { count: fixable })];
  return count ? [el("span", { class: "reason", id: "banner-reason" }, reasons[0][0]), el("span", { id: "banner-reasons" }, told.join(comma))] : null;
}

/* --- the decision --- */

function drawExport() {
  if (!now.headline || now.blank) return null;
  return [say("export"), form.exports.map((one) => el("button", { type: "button", class: "quiet", "data-act": "export", "data-format": one }, say(`as_${one}`))),
    checklist() ? el("button", { type: "button", class: "quiet", "data-act": "copy" }, say("copy_checklist")) : null,
    el("button", { type: "button", class: "quiet", "data-act": "print" }, say("print")),
    el("span", { id: "copied", role: "status", class: "soft" }, copied === now.html ? say("copied") : "")];
}

/* The tasks before launch as Markdown, which the report holds. */
const checklist = () => $("d-checklist");
let linked = null; // the spec whose link was copied last
let copied = null; // the report whose checklist was copied last

/* Errors of a spec that cannot be decided, where the decision would stand. */
function drawProblems() {
  return now.problems.map((one) => el("li", {}, say("line", { line: one.line, text: `${one.paths[0] ? `${one.paths[0]}: ` : ""}${one.text[lang]}` })));
}

async function save(format) {
  const name = now.file.replace(/\.[a-z]+$/i, ""), reply = await ask("/report", { method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ text: now.text, file: now.file, named: true, lang, format }) });
  if (!reply.ok) throw new Error("failed");
  offer(await reply.blob(), `${name}.${format}`);
}

/* Gives the reader a file to keep. */
function offer(blob, name) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/* --- the spec --- */

function drawSpec() {
  const name = now.file;
  const problems = drawProblems();
  return [el("p", { class: "buttons" },
    el("label", { class: "button", for: "open" }, say("open"), " ", el("input", { type: "file", id: "open", "data-open": true, accept: ".yaml,.yml,.json" })),
    el("button", { type: "button", "data-act": "download", "data-name": name }, say("download")),
    navigator.canShare?.({ files: [new File([""], "spec.yaml", { type: "text/plain" })] }) ? el("button", { type: "button", "data-act": "share", "data-name": name }, say("share")) : null,
    now.blank ? null : el("button", { type: "button", "data-act": "link", "aria-describedby": "link-hint" }, say("link")),
    el("span", { role: "status", class: "soft", id: "linked" }, linked === now.text ? say("copied") : ""),
    el("button", { type: "button", "data-act": "new" }, say("new"))),
    now.blank ? null : el("p", { class: "soft", id: "link-hint" }, say("link_hint")),
    el("p", { class: "soft" }, say("share_hint")),
    problems.length ? el("ul", { class: "error", id: "problems" }, problems) : null,
    el("label", { for: "spec-text", class: "name" }, say("spec_text")),
    el("textarea", { id: "spec-text", rows: "24", spellcheck: "false", autocomplete: "off", "aria-invalid": problems.length ? "true" : null,
      "aria-describedby": problems.length ? "problems" : null }),
    el("p", { class: "buttons" }, el("button", { type: "button", "data-act": "apply" }, say("apply")))];
}

/* --- the matrix: it opens with the day and the place of the product --- */

function askMatrix() {
  if (matrix.own) return; // the reader has chosen
  const office = now.data?.company?.registered, at = codeOf(office), zone = known(office) ? office.ftz ?? "" : "";
  matrix.day = now.headline?.as_of ?? form.today;
  matrix.place = form.places.some((one) => one.value === at) ? at : "";
  matrix.zone = matrix.place && form.zones.some((one) => one.value === zone) ? zone : "";
}

function drawMatrix() {
  const error = matrix.error?.[lang];
  const choose = (key, options, chosen, first) => el("label", {}, say(key), el("select", { id: `matrix-${key}` }, first ? el("option", { value: "" }, first) : null,
    options.map((one) => el("option", { value: one.value, selected: one.value === chosen }, one.label))));
  const named = (list) => list.map((one) => ({ value: one.value, label: one.label[lang] }));
  return [el("form", { class: "buttons", "data-act": "matrix", id: "matrix-form", novalidate: true },
    el("label", {}, say("day"), el("input", { id: "matrix-day", type: "date", value: matrix.day, min: form.covers_from, autocomplete: "off", "data-typed": true,
      "aria-invalid": error ? "true" : null, "aria-describedby": error ? "matrix-error" : null })),
    choose("place", named(form.places), matrix.place, say("anywhere")), choose("zone", named(form.zones), matrix.zone, say("not_known")),
    choose("by", ["regimes", "places"].map((one) => ({ value: one, label: say(one) })), matrix.by, null),
    el("button", { type: "submit" }, say("show"))),
    error ? el("p", { class: "error", id: "matrix-error" }, error) : null];
}

/* --- what takes the server longer --- */

/* A panel about the spec, which is asked for once: the ways forward, the timeline. */
function loadPanel(one) {
  const panel = $(`panel-${one.panel}`);
  if (!now.headline?.services || now.blank) return putMarkup(panel, "", say(now.headline ? `${one.panel}_blank` : "nothing_yet"));
  const asked = `${lang} ${now.text}`;
  if (one.asked === asked && one.html) return putMarkup(panel, one.html, "");
  one.asked = asked;
  putMarkup(panel, "", say("working"));
  post(one.address, {}).then((reply) => {
    if (one.asked !== asked) return;
    one.html = reply.html ?? "";
    putMarkup(panel, one.html, say("nothing_yet"));
  }, () => complain(say("failed")));
}

function loadMatrix() {
  askMatrix();
  put($("matrix-head"), drawMatrix());
  const asked = new URLSearchParams({ as_of: matrix.day, by: matrix.by, place: matrix.place, zone: matrix.zone, lang }).toString();
  if (matrix.asked === asked) return;
  matrix.asked = asked;
  putMarkup($("matrix-table"), "", say("working"));
  ask(`/matrix?${asked}`).then(async (reply) => {
    const data = await reply.json();
    if (matrix.asked !== asked) return;
    matrix.error = data.error ?? null;
    put($("matrix-head"), drawMatrix());
    putMarkup($("matrix-table"), data.html ?? "", say("nothing_yet"));
  }).catch(() => complain(say("failed")));
}

/* Elements and the fields of the form; page.js, which precedes in the same script, has the state that they show. */

/* --- elements: text is always text, never markup --- */

function el(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...content.flat(9).filter((one) => one !== null && one !== undefined && one !== ""));
  return made;
}

/* Makes `old` like `made` and touches nothing that is alike already, so that neither focus nor typing is lost. */
function morph(old, made) {
  if (made.dataset?.same || old.isEqualNode(made)) return settle(old);
  if (old.nodeName !== made.nodeName || old.id !== made.id || old.nodeType !== Node.ELEMENT_NODE
    || old.dataset.kind !== made.dataset.kind) return old.replaceWith(made);
  for (const { name } of [...old.attributes]) if (!made.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of made.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const wanted = [...made.childNodes];
  wanted.forEach((child, index) => {
    const same = child.id ? [...old.childNodes].find((one) => one.id === child.id) : null;
    if (same && same !== old.childNodes[index] && !same.contains(document.activeElement)) {
      old.insertBefore(same, old.childNodes[index] ?? null);
    }
    while (same && old.childNodes[index] !== same) old.childNodes[index].remove();
    const there = old.childNodes[index];
    if (there) morph(there, child); else old.append(child);
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
  settle(old);
}

/* A browser lays the page out before it sets a property, even to the same value. */
function set(one, name, value) {
  if (one[name] !== value) one[name] = value;
}

/* What a control shows follows its attributes, unless somebody is typing in it. */
function settle(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  for (const one of [node, ...node.querySelectorAll("input, select")]) {
    if (one.closest("[data-draft]")) continue; // not sent yet: it is the reader's
    if (one.matches("input[type=radio], input[type=checkbox]")) set(one, "checked", one.hasAttribute("checked"));
    else if (one.matches("select")) set(one, "value", (one.querySelector("option[selected]") ?? one.options[0])?.value ?? "");
    else if (one.matches("input[data-typed]") && one !== document.activeElement) set(one, "value", one.getAttribute("value") ?? "");
  }
}

function details(id, open, summary, ...content) {
  return el("details", { id, open: opened.get(id) ?? open }, el("summary", {}, summary), ...content);
}

/* --- fields --- */

const choicesOf = (field) => (typeof field.choices === "string" ? form.lists[field.choices] : field.choices);
const codeOf = (place) => (place !== null && typeof place === "object" ? place.at : place); // a bare word is short for { at: word }
const id = (path) => `f-${path}`;
const under = (path, all) => all.some((one) => one === path || one.startsWith(`${path}.`));
const known = (value) => value !== null && value !== undefined;

/* A field is shown when it is stated, still decides, is wrong, or everything is to be shown. */
function wanted(path, value) {
  return showAll || known(value) || under(path, now.asked) || under(path, [...failed.keys()])
    || under(path, now.problems.flatMap((one) => one.paths));
}

/* `below`: also what is wrong with a member, which has no field of its own. */
function errorsAt(path, below = false) {
  const found = now.problems.filter((one) => one.paths.some((at) => at === path || (below && at.startsWith(`${path}.`)))).map((one) => one.text[lang]);
  if (failed.has(path)) found.push(failed.get(path).text[lang]);
  return found;
}

/* One fact with its label, question, unit, marks and errors. `draft`: not sent when it changes. */
function drawField(field, path, value, draft = null) {
  if (!draft && !wanted(path, value)) return null;
  const key = draft ? `${draft}-${path}` : id(path);
  if (field.kind === "group") return draft ? null : drawGroup(field, path, value, key);
  if (field.kind === "list") return draft ? null : drawList(field, path, value, key);
  const errors = draft ? [] : errorsAt(path, ["choices", "places"].includes(field.kind));
  const next = !draft && now.interview?.question?.path === path;
  const hint = [draft === "q" ? field.hint ?? "" : field.question?.[lang] ?? "", field.unit && field.kind !== "date" ? say("unit", { unit: field.unit[lang] }) : ""].filter(Boolean);
  const described = [hint.length ? `${key}-hint` : "", errors.length ? `${key}-error` : ""].filter(Boolean).join(" ") || null;
  const marks = next ? [" ", el("span", { class: "badge ask" }, say("asked_next"))]
    : !draft && now.asked.includes(path) ? [" ", el("span", { class: "badge" }, say("asked"))] : [];
  const label = [field.title[lang], ...marks];
  const shared = { described, invalid: errors.length ? "true" : null, draft, path };
  const several = ["boolean", "choices", "places"].includes(field.kind) || (field.radio && field.kind === "choice" && choicesOf(field).length <= 12);
  const control = drawControl(field, key, value, shared);
  const notes = [hint.length ? el("p", { class: "hint", id: `${key}-hint` }, hint.join(" ")) : null,
    errors.length ? el("p", { class: "error", id: `${key}-error` }, errors.join(" ")) : null];
  const data = { id: `${key}-field`, class: "field", "data-path": path, "data-kind": field.kind, "data-draft": draft, hidden: field.hidden };
  const main = several
    ? el("fieldset", { ...data, "aria-describedby": described }, el("legend", { class: "name" }, label), notes, control)
    : el("div", data, el("label", { for: key, class: "name" }, label), notes, control);
  return [main, draft ? null : drawDetails(field, path, value)];
}

function drawControl(field, key, value, { described, invalid, draft, path }) {
  const aria = { "aria-describedby": described, "aria-invalid": invalid };
  const choices = field.choices ? choicesOf(field) : null;
  switch (field.kind) {
    case "boolean":
      return drawRadios(key, [[true, say("yes")], [false, say("no")]], value, field.radio);
    case "choice": case "place": {
      if (field.kind === "place" && draft !== "d") return drawSearch(key, choices, codeOf(value), failed.get(path)?.typed, aria);
      if (field.radio && field.kind === "choice" && choices.length <= 12) return drawRadios(key, choices.map((one) => [one.value, one.label[lang]]), value, true);
      const code = codeOf(value);
      return el("select", { id: key, ...aria }, el("option", { value: "" }, `— ${say("not_known")} —`),
        choices.map((one) => el("option", { value: JSON.stringify(one.value), selected: one.value === code }, one.label[lang])));
    }
    case "choices": case "places":
      return drawChecks(key, field, path, Array.isArray(value) ? value.map(codeOf) : value);
    default: {
      const typed = failed.get(path)?.typed ?? (known(value) ? String(value) : "");
      return el("input", { id: key, type: field.kind === "date" ? "date" : "text", "data-typed": true, value: typed, autocomplete: "off", spellcheck: "false",
        inputmode: { integer: "numeric", number: "decimal" }[field.kind] ?? null, ...aria });
    }
  }
}

/* A place is typed, and the browser proposes names; the server also knows other names of it. */
function drawSearch(key, choices, code, typed, aria) {
  const name = choices.find((one) => one.value === code)?.label[lang] ?? code ?? "";
  return [el("input", { id: key, type: "text", "data-typed": true, value: typed ?? name, list: `${key}-names`, autocomplete: "off", spellcheck: "false", ...aria }),
    el("datalist", { id: `${key}-names` }, choices.map((one) => el("option", { value: one.label[lang] })))];
}

function drawRadios(key, options, value, open) {
  const all = open ? options : [...options, [null, say("not_known")]];
  return el("div", { class: open ? "options" : "options inline" }, all.map(([one, text], index) =>
    el("label", {}, el("input", { type: "radio", name: key, id: `${key}-${index}`, value: JSON.stringify(one),
      checked: one === (known(value) ? value : null) && (!open || known(value)) }), " ", text)));
}

function drawChecks(key, field, path, value) {
  const order = now.orders[path] ?? [], open = field.radio;
  const choices = choicesOf(field).toSorted((one, other) => order.indexOf(one.value) - order.indexOf(other.value));
  const chosen = new Set((value ?? []).map((one) => JSON.stringify(one)));
  const box = (one, text, checked, index, word = null) => el("label", { "data-word": word },
    el("input", { type: "checkbox", id: `${key}-${index}`, value: one, checked }), " ", text);
  const boxOf = (one) => box(JSON.stringify(one.value), one.label[lang], chosen.has(JSON.stringify(one.value)), choices.indexOf(one), one.word ?? one.value);
  const boxes = () => [drawGroups(key, choices, boxOf),
    field.least ? null : box("none", say("none"), known(value) && chosen.size === 0, "none")];
  if (choices.length <= 12) return el("div", { class: "options" }, boxes());
  const find = [el("label", { for: `${key}-find`, class: "find" }, say("filter")),
    el("input", { id: `${key}-find`, type: "search", class: "find", "data-filter": `${key}-list`, "data-of": field.listed ?? path, autocomplete: "off" }),
    el("p", { class: "soft found", role: "status", id: `${key}-list-found` })];
  const list = () => el("div", { class: "options long", id: `${key}-list` }, boxes());
  if (open) return el("div", {}, find, list());
  const shown = opened.get(`${key}-more`) ?? false; // hundreds of boxes are made for those who want them
  const names = (value ?? []).map((one) => choices.find((choice) => choice.value === one)?.label[lang] ?? `${one} (?)`); // as stated, if it is none of them
  return el("div", {}, names.length ? el("p", { class: "picked" }, names.join(lang === "zh" ? "、" : ", ")) : known(value) ? el("p", { class: "picked" }, say("none")) : null,
    details(`${key}-more`, false, say("chosen", { count: chosen.size }), shown ? [find, list()] : null));
}

/* Choices below the names of their groups. */
function drawGroups(key, choices, boxOf) {
  const groups = new Map();
  for (const one of choices) groups.set(one.group?.[lang] ?? "", [...(groups.get(one.group?.[lang] ?? "") ?? []), one]);
  return [...groups].map(([name, members], index) => (name
    ? el("div", { class: "options grouped", role: "group", id: `${key}-group-${index}`, "aria-labelledby": `${key}-group-${index}-name` },
      el("p", { class: "group", id: `${key}-group-${index}-name` }, name), members.map(boxOf))
    : members.map(boxOf)));
}

/* What is asked of a place beside its name: the free-trade zone, the kind of a facility. */
function drawDetails(field, path, value) {
  if (!field.fields || !known(value)) return null;
  const places = field.kind === "place" ? [[path, value]] : !Array.isArray(value) ? [] : value.map((one, index) => [`${path}.${index}`, one]);
  return places.map(([at, one]) => {
    const inner = field.fields.map((child) => drawField(child, `${at}.${child.name}`, one?.[child.name])).flat().filter(Boolean);
    const name = choicesOf(field).find((choice) => choice.value === codeOf(one))?.label[lang] ?? "";
    return inner.length ? el("fieldset", { class: "inner", id: `${id(at)}-inner` }, el("legend", {}, name), inner) : null;
  });
}

function drawFields(fields, path, value) {
  return fields.map((one) => drawField(one, `${path}.${one.name}`, value?.[one.name]));
}

function drawGroup(field, path, value, key) {
  const needed = field.required ?? [];
  const whole = path.includes(".");
  const content = needed.length && !known(value) && whole ? drawDraft(field, path, path, "value") : drawFields(field.fields, path, value);
  const remove = known(value) && (whole || path === "partner") ? removal(path, field.title[lang], null) : null;
  return el("fieldset", { class: "inner", id: key }, el("legend", {}, field.title[lang]), content, remove);
}

function drawList(field, path, value, key) {
  const members = (Array.isArray(value) ? value : []).map((one, index) => {
    const at = `${path}.${index}`, name = memberName(field, one, index);
    return el("fieldset", { class: "inner", id: id(at) }, el("legend", {}, name), drawFields(field.fields, at, one),
      removal(path, name, index));
  });
  const errors = errorsAt(path);
  const next = now.interview?.question?.path === path ? el("span", { class: "badge ask" }, say("asked_next")) : null;
  return el("div", { class: "list", id: key }, path.includes(".") ? el("p", { class: "name" }, field.title[lang], " ", next) : next,
    errors.length ? el("p", { class: "error" }, errors.join(" ")) : null, members,
    details(`${key}-add`, false, say("add", { what: field.member[lang] }), drawDraft(field, path, `${path}.${members.length}`, "member")));
}

function memberName(field, one, index) {
  const instrument = field.fields.find((child) => child.name === "instrument" || child.name === "kind");
  const label = instrument && choicesOf(instrument).find((choice) => choice.value === one?.[instrument.name])?.label[lang];
  return label ?? `${field.member[lang]} ${one?.id ?? index + 1}`;
}

/* What an object needs before it can be: entered together and sent with a button. */
function drawDraft(field, path, at, how) {
  const names = field.required?.length ? field.required : ["kind"];
  const fields = field.fields.filter((one) => names.includes(one.name) || (path === "services" && one.name === "offers"));
  const error = failed.get(`${path}+`)?.text[lang];
  return el("div", { class: "draft", id: `d-${path}` }, fields.map((one) => drawField(one, `${at}.${one.name}`, null, "d")),
    error ? el("p", { class: "error", id: `d-${path}-error` }, error) : null,
    el("button", { type: "button", "data-act": "add", "data-path": path, "data-how": how,
      "aria-describedby": error ? `d-${path}-error` : null }, say("add", { what: (field.member ?? field.title)[lang] })));
}

function removal(path, name, index) {
  return el("button", { type: "button", class: "quiet", "data-act": "remove", "data-path": path, "data-index": index,
    "aria-label": say("remove_what", { what: name }) }, say("remove"));
}

/* --- the search in a list --- */

const searched = new Map(); // number of the last search in a list, by its id

/* The server searches, as `vatspolicy list` and `ask` do: by names, synonyms and almost the right spelling. */
async function filtered(target) {
  const text = target.value.trim(), list = $(target.dataset.filter), asked = (searched.get(list.id) ?? 0) + 1;
  searched.set(list.id, asked);
  let found = null, elsewhere = [];
  if (text) {
    try {
      const reply = await (await ask(`/search?${new URLSearchParams({ path: target.dataset.of, text })}`)).json();
      found = new Set(reply.values);
      elsewhere = reply.elsewhere;
    } catch {
      return complain(say("failed"));
    }
  }
  if (asked === searched.get(list.id)) narrow(list, text, found, elsewhere.map((one) => one[lang]));
}

/* Shows the choices that were found; all of them for an empty search. */
function narrow(list, text, found, elsewhere) {
  const labels = [...list.querySelectorAll("label")];
  for (const one of labels) one.hidden = found !== null && !found.has(one.dataset.word);
  for (const one of list.querySelectorAll(".grouped")) one.hidden = !one.querySelector("label:not([hidden])");
  const count = labels.filter((one) => !one.hidden).length;
  list.hidden = !count;
  $(`${list.id}-found`).textContent = !text ? "" : count ? say("found", { count })
    : elsewhere.length ? say("found_elsewhere", { text, questions: elsewhere.join(lang === "zh" ? "、" : ", ") }) : say("found_none", { text });
}

/* The value of a field as the reader has set it: { value } or { typed }. */
function read(field) {
  const kind = field.dataset.kind, select = field.querySelector("select");
  if (select) return { value: select.value ? JSON.parse(select.value) : null };
  const radio = field.querySelector("input[type=radio]:checked");
  if (field.querySelector("input[type=radio]")) return { value: radio ? JSON.parse(radio.value) : null };
  if (kind === "choices" || kind === "places") {
    const picked = [...field.querySelectorAll("input[type=checkbox]:checked")].map((one) => one.value);
    const values = picked.filter((one) => one !== "none").map((one) => JSON.parse(one));
    return { value: values.length ? values : picked.length ? [] : null };
  }
  return { typed: field.querySelector("input").value };
}

/* The spec's own value at a path; places keep what was said about them. */
function stated(path) {
  return path.split(".").reduce((data, step) => data?.[step], now.data);
}

function withDetails(path, value) {
  const old = stated(path);
  if (Array.isArray(value) && Array.isArray(old)) return value.map((one) => old.find((place) => codeOf(place) === one) ?? one);
  return value;
}

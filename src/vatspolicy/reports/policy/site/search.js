"use strict";
(() => {
  const shown = 60;
  const data = JSON.parse(document.getElementById("_index").textContent);
  const box = document.getElementById("_query");
  const count = document.getElementById("_count");
  const heading = document.getElementById("_results");
  const list = document.getElementById("_found");
  const own = data.language ? 1 : 0;
  const plain = (text) => text.normalize("NFKC").toLowerCase();
  const entries = data.entries.map(([kind, policy, place, en, zh, textEn, textZh]) => {
    const [id, titleEn, titleZh] = data.policies[policy];
    return {
      kind: data.kinds[kind],
      address: id + ".html" + (place ? "#" + place : ""),
      title: [en, zh][own],
      text: [textEn || textZh, textZh || textEn][own],
      policy: kind === 0 ? "" : [titleEn, titleZh][own],
      weight: kind === 0 ? 3 : 0,
      head: plain([en, zh, place].join("\n")),
      whole: plain([en, zh, textEn, textZh, titleEn, titleZh, id + "/" + place].join("\n")),
    };
  });

  const find = (words) => {
    const found = [];
    entries.forEach((entry, order) => {
      if (!words.every((word) => entry.whole.includes(word))) return;
      const score = words.reduce((sum, word) => sum + (entry.head.includes(word) ? 8 : 0), entry.weight);
      found.push({ entry, score, order });
    });
    return found.sort((a, b) => b.score - a.score || a.order - b.order).map((one) => one.entry);
  };

  // Marks the words in a text that looks the same, letter for letter, in its plain form; any other stays unmarked.
  const marked = (name, text, words) => {
    const element = document.createElement(name);
    const low = plain(text);
    if (low.length !== text.length) {
      element.textContent = text;
      return element;
    }
    let at = 0;
    while (at < text.length) {
      const next = words
        .map((word) => [low.indexOf(word, at), word.length])
        .filter(([place]) => place >= 0)
        .sort((a, b) => a[0] - b[0] || b[1] - a[1])[0];
      if (!next) break;
      element.append(text.slice(at, next[0]));
      const mark = document.createElement("mark");
      mark.textContent = text.slice(next[0], next[0] + next[1]);
      element.append(mark);
      at = next[0] + next[1];
    }
    element.append(text.slice(at));
    return element;
  };

  const item = (entry, words) => {
    const line = document.createElement("li");
    const link = document.createElement("a");
    link.href = entry.address;
    link.append(marked("span", entry.title, words));
    const kind = document.createElement("span");
    kind.className = "badge";
    kind.textContent = entry.kind;
    line.append(link, " ", kind);
    if (entry.policy) {
      const policy = document.createElement("span");
      policy.className = "soft";
      policy.textContent = " " + entry.policy;
      line.append(policy);
    }
    if (entry.text) line.append(marked("p", entry.text, words));
    return line;
  };

  const search = () => {
    const words = plain(box.value).split(/\s+/).filter(Boolean);
    const found = words.length ? find(words) : [];
    list.replaceChildren(...found.slice(0, shown).map((entry) => item(entry, words)));
    heading.hidden = !found.length;
    const phrase = found.length > shown ? data.phrases.some : found.length ? data.phrases.found : data.phrases.none;
    count.textContent = words.length ? phrase.replace("{count}", found.length).replace("{shown}", shown) : "";
  };

  // The words stand behind the # of the address, so that a search can be linked to.
  const read = () => {
    box.value = new URLSearchParams(location.hash.slice(1)).get("q") || "";
    search();
  };
  let waiting = 0;
  box.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      search();
      history.replaceState(null, "", box.value ? "#" + new URLSearchParams({ q: box.value }) : location.pathname);
    }, 80);
  });
  addEventListener("hashchange", read);
  read();
})();

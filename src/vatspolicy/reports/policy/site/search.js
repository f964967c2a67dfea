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
  const fillers = new Set(["a", "an", "the", "of", "for", "and", "or", "with"]);
  const latin = /^[a-z0-9]+$/;

  // The words of a text, without case, hyphens and plurals. Chinese has no gaps: a run of it is one word.
  const wordsOf = (text) => (plain(text).match(/[a-z0-9]+|[^\P{L}a-z]+/gu) || [])
    .filter((word) => !fillers.has(word))
    .map((word) => (word.length > 3 && word.endsWith("s") && !word.endsWith("ss") ? word.slice(0, -1) : word));
  const line = (text) => " " + wordsOf(text).join(" ") + " ";

  // How well a line has a word: 2 for the word itself, 1 for one that begins with it. A word of up to three letters
  // must be there itself, so that EDI finds no edition. Chinese is found anywhere.
  const has = (there, word) => {
    if (!latin.test(word)) return there.includes(word) ? 2 : 0;
    if (there.includes(" " + word + " ")) return 2;
    return word.length > 3 && there.includes(" " + word) ? 1 : 0;
  };

  const values = data.values.map(([en, zh, names]) => ({ label: [en, zh][own], names: names.split("\n").map(line) }));
  const entries = data.entries.map(([kind, policy, place, en, zh, textEn, textZh, named]) => {
    const [id, titleEn, titleZh] = data.policies[policy];
    return {
      kind: data.kinds[kind],
      address: id + ".html" + (place ? "#" + place : ""),
      title: [en, zh][own],
      text: [textEn || textZh, textZh || textEn][own],
      policy: kind === 0 ? "" : [titleEn, titleZh][own],
      weight: kind === 0 ? 3 : 0,
      head: line([en, zh, place].join(" ")),
      whole: line([en, zh, textEn, textZh, titleEn, titleZh, id + "/" + place].join(" ")),
      named,
    };
  });

  // Entries that have every word in their text, or name a value of a spec that is called so; the closest first.
  const find = (words) => {
    const called = words.map((word) => values.map((value) => value.names.some((name) => has(name, word))));
    const found = [];
    entries.forEach((entry, order) => {
      let score = entry.weight;
      const about = new Set();
      for (const [at, word] of words.entries()) {
        const inText = has(entry.whole, word);
        const named = inText ? [] : entry.named.filter((value) => called[at][value]);
        if (!inText && !named.length) return;
        score += 8 * has(entry.head, word) + 4 * inText - (named.length ? entry.named.length / 100 : 0);
        for (const value of named) about.add(value);
      }
      found.push({ entry, score, order, about: [...about].map((value) => values[value].label) });
    });
    return found.sort((a, b) => b.score - a.score || a.order - b.order);
  };

  // Marks the words in a text that looks the same, letter for letter, in its plain form; any other stays unmarked.
  const marked = (name, text, words) => {
    const element = document.createElement(name);
    const low = plain(text);
    const begins = (place) => place === 0 || !/[a-z0-9]/.test(low[place - 1]) || !/[a-z0-9]/.test(low[place]);
    const next = (from) => {
      for (let place = from; place < low.length; place += 1) {
        const word = begins(place) && words.find((one) => low.startsWith(one, place));
        if (word) return [place, word.length];
      }
      return null;
    };
    let at = 0;
    for (let hit = low.length === text.length ? next(0) : null; hit; hit = next(at)) {
      const mark = document.createElement("mark");
      mark.textContent = text.slice(hit[0], hit[0] + hit[1]);
      element.append(text.slice(at, hit[0]), mark);
      at = hit[0] + hit[1];
    }
    element.append(text.slice(at));
    return element;
  };

  const item = ({ entry, about }, words) => {
    const row = document.createElement("li");
    const link = document.createElement("a");
    link.href = entry.address;
    link.append(marked("span", entry.title, words));
    const kind = document.createElement("span");
    kind.className = "badge";
    kind.textContent = entry.kind;
    row.append(link, " ", kind);
    if (entry.policy) {
      const policy = document.createElement("span");
      policy.className = "soft";
      policy.textContent = " " + entry.policy;
      row.append(policy);
    }
    if (entry.text) row.append(marked("p", entry.text, words));
    if (about.length) {
      const concerns = document.createElement("p");
      concerns.className = "soft";
      concerns.textContent = data.phrases.about.replace("{values}", about.join(own ? "、" : "; "));
      row.append(concerns);
    }
    return row;
  };

  const search = () => {
    const words = wordsOf(box.value);
    const found = words.length ? find(words) : [];
    list.replaceChildren(...found.slice(0, shown).map((one) => item(one, words)));
    heading.hidden = !found.length;
    const phrase = found.length > shown ? data.phrases.some : found.length ? data.phrases.found : data.phrases.none;
    count.textContent = words.length ? phrase.replace("{count}", found.length).replace("{shown}", shown).replace("{text}", box.value.trim()) : "";
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

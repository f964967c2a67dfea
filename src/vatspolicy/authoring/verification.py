"""Verification of quotes: the hash that a policy keeps of each, and the comparison with texts of the law."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path as FilePath

from vatspolicy.authoring.quotations import StatuteText, quote_hash
from vatspolicy.core.documents import Document, Path
from vatspolicy.core.documents.plain import Fields
from vatspolicy.core.documents.yaml_edit import set_value
from vatspolicy.core.policies.bundle import Bundle
from vatspolicy.core.policies.model import COMPARED, Article, Policy
from vatspolicy.errors import Problem, did_you_mean
from vatspolicy.i18n import LANGUAGES, LocalizedText, _

_NOTE = _(
    "vatspolicy lint --texts DIR --write records it. If the words are on a web page, cite the page under verified."
)
HASHES = "texts.sha256"
"""File of a law, beside its bundle.yaml, with the hash of each text that an article names."""
_AGAIN = _("Compare it again: vatspolicy lint --texts DIR --write. For a page, remove the hash first.")


def hash_problems(document: Document) -> Iterator[tuple[str, Problem]]:
    """Yield compared articles without a complete `verified`, and quotes that changed since, with the rule of lint."""
    for key, article, verified in _articles(document):
        path: Path = ("articles", key)
        if (
            article["verification"] in COMPARED
            and "zh" in article
            and not {"day", "against", "hash"} <= verified.keys()
        ):
            message = _("This article must record the text and the day of its verification.")
            yield "quote-not-verified", document.problem(path, message, _NOTE, key=True)
        if article["verification"] == "copy" and "://" not in verified.get("against", ""):
            message = _("A copy must state the address where others can read it.")
            hint = _("Write the address in verified.against, or call the article secondary.")
            yield "copy-without-address", document.problem(path, message, hint, key=True)
        if "zh" not in article and verified:
            message = _("Only a Chinese quote can be verified.")
            hint = _("Add zh, or remove verified.")
            yield "verified-without-quote", document.problem(("verified", key), message, hint, key=True)
        elif "hash" in verified and verified["hash"] != quote_hash(article["zh"]):
            message = _("The quote changed after it was verified.")
            yield "quote-changed", document.problem((*path, "zh"), message, _AGAIN)


def read_texts(folder: FilePath) -> dict[str, StatuteText]:
    """Return the texts (`*.md`) of a folder by their names without the ending."""
    files = sorted(folder.glob("*.md"))
    return {file.stem: StatuteText.read(file.stem, file.read_bytes()) for file in files}


def text_problems(document: Document, texts: Mapping[str, StatuteText]) -> Iterator[tuple[str, Problem]]:
    """Yield, with the rule of lint, primary and verified quotes missing from their texts."""
    for key, article, verified in _articles(document):
        if "zh" not in article or not (article["verification"] in COMPARED or verified):
            continue
        path: Path = ("articles", key)
        name = _name_of_text(document, article, verified, texts)
        if name is not None and name in texts:
            found = _differences(document, (*path, "zh"), article["zh"], texts[name])
            yield from (("quote-differs", problem) for problem in found)
        elif name is not None and "://" not in name:
            place: Path = ("verified", key, "against")
            hint = did_you_mean(difflib.get_close_matches(name, texts, 1, 0.9))
            yield "text-not-named", document.problem(place, _("No text has this name."), hint)
        elif name is None:
            message = _("The quote does not cite its text, and no text with that title contains it.")
            hint = _("Cite the text or the page under verified.")
            yield "text-not-named", document.problem((*path, "zh"), message, hint)


def noted_hashes(folder: FilePath) -> dict[str, str] | None:
    """Return the hashes of texts recorded by a law, by name, in the format of `sha256sum`; None if there is no list."""
    file = folder / HASHES
    if not file.is_file():
        return None
    lines = (line.split(maxsplit=1) for line in file.read_text(encoding="utf-8").splitlines())
    return {name.removesuffix(".md"): value for value, name in lines}


def changed_texts(
    document: Document, texts: Mapping[str, StatuteText], noted: Mapping[str, str]
) -> Iterator[tuple[str, Problem]]:
    """Yield, with the rule of lint, each text cited by a policy whose hash differs or is not recorded."""
    told: set[str] = set()
    for key, _article, verified in _articles(document):
        name = str(verified.get("against", ""))
        if name not in texts or name in told or noted.get(name) == texts[name].digest:
            continue
        told.add(name)
        message = _("The text differs from the recorded hash.") if name in noted else _("It has no recorded hash.")
        hint = _("Compare its quotes again: vatspolicy lint --texts DIR --write.")
        yield "text-changed", document.problem(("verified", key, "against"), message, hint)


def _write_hashes(bundle: Bundle, chosen: Iterable[Policy], texts: Mapping[str, StatuteText]) -> dict[FilePath, str]:
    """Return the new list of hashes, if a law keeps one: those of texts that hold each quote that names them."""
    file = FilePath(bundle.folder) / HASHES
    noted = noted_hashes(file.parent)
    if noted is None:
        return {}
    named: set[str] = set()
    differing: set[str] = set()
    for policy in chosen:
        document = bundle.document(policy)
        for _key, article, verified in _articles(document):
            name = _name_of_text(document, article, verified, texts) if article["verification"] in COMPARED else None
            if name is not None and name in texts and "zh" in article:
                (named if texts[name].holds(article["zh"]) else differing).add(name)
    noted |= {name: texts[name].digest for name in named - differing}
    text = "".join(f"{value}  {name}.md\n" for name, value in sorted(noted.items()))
    return {} if file.read_text(encoding="utf-8") == text else {file: text}


def write_verified(document: Document, texts: Mapping[str, StatuteText], today: str) -> str:
    """Return the text of a policy with day, text and hash, under `verified`, of each primary quote that its text holds.

    What is written and right already stays. Against a page that is not a text, only the first hash is written.
    """
    text = document.text
    for key, article, verified in _articles(document):
        if "zh" not in article or article["verification"] not in COMPARED:
            continue
        value, name = quote_hash(article["zh"]), _name_of_text(document, article, verified, texts)
        if name is None or (verified.get("hash") == value and "day" in verified and verified["against"] == name):
            continue
        if texts[name].holds(article["zh"]) if name in texts else "hash" not in verified:
            wanted = {"day": today, "against": name, "hash": value}
            text = set_value(text, ("verified", key), wanted, flow=True)
    if text == document.text:
        return text
    from vatspolicy.authoring.formatter import format_again

    return format_again(document, text)


def write_files(
    bundle: Bundle, texts: Mapping[str, StatuteText], today: str, chosen: Iterable[Policy] | None = None
) -> dict[FilePath, str]:
    """Return the new text of each policy file that `write_verified` changes; `chosen`: policies, by default all."""
    policies = list(bundle.policies.values() if chosen is None else chosen)
    files = _write_hashes(bundle, policies, texts)
    for policy in policies:
        document = bundle.document(policy)
        text = write_verified(document, texts, today)
        if text != document.text:
            files[FilePath(policy.file)] = text
    return files


def _articles(document: Document) -> Iterator[tuple[str, Fields, Fields]]:
    """Yield each article with its key and its entry under `verified`, which is empty if it has none."""
    verified = document.data.get("verified", {})
    for key, article in document.data.get("articles", {}).items():
        yield key, article, verified.get(key, {})


def _name_of_text(
    document: Document, article: Fields, verified: Fields, texts: Mapping[str, StatuteText]
) -> str | None:
    """Return the text or page cited by an article, or the latest text with the policy's title that contains it."""
    named = verified.get("against")
    if named is not None:
        return str(named)
    title = short_title(document.data["title"]["zh"])
    of_title = (name for name in texts if short_title(name.partition("(")[0]) == title)
    fitting = [name for name in of_title if texts[name].holds(article["zh"])]
    return max(fitting, default=None)


def issuer_of(policy: Policy, article: Article) -> LocalizedText | None:
    """Return who has the text of an article: as it says, else the issuer of the policy with its number and day.

    None if neither is known.
    """
    if article.obtain is not None:
        return article.obtain
    number = policy.source.get("number") or ", ".join(edition.number for edition in policy.editions)
    named = [value for value in (number, policy.source.get("promulgated")) if value]
    issuer = policy.source["issuer"]
    return {lang: ", ".join((issuer[lang], *named)) for lang in LANGUAGES} if named else None


def short_title(text: str) -> str:
    """Return the title of a law in Chinese without the name of the country, as files of texts have it."""
    return text.strip("《》").removeprefix("中华人民共和国")


def _differences(document: Document, path: Path, quote: str, text: StatuteText) -> Iterator[Problem]:
    if "…" in quote.replace("……", ""):
        yield document.problem(path, _("Mark omitted words in a quote with two characters: ……"))
        return
    part = text.first_missing(quote)
    if part is None:
        return
    left_out = text.silent_cut(part)
    if left_out:
        hint = _("Replace {value!r} with ……", value=_short(left_out))
        yield document.problem(path, _("The quote omits words without marking them."), hint)
    else:
        passage = text.nearest(part)
        yield document.problem(
            path,
            _("The quote does not appear in {name!r}.", name=text.name),
            _("The nearest passage is {passage!r}.", passage=passage),
        )


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:20]}……{text[-18:]}"


def review_warnings(documents: Sequence[Document], today: str) -> Iterator[tuple[str, Problem]]:
    """Yield, with the rule of lint, the policies whose day of review has passed."""
    for document in documents:
        due = document.data.get("review", {}).get("due")
        if due is not None and due < today:
            message = _("The review of this policy was due by {due}.", due=due)
            why = document.data["review"].get("why", "")
            yield "review-due", document.problem(("review", "due"), message, why)

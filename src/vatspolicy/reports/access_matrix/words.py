"""The words of the matrix in both languages, and what its cells and notes say."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vatspolicy.guidance.access_matrix.locations import letters
from vatspolicy.i18n.text import clean
from vatspolicy.i18n.words import number, word
from vatspolicy.profile.vocabulary import Language, gazetteer, label

Data = Mapping[str, Any]

WORDS: Mapping[str, Mapping[str, str]] = {
    "regimes": {"en": "Highest foreign share by service and regime", "zh": "各业务在各项制度下的外资股比上限"},
    "places": {"en": "Highest foreign share by service and place", "zh": "各业务在各地的外资股比上限"},
    "title": {"en": "Access matrix", "zh": "准入矩阵"},
    "how": {
        "en": "How to read it: a row is a business, a column a legal basis on which it can be licensed. The cell is "
        "the highest share of the licensed company that foreign investors may hold on that basis: 100 % is no limit, "
        "“domestic” is no foreign share at all, “closed” and “banned” are none for anybody abroad, and – means that "
        "the basis does not cover the business. A letter marks conditions or reasons.",
        "zh": "读法：每行为一类业务，每列为可据以取得许可的一项制度。"
        "单元格为外国投资者依该制度最多可持有的持证公司股比：100%即不设上限，“内资”即不得有外资，“不开放”及“禁止”即外资不得进入，“–”即该制度不涉及该业务。"
        "字母标示条件或理由。",
    },
    "how_places": {
        "en": "How to read it: a row is a business, a column a set of places that the law treats alike. The cell is "
        "the highest share of the licensed company that foreign investors may hold there: 100 % is no limit, "
        "“domestic” is no foreign share at all, “closed” and “banned” are none for anybody abroad.",
        "zh": "读法：每行为一类业务，每列为法律同等对待的一组地区。单元格为外国投资者在该地最多可持有的持证公司股比："
        "100%即不设上限，“内资”即不得有外资，“不开放”及“禁止”即外资不得进入。",
    },
    "more": {
        "en": "Letters mark conditions or reasons. --details prints them, and the law behind every column.",
        "zh": "字母标示条件或理由；加--details可列出其内容以及各列的法律依据。",
    },
    "more_places": {
        "en": "--details prints the routes behind every share.",
        "zh": "加--details可列出各股比所依据的途径。",
    },
    "and_more": {"en": "and {count} more", "zh": "等，另有{count}项"},
    "offers": {"en": "{count} offers", "zh": "{count}项业务内容"},
    "as_of": {"en": "as of {day} · bundle {version}", "zh": "法律截至 {day} · 规则库 {version}"},
    "registered": {"en": "registered in {place}", "zh": "注册地：{place}"},
    "service": {"en": "Service", "zh": "业务"},
    "share": {"en": "{percent} %", "zh": "{percent}%"},
    "zero": {"en": "domestic", "zh": "内资"},
    "below": {"en": "below {percent} %", "zh": "低于{percent}%"},
    "closed": {"en": "closed", "zh": "不开放"},
    "prohibited": {"en": "banned", "zh": "禁止"},
    "none": {"en": "–", "zh": "–"},
    "legend_closed": {
        "en": "the regime covers the service, and no foreign company meets its terms",
        "zh": "该制度涉及该业务，但外资企业无法满足其条件",
    },
    "legend_prohibited": {
        "en": "another rule prohibits the service, whatever the share",
        "zh": "许可之外另有禁止性规定，与股比无关",
    },
    "legend_none": {"en": "the regime does not cover the service", "zh": "该制度不涉及该业务"},
    "legend_contested": {"en": "contested: see the law", "zh": "存在争议，须核对法律"},
    "legend_zero": {"en": "companies without foreign share only", "zh": "仅限无外资的企业"},
    "legend_special": {"en": "more for some investors, see the routes", "zh": "特定投资者可更高，见途径"},
    "routes": {"en": "Routes", "zh": "途径"},
    "where": {"en": "places: {places}", "zh": "适用地区：{places}"},
    "columns": {"en": "Regimes", "zh": "制度"},
    "place_columns": {"en": "Places", "zh": "地区"},
    "signs": {"en": "Signs", "zh": "图例"},
    "notes": {"en": "Conditions and reasons", "zh": "条件及理由"},
    "none_open": {"en": "open in no place", "zh": "暂无适用地区"},
    "special": {"en": "{share} for some investors: {routes}", "zh": "特定投资者{share}：{routes}"},
    "method": {
        "en": "Computed from the rules of the bundle: the highest share for which a route is open when everything else "
        "is at its best. Capital, staff and other obstacles that an applicant can remove count as removed.",
        "zh": "由规则库计算得出：其他条件均满足时，该途径仍开放的最高外资股比。"
        "注册资本、人员等可由申请人补正的事项视为已具备。",
    },
}


@dataclass(frozen=True)
class Note:
    """A note below the table: what must hold, or why there is nothing, and the law."""

    sign: str
    """A letter: a, b … z, aa."""
    points: tuple[str, ...]
    law: tuple[str, ...]


def say(text: Mapping[str, str], lang: Language) -> str:
    """Return a text of the data in one language, with control characters removed."""
    return clean(text[lang])


def heading(data: Data, lang: Language) -> str:
    """Return the title of a table."""
    return word(WORDS, data["by"], lang)


def stand(data: Data, lang: Language) -> str:
    """Return the day, the bundle and the place of a table."""
    text = word(WORDS, "as_of", lang, day=data["as_of"], version=data["bundle"]["version"])
    places = [label("place", data["place"])[lang]] if data["place"] in gazetteer() else []
    places += [label("zone", data["zone"])[lang]] if data["zone"] else []
    joint = "，" if lang == "zh" else ", "
    return text + (f" · {word(WORDS, 'registered', lang, place=joint.join(places))}" if places else "")


def share(percent: float, lang: Language) -> str:
    """Format a share; one just below a limit is shown as below it, and none as domestic."""
    if percent == 0:
        return word(WORDS, "zero", lang)
    limit = round(percent + 0.01, 6)
    if percent != int(percent) and limit == int(limit):
        return word(WORDS, "below", lang, percent=number(limit))
    return word(WORDS, "share", lang, percent=number(percent))


def value(cell: Data, lang: Language) -> str:
    """Return the text of a cell without its note."""
    is_open = cell["state"] == "open"
    text = share(cell["max_foreign_percent"], lang) if is_open else word(WORDS, cell["state"], lang)
    return text + (" ≠" if cell["contested"] else "")


def routes(cell: Data, data: Data, lang: Language) -> str:
    """Describe the routes behind the share of a places cell, and the higher shares of some investors."""
    joint = "、" if lang == "zh" else ", "
    parts = [joint.join(say(data["routes"][name], lang) for name in cell["routes"])]
    if cell["special"]:
        names = joint.join(say(data["routes"][name], lang) for name in cell["special"]["routes"])
        parts.append(word(WORDS, "special", lang, share=value(cell["special"], lang), routes=names))
    return ("；" if lang == "zh" else "; ").join(part for part in parts if part)


def how_to_read(data: Data, lang: Language) -> str:
    """Explain rows, columns and cells of a table."""
    return word(WORDS, "how" if data["by"] == "regimes" else "how_places", lang)


def title_of(row: Data, lang: Language, most: int | None = None) -> str:
    """Return the name of a row: its class, and its offers if the class has several rows, at most `most` of them."""
    text = say(row["title"], lang)
    if row["whole"]:
        return text
    joint, colon = ("；", "：") if lang == "zh" else ("; ", ": ")
    offers = [say(offer["title"], lang) for offer in row["offers"]]
    if most is not None and len(offers) > most:
        offers[most:] = [word(WORDS, "and_more", lang, count=len(offers) - most)]
    return text + colon + joint.join(offers)


def notes(data: Data, lang: Language) -> tuple[list[Note], dict[tuple[int, str], str]]:
    """Return the notes of a table, and their letters by row and column."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], str] = {}
    signs: dict[tuple[int, str], str] = {}
    for index, row in enumerate(data["rows"]):
        for cell in row["cells"]:
            said = [*cell.get("conditions", ()), *cell.get("reasons", ())]
            if said:
                law = [
                    *(cell["articles"] if cell["state"] == "open" else ()),
                    *(a for one in said for a in one["articles"]),
                ]
                key = (tuple(dict.fromkeys(say(one["message"], lang) for one in said)), _law(law, lang))
                signs[index, cell["column"]] = found.setdefault(key, letters(len(found)))
    return [Note(at, *key) for key, at in found.items()], signs


def join_points(note: Note, lang: Language) -> str:
    """Join the sentences of a note."""
    return ("" if lang == "zh" else " ").join(note.points)


def _law(articles: Iterable[Data], lang: Language) -> tuple[str, ...]:
    """Articles by regulation: its title, then the labels."""
    by_policy: dict[str, list[str]] = {}
    for article in articles:
        labels = by_policy.setdefault(say(article["title"], lang), [])
        labels += [text for text in [say(article["label"], lang)] if text not in labels]
    comma, joint = ("，", "、") if lang == "zh" else (", ", ", ")
    return tuple(title + comma + joint.join(labels) for title, labels in by_policy.items())


def legend(data: Data, lang: Language) -> list[tuple[str, str]]:
    """Return the signs that a table uses, with their meaning."""
    cells = [cell for row in data["rows"] for cell in row["cells"]]
    states = {cell["state"] for cell in cells}
    found = [
        (word(WORDS, s, lang), word(WORDS, f"legend_{s}", lang))
        for s in ("closed", "prohibited", "none")
        if s in states
    ]
    if any(cell["max_foreign_percent"] == 0 for cell in cells):
        found.append((share(0.0, lang), word(WORDS, "legend_zero", lang)))
    if any(cell["contested"] for cell in cells):
        found.append(("≠", word(WORDS, "legend_contested", lang)))
    if any(cell.get("special") for cell in cells):
        found.append(("*", word(WORDS, "legend_special", lang)))
    return found


def column_note(column: Data, lang: Language) -> str:
    """Return the description of a column in the list of columns."""
    if "policies" not in column:
        return say(column["title"], lang)
    joint, comma = ("；", "，") if lang == "zh" else ("; ", ", ")
    law = [say(p["title"], lang) + (comma + clean(p["number"]) if p["number"] else "") for p in column["policies"]]
    parts = [say(column["title"], lang), *law]
    if column["places"]:
        parts.append(word(WORDS, "where", lang, places=say(column["places"], lang)))
    return joint.join(parts)

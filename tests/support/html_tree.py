"""Pages as their elements, and text that must stay text in them."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"br", "hr", "input", "link", "meta"}
HOSTILE = "<script>alert(1)</script>\"'&\u202e\x1b[31m]]>\n::set-output name=a::b <!-- javascript:alert(1) -->"


class Tree(HTMLParser):
    """Elements of a page with their attributes and the path to them; complains of what is not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute twice in {tag}"
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.stack[-1] if self.stack else "", data))

    def named(self, name: str) -> list[dict[str, str | None]]:
        return [attributes for found, attributes in self.elements if found == name]

    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.elements if "id" in attributes]

    def words(self) -> str:
        return " ".join(text for place, text in self.texts if place not in ("style", "script"))

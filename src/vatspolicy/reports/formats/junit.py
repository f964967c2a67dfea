"""JUnit XML: suites of cases, each passed, failed, skipped or in error. It follows the schema of Ant, the strictest."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping

from vatspolicy.i18n.text import clean

NO_TIME = "1970-01-01T00:00:00"
"""Time stamp of a report without a run."""


START = '<?xml version="1.0" encoding="utf-8"?>\n'
LATER = "\0{name}\0"
"""Placeholder for a value known at the end of the run. Texts never contain this character: `clean` removes it."""
INDEX, STARTED = LATER.format(name="index"), LATER.format(name="started")


class Suites:
    """A report under construction."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._suites: list[Suite] = []

    def add_suite(self, name: str, file: str | None = None) -> Suite:
        """Add a suite and return it."""
        self._suites.append(Suite(name, file))
        return self._suites[-1]

    def to_xml(self) -> str:
        """Return the whole document."""
        return "".join(join_suites([suite.to_text(self.name, ()) for suite in self._suites], NO_TIME, {}))


def join_suites(texts: Iterable[str], started: str, properties: Mapping[str, str]) -> Iterator[str]:
    """Yield the document with suites as `Suite.to_text` writes them, with the values of the run filled in.

    `started` is the moment of the run in UTC (YYYY-MM-DDThh:mm:ss). Each suite repeats the properties of the run:
    the schema has no other place for them.
    """
    values = {STARTED: started or NO_TIME}
    values |= {LATER.format(name=name): escape_attribute(_line(value)) for name, value in properties.items()}
    opening = f"{START}<testsuites"
    for index, text in enumerate(texts):
        for mark, value in {**values, INDEX: str(index)}.items():
            text = text.replace(mark, value)
        yield f"{opening}{'' if index else '>'}\n  {text}"
        opening = ""
    yield f"{opening} />\n" if opening else "\n</testsuites>\n"


def escape_attribute(text: str) -> str:
    """Return a text as the value of an attribute."""
    made = ET.tostring(ET.Element("a", b=text), encoding="unicode")
    return made.removeprefix('<a b="').removesuffix('" />')


class Suite:
    """A test suite with its cases. Output of passing cases is in the output of the suite, as in Ant."""

    def __init__(self, name: str, file: str | None = None, seconds: float = 0.0) -> None:
        self.name, self.file, self.seconds = name, file, seconds
        self._cases: list[tuple[ET.Element, float | None]] = []
        self._output: list[str] = []
        self._counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}

    def add_case(self, name: str, classname: str, output: str = "", seconds: float | None = None) -> None:
        """Add a case that passed."""
        self._case(name, classname, seconds)
        self._add_output(name, output)

    def add_failure(
        self, name: str, classname: str, message: str, type: str, text: str, seconds: float | None = None
    ) -> None:
        """Add a case that failed."""
        self._counts["failures"] += 1
        case = self._case(name, classname, seconds)
        ET.SubElement(case, "failure", message=_line(message), type=type).text = clean(text)

    def add_error(self, name: str, classname: str, message: str, type: str, text: str) -> None:
        """Add a case that could not be evaluated."""
        self._counts["errors"] += 1
        ET.SubElement(self._case(name, classname), "error", message=_line(message), type=type).text = clean(text)

    def add_skipped(self, name: str, classname: str, message: str, output: str = "") -> None:
        """Add a case that was skipped."""
        self._counts["skipped"] += 1
        ET.SubElement(self._case(name, classname), "skipped", message=_line(message))
        self._add_output(name, output)

    def add_output(self, text: str) -> None:
        """Add text that belongs to the suite as a whole."""
        self._output.append(clean(text))

    def to_text(self, package: str, properties: Iterable[str]) -> str:
        """Return the suite as text for a document, in the order that Ant prescribes; see `join_suites`."""
        share = self.seconds / max(sum(spent is None for _, spent in self._cases), 1)
        total = self.seconds + sum(spent or 0 for _, spent in self._cases)
        attributes = {
            "name": _token(self.name),
            "package": package,
            "id": INDEX,
            "timestamp": STARTED,
            "hostname": "localhost",
            "time": f"{total:.6f}",
            **{key: str(count) for key, count in self._counts.items()},
        }
        element = ET.Element("testsuite", attributes)
        holder = ET.SubElement(element, "properties")
        if self.file is not None:
            ET.SubElement(holder, "property", name="file", value=_line(self.file))
        for name in properties:
            ET.SubElement(holder, "property", name=name, value=LATER.format(name=name))
        for case, spent in self._cases:
            case.set("time", f"{share if spent is None else spent:.6f}")
            element.append(case)
        ET.SubElement(element, "system-out").text = "\n".join(self._output)
        ET.SubElement(element, "system-err").text = ""
        ET.indent(element, level=1)
        return ET.tostring(element, encoding="unicode")

    def _add_output(self, name: str, output: str) -> None:
        if output:
            self._output.append(clean(f"{name}:\n{output}"))

    def _case(self, name: str, classname: str, seconds: float | None = None) -> ET.Element:
        self._counts["tests"] += 1
        case = ET.Element("testcase", name=_token(name), classname=_token(classname))
        self._cases.append((case, seconds))
        return case


def _line(text: str) -> str:
    return clean(text, one_line=True)


def _token(text: str) -> str:
    """Return a name as an XML Schema token of at least one character."""
    return " ".join(_line(text).split()) or "-"

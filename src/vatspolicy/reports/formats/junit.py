"""JUnit XML: suites of cases, each passed, failed, skipped or in error."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from vatspolicy.i18n.text import clean


class Suites:
    """A report under construction."""

    def __init__(self, name: str) -> None:
        self._root = ET.Element("testsuites", name=name)
        self._suites: list[Suite] = []

    def add_suite(self, name: str, file: str | None = None) -> Suite:
        """Add a suite and return it."""
        suite = Suite(ET.SubElement(self._root, "testsuite", name=clean(name)))
        if file is not None:
            suite.element.set("file", clean(file))
        self._suites.append(suite)
        return suite

    def to_xml(self) -> str:
        """Return the whole document."""
        for suite in self._suites:
            suite.write_counts()
        ET.indent(self._root)
        return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(self._root, encoding="unicode") + "\n"


class Suite:
    """A test suite with its cases."""

    def __init__(self, element: ET.Element) -> None:
        self.element = element
        self._counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}

    def add_case(self, name: str, classname: str, output: str = "") -> None:
        """Add a case that passed."""
        case = self._case(name, classname)
        if output:
            ET.SubElement(case, "system-out").text = clean(output)

    def add_failure(self, name: str, classname: str, message: str, type: str, text: str) -> None:
        """Add a case that failed."""
        self._counts["failures"] += 1
        ET.SubElement(self._case(name, classname), "failure", message=message, type=type).text = clean(text)

    def add_error(self, name: str, classname: str, message: str, type: str, text: str) -> None:
        """Add a case that could not be evaluated."""
        self._counts["errors"] += 1
        ET.SubElement(self._case(name, classname), "error", message=message, type=type).text = clean(text)

    def add_skipped(self, name: str, classname: str, message: str, output: str = "") -> None:
        """Add a case that was skipped."""
        self._counts["skipped"] += 1
        case = self._case(name, classname)
        ET.SubElement(case, "skipped", message=clean(message, one_line=True))
        if output:
            ET.SubElement(case, "system-out").text = clean(output)

    def add_output(self, text: str) -> None:
        """Add text that belongs to the suite as a whole."""
        ET.SubElement(self.element, "system-out").text = clean(text)

    def write_counts(self) -> None:
        """Write the number of cases by outcome to the element; skipped ones only where there are any."""
        for key, count in self._counts.items():
            if count or key != "skipped":
                self.element.set(key, str(count))

    def _case(self, name: str, classname: str) -> ET.Element:
        self._counts["tests"] += 1
        return ET.SubElement(self.element, "testcase", name=clean(name), classname=clean(classname))

"""Problems as a JUnit report: each file is a test case."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from confsync.report.printable import plural, printable
from confsync.report.problems import from_root, problems_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.errors import Problem


def problems_junit(files: Sequence[str], problems: Sequence[Problem]) -> str:
    """One suite with a case for each file: errors are its failure, warnings its output.

    The document is ASCII: every other character is written as a reference.
    """
    checked = tuple(dict.fromkeys((*files, *(problem.file for problem in problems))))
    wrong = {problem.file for problem in problems if problem.severity == "error"}
    counts = {"tests": str(len(checked)), "failures": str(len(wrong))}
    top = ET.Element("testsuites", {"name": "confsync", **counts})
    none = {"errors": "0", "skipped": "0", "time": "0"}
    suite = ET.SubElement(top, "testsuite", {"name": "confsync validate", **counts, **none})
    paths = from_root(checked)
    for file in checked:
        name = printable(paths[file])
        named = {"classname": "confsync.validate", "name": name, "file": name, "time": "0"}
        case = ET.SubElement(suite, "testcase", named)
        own = [problem for problem in problems if problem.file == file]
        errors = [problem for problem in own if problem.severity == "error"]
        warnings = [problem for problem in own if problem.severity != "error"]
        if errors:
            failure = {"message": plural(len(errors), "error"), "type": "error"}
            ET.SubElement(case, "failure", failure).text = problems_text(errors)
        if warnings:
            ET.SubElement(case, "system-out").text = problems_text(warnings)
    ET.indent(top)
    return f"{ET.tostring(top, 'us-ascii', xml_declaration=True).decode()}\n"

"""How GitHub's runner reads a line of a job's output: a second opinion on its escapes."""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMAND = re.compile(r"::(?P<name>[a-z]+) (?P<properties>.*?)::(?P<data>.*)", re.DOTALL)


@dataclass(frozen=True)
class Command:
    name: str
    properties: dict[str, str]
    data: str


def commands(output: str) -> list[Command]:
    """The commands in an output, which holds nothing else."""
    lines = re.split(r"\r\n|\r|\n", output)
    assert lines.pop() == ""
    return [_command(line) for line in lines]


def _command(line: str) -> Command:
    found = COMMAND.fullmatch(line)
    assert found is not None, line
    pairs = [pair.split("=", 1) for pair in found["properties"].split(",")]
    properties = {
        name: _plain(text, {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%25": "%"})
        for name, text in pairs
    }
    return Command(
        found["name"], properties, _plain(found["data"], {"%0D": "\r", "%0A": "\n", "%25": "%"})
    )


def _plain(text: str, escapes: dict[str, str]) -> str:
    for escape, character in escapes.items():
        text = text.replace(escape, character)
    return text


def obeyed(output: str) -> list[str]:
    """The lines that some runner takes for a command: GitHub's `::` at the start of a line, behind
    blanks, and `##[` anywhere; Azure's `##vso[` and TeamCity's `##teamcity[` anywhere.
    """
    return [
        line
        for line in re.split(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", output)
        if line.strip().startswith("::") or re.search(r"##\w*\[", line)
    ]

"""Renderers: a plan, an outcome or problems as text; one format a file, one line each here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from confsync.errors import Problem
    from confsync.report.several import State
    from confsync.sync.outcome import Ended
    from confsync.sync.values import Failed, Plan

T = TypeVar("T", bound="Callable[..., str]")


class _Renderers(Mapping[str, T]):
    """Renderers by format, from `module.function` of this room: loaded when one is taken."""

    def __init__(self, **homes: str) -> None:
        self._homes = homes

    def __getitem__(self, name: str) -> T:
        module, _, function = self._homes[name].partition(".")
        renderer: T = getattr(import_module(f"confsync.report.{module}"), function)
        return renderer

    def __contains__(self, name: object) -> bool:
        return name in self._homes

    def __iter__(self) -> Iterator[str]:
        return iter(self._homes)

    def __len__(self) -> int:
        return len(self._homes)


PLAN: Mapping[str, Callable[[Plan], str]] = _Renderers(text="text.plan_text", json="json.plan_json")

PLANS: Mapping[str, Callable[[Sequence[Plan | Failed]], str]] = _Renderers(
    text="several.plans_text", json="json.plans_json"
)

STATES: Mapping[str, Callable[[Sequence[State | Failed]], str]] = _Renderers(
    text="several.states_text", json="json.states_json"
)

OUTCOMES: Mapping[str, Callable[[Sequence[Ended]], str]] = _Renderers(
    text="several.outcomes_text", json="json.outcomes_json"
)

PROBLEMS: Mapping[str, Callable[[Sequence[str], Sequence[Problem]], str]] = _Renderers(
    text="problems.verdict_text",
    json="json.problems_json",
    github="github.problems_github",
    sarif="sarif.problems_sarif",
    junit="junit.problems_junit",
    codequality="codequality.problems_codequality",
)

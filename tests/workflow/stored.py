"""A session with what a server has stored, without a server: answers by the sandbox's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from confsync.sandbox import patch_rules as rules
from confsync.sync.secret import Vault
from confsync.sync.values import Target
from confsync.workflow.server import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from confsync.kinds.table_file import Version
    from confsync.sync.outcome import Reload
    from confsync.sync.values import Live
    from tests.states import Json


@dataclass(frozen=True)
class Stored:
    """What the use cases need of a server that they only read."""

    state: Json

    def read(self, _: str, decode: Callable[[Mapping[str, Any]], Live]) -> Live:
        view: Any = rules.get_view(self.state)
        return decode(view)

    def read_all(
        self, wanted: Mapping[str, Callable[[Mapping[str, Any]], Live]]
    ) -> dict[str, Live]:
        return {name: self.read(name, decode) for name, decode in wanted.items()}

    def schema(self, _: str) -> Version:
        raise AssertionError("only an update of the schema asks for it")

    def edition(self) -> str:
        return ""

    interrupted = False

    def hurry(self) -> None:
        """There is nothing under way."""

    def update(self, *_: object, **__: object) -> Any:  # noqa: ANN401 - nothing is ever returned
        raise AssertionError("a pull never writes to the server")

    def reload(self) -> Reload:
        raise AssertionError("a pull never reloads the server")


def session(state: Json) -> Session:
    return Session(Target("t", "https://mail.example.com"), Stored(state), Vault())

"""What a shell proposes for the words of a command line, where click does not know it by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import click

    Propose: TypeAlias = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def proposing(names: Mapping[str, str]) -> Propose:
    """Proposes names, each with a word about it."""

    def propose(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del ctx, param
        return [
            CompletionItem(name, help=about)
            for name, about in names.items()
            if name.startswith(incomplete)
        ]

    return propose

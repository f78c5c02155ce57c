"""The JSON Schema of store files, with all kinds of references that are installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.kinds import KINDS
from confsync.secrets import RESOLVERS
from confsync.store.schema import file_schema, layer_schema

if TYPE_CHECKING:
    from confsync.store.schema_values import Schema


def schema(*, layer: bool = False) -> Schema:
    """The schema of a file that is a state of its own, or of one that is laid over others.

    Raises WrongUsage where a resolver of another package is broken.
    """
    forms = {key: resolver.form for key, resolver in RESOLVERS.items()}
    return layer_schema(KINDS, forms) if layer else file_schema(KINDS, forms)

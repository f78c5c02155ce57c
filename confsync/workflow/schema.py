"""JSON Schemas of stores and of `confsync.yaml`, with all installed kinds of references."""

from __future__ import annotations

from typing import TYPE_CHECKING

from confsync.kinds import KINDS
from confsync.secrets import RESOLVERS
from confsync.store.schema import file_schema, layer_schema, record_schema

if TYPE_CHECKING:
    from confsync.store.schema_values import Schema


def schema(*, layer: bool = False, config: bool = False) -> Schema:
    """The schema of a store file, of a `layer` that is laid over others, or of `confsync.yaml`.

    Raises WrongUsage if a resolver of another package is broken.
    """
    forms = {key: resolver.form for key, resolver in RESOLVERS.items()}
    if config:
        from confsync.config.layout import CONFIG  # noqa: PLC0415 - loaded only where it is used

        return record_schema(CONFIG, forms)
    return layer_schema(KINDS, forms) if layer else file_schema(KINDS, forms)

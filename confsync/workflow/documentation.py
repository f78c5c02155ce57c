"""Documentation of files: JSON Schemas, and explanations of rules, fields and variants. Offline."""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from confsync.errors import InvalidFiles, WrongUsage
from confsync.guard import discreet
from confsync.kinds import FIRST, KINDS, using
from confsync.kinds.not_managed import not_managed
from confsync.rules import Everything, Rule, rules
from confsync.secrets import RESOLVERS
from confsync.store.describe import Page, described, key_pages, names
from confsync.store.schema import file_schema, layer_schema, record_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from confsync.kinds.table import Tables
    from confsync.store.schema_values import Schema

Explained: TypeAlias = Rule | tuple[Page, ...] | Everything

_NEAR = 0.75


def schema(
    *,
    layer: bool = False,
    config: bool = False,
    included: bool = False,
    tables: Tables | None = None,
) -> Schema:
    """JSON Schema of a store file, of a `layer` over other files, of `confsync.yaml`, or of a file
    that it includes, with every installed kind of reference. `tables`: None: those in use.

    Raises WrongUsage for an invalid resolver of another package.
    """
    forms = {key: resolver.form for key, resolver in RESOLVERS.items()}
    if config or included:
        from confsync.config.layout import CONFIG, INCLUDED  # noqa: PLC0415 - where it is used

        return record_schema(INCLUDED if included else CONFIG, forms)
    with using(tables):
        return layer_schema(KINDS, forms) if layer else file_schema(KINDS, forms)


def explained() -> tuple[str, ...]:
    """The names of all rules, fields, variants and keys."""
    return (*rules(), *names(KINDS), *_keys())


@discreet
def explain(name: str) -> Explained:
    """The rule, object, variants, fields or key of a name; without one, a list of rules, objects
    and keys. Raises WrongUsage.

    By the tables of the working directory, or the built-in ones where those cannot be read.
    """
    from confsync.workflow.tables import beside, tables_at  # noqa: PLC0415 - with yaml/

    tables = None
    with suppress(InvalidFiles, WrongUsage):
        tables = tables_at(beside(Path()))
    with using(tables):
        if not name:
            return Everything(tuple(rules().values()), tuple(KINDS), tuple(_keys()))
        # The object of the pages comes before others that have the same names.
        kinds = {FIRST: KINDS[FIRST], **KINDS}
        pages = (*filter(None, [_keys().get(name)]), *described(name, kinds))
        if found := rules().get(name) or pages:
            return found
        if fact := not_managed(name):
            raise WrongUsage(fact, hint="`confsync explain` lists the objects that it manages")
        known = {other.lower(): other for other in explained()}
    close = get_close_matches(name.rpartition("/")[2].lower(), known, cutoff=_NEAR)
    hint = (
        f"did you mean {known[close[0]]}?"
        if close
        else "`confsync explain` lists rules, objects and keys"
    )
    raise WrongUsage("unknown rule, topic, object, variant, field or key", hint=hint)


def _keys() -> Mapping[str, Page]:
    from confsync.config.layout import CONFIG  # noqa: PLC0415 - loaded only where it is used

    return dict(key_pages(CONFIG))

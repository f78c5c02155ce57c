"""Desired states of targets, as YAML and as JSON with the place of each value."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import starmap
from typing import TYPE_CHECKING

from confsync.report.json import error_json, named_json, source_json
from confsync.report.lines import NOT_MANAGED
from confsync.report.printable import PLAIN, data_text, printable, shown, versioned_text
from confsync.report.several import title
from confsync.store.encode import mapping_parts, to_file
from confsync.store.urls import NAMED, PASSWORD
from confsync.sync.secret import IN_CLEAR, MASK, Ref, Secret
from confsync.sync.tree import leaves, path_text
from confsync.sync.url import Url
from confsync.sync.values import UNMANAGED, Failed
from confsync.yaml.emit import Style

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from confsync.report.printable import Json
    from confsync.sync.shape import Shape, Variants
    from confsync.sync.tree import Leaf, Path
    from confsync.sync.values import Desired, Origin, Target
    from confsync.yaml.emit import Plain

_WIDEST = 56
"""Columns of values before their places."""
_PARTS = 2
"""Parts of a URL with a secret in it; one part is a secret as a whole."""


@dataclass(frozen=True)
class Rendered:
    """The desired state of a target, with the shape of each object. A reference `{secret: NAME}` is
    in it as it is written. `secrets`: the reference that it stands for, and the place of that.
    """

    target: Target
    groups: tuple[str, ...]
    states: tuple[tuple[Desired, Variants], ...]
    secrets: Mapping[str, tuple[Ref, Origin]] = field(default_factory=dict)

    @property
    def objects(self) -> dict[str, Plain]:
        """The objects as a store file has them, with all defaults."""
        return shown(
            {desired.object: self._object(desired, shape) for desired, shape in self.states}
        )

    def _object(self, desired: Desired, shape: Variants) -> Plain:
        members = desired.tree.members.items()
        managed = {name: one for name, one in members if not _is_left(desired, name)}
        return to_file(replace(desired.tree, members=managed), shape, self._leaf)

    def _leaf(self, value: Leaf, shape: Shape) -> Plain:
        match value:
            case (
                Secret(ref=Ref() as ref)
                | Url(ref=Ref() as ref)
                | Url(parts=(Secret(ref=Ref() as ref),))
            ):
                return self._reference(ref)
            case Url(secrets=(Secret(ref=Ref() as ref),)) if ref != IN_CLEAR:
                parts = mapping_parts(value)
                return str(value) if parts is None else {**parts, PASSWORD: self._reference(ref)}
            case _:
                return to_file(value, shape)

    def _reference(self, ref: Ref) -> Plain:
        """A reference as it is written; the arguments of a command are never shown."""
        if ref.kind == NAMED and ref.argument in self.secrets:
            ref, _ = self.secrets[ref.argument]
        if ref == IN_CLEAR:
            return MASK
        words: list[Plain] = [ref.argument, *([MASK] if ref.rest else [])]
        return {ref.kind: words if ref.rest or ref.kind == "command" else ref.argument}

    def lines(self) -> Iterator[tuple[str, Path, Origin | None]]:
        """The lines of `objects`, each with the nearest path that has an origin, and the origin;
        None for a line without a value. Behind each object a comment for each field that is left
        alone.
        """
        document = self.objects
        for desired, _ in self.states:
            name, origins = desired.object, {**desired.origins, **dict(self._of_secrets(desired))}
            for line, path in Style(shown=True).placed(name, document[name], 0, (name,)):
                within = [] if path is None else [path[1:n] for n in range(len(path), 0, -1)]
                at = next((one for one in within if one in origins), ())
                yield line, (name, *at), origins[at] if within else None
            for left in filter(lambda one: _is_left(desired, one), desired.tree.members):
                origin = desired.origin((left,))
                fact = f"{printable(left)}: not managed ({NOT_MANAGED[origin.why]})"
                yield f"  # {fact}", (name, left), origin

    def _of_secrets(self, desired: Desired) -> Iterator[tuple[Path, Origin]]:
        """The paths of references to `secrets` of the target, with the places of these."""
        for path, leaf in leaves(desired.tree):
            whole = not isinstance(leaf, Url) or len(leaf.parts) < _PARTS
            for secret in leaf.secrets if isinstance(leaf, Url) else (leaf,):
                ref = secret.ref if isinstance(secret, Secret) else None
                if ref is not None and ref.kind == NAMED and ref.argument in self.secrets:
                    yield path if whole else (*path, PASSWORD), self.secrets[ref.argument][1]


def _is_left(desired: Desired, name: str) -> bool:
    return desired.origin((name,)).why in UNMANAGED


def rendered_text(found: Sequence[Rendered | Failed]) -> str:
    """Desired states as YAML documents. Several targets: each with its name in a comment."""
    documents = []
    for one in found:
        name = f"# {title([one.target], PLAIN)}\n" if len(found) > 1 else ""
        if isinstance(one, Failed):
            documents.append(f"{name}# not rendered: {printable(one.error.message)}\n")
            continue
        lines = [*one.lines()]
        longest = max((len(line) for line, _, origin in lines if _place(origin)), default=0)
        width = min(longest, _WIDEST)
        text = (
            line if place is None else f"{line:<{width}}  # {place}"
            for line, place in ((line, _place(origin)) for line, _, origin in lines)
        )
        documents.append(name + "".join(f"{line}\n" for line in text))
    return "---\n".join(documents)


def _place(origin: Origin | None) -> str | None:
    """The comment on a value; None for a line that needs none."""
    if origin is None or origin.why in UNMANAGED:
        return None
    group = f" group {printable(origin.group)}" if origin.group else ""
    return f"{printable(origin.file)}:{origin.line}{group}" if origin.line else "default"


def rendered_json(found: Sequence[Rendered | Failed]) -> str:
    """Desired states as in files, and the places of their values."""
    targets: list[dict[str, Json]] = [
        {**named_json(one.target), "objects": None, "sources": [], "error": error_json(one.error)}
        if isinstance(one, Failed)
        else {
            **named_json(one.target),
            "groups": [*map(data_text, one.groups)],
            "objects": one.objects,
            "sources": [*starmap(_placed, {p: at for _, p, at in one.lines() if at}.items())],
        }
        for one in found
    ]
    return versioned_text({"targets": targets})


def _placed(path: Path, origin: Origin) -> dict[str, Json]:
    place = source_json(origin) or dict.fromkeys(("file", "line", "column", "group"))
    return {"path": data_text(path_text(path)), "why": origin.why, **place}

"""Fields that are left as the server has them."""

from __future__ import annotations

from confsync.sync.plan import keep_ignored
from confsync.sync.secret import HIDDEN, Ref, Secret
from confsync.sync.tree import Object, Path
from confsync.sync.values import Desired, Live, Origin

SECRET = Secret(None, Ref("env", "A"))
DESIRED = Object("Redis", {"size": 5, "auth": Object("Value", {"secret": SECRET})})
LIVE = Live("Store", Object("Redis", {"size": 7, "auth": Object("None", {})}))
FILE = Origin("file", "a.yaml", 3, 1)
ORIGINS: dict[Path, Origin] = {(): FILE, ("size",): FILE, ("auth",): FILE, ("auth", "secret"): FILE}


def test_an_ignored_field_is_the_servers_with_everything_in_it() -> None:
    desired = Desired("Store", DESIRED, DESIRED, ORIGINS, "a.yaml", places=ORIGINS)
    left = keep_ignored(desired, LIVE, {"auth", "nothing"})
    wanted = Object("Redis", {"size": 5, "auth": Object("None", {})})
    assert (left.tree, left.written) == (wanted, wanted)
    assert left.origins == left.places == {(): FILE, ("size",): FILE, ("auth",): Origin("ignored")}
    assert left.origin(("auth", "secret")).why == "ignored"


def test_in_another_variant_nothing_is_left() -> None:
    desired = Desired("Store", DESIRED, DESIRED, ORIGINS, "a.yaml")
    other = Live("Store", Object("Cluster", {"size": 7, "auth": HIDDEN}))
    assert keep_ignored(desired, other, {"size"}) == desired

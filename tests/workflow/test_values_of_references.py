"""The rules judge the values of references too, without a word of them in digest or saved plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from confsync.errors import Declined, Refused
from confsync.sandbox.storage import Storage
from confsync.sync.outcome import Stored
from confsync.workflow.apply import How, _run, apply
from confsync.workflow.plan import made, plan, save, saved
from confsync.workflow.targets import Options
from tests.workflow.test_edition import House

if TYPE_CHECKING:
    from pathlib import Path

STORE = "InMemoryStore:\n  '@type': Redis\n  url: {env: CACHE_URL}\n"
WRONG = {"CACHE_URL": "http://cache.internal:6379"}
ALLOWED = Options(allow=frozenset({"will-not-start"}))


@pytest.fixture
def house(tmp_path: Path) -> House:
    file = tmp_path / "store.yaml"
    file.write_text(STORE)
    return House(str(file), [], Storage(None, None))


def test_a_url_that_cannot_work_stops_the_apply(house: House) -> None:
    found = plan([house.file], house.session(), environment=WRONG)
    (finding,) = (one for one in found.findings if one.rule == "will-not-start")
    assert finding.message.startswith("url has an unknown scheme")
    assert finding.origin is not None
    assert finding.origin.line == 3
    assert "internal" not in finding.message + finding.hint
    with pytest.raises(Refused, match="url has an unknown scheme"):
        apply([house.file], house.session(), environment=WRONG)
    outcome = apply([house.file], house.session(), environment=WRONG, options=ALLOWED)
    assert isinstance(outcome, Stored)


def test_digest_and_saved_plan_are_the_same_wherever_the_reference_is_resolved(
    house: House, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("here", "there")]
    for file, environment in zip(files, ({}, WRONG), strict=True):
        save([plan([house.file], house.session(), environment=environment)], str(file))
    assert files[0].read_bytes() == files[1].read_bytes()


@pytest.mark.parametrize("options", [Options(), ALLOWED])
def test_a_saved_plan_takes_its_allowances_along(
    house: House, tmp_path: Path, options: Options
) -> None:
    file = str(tmp_path / "saved")
    save([plan([house.file], house.session(), environment={}, options=options)], file)
    kept, session = saved(file), house.session()
    (again,) = made((), session, Options(), "apply", WRONG, kept)
    assert again.digest == kept[0].digest
    assert bool(again.refusals) == (options is not ALLOWED)
    if again.refusals:
        with pytest.raises(Declined, match="url has an unknown scheme"):
            _run([(None, lambda _: [(again, session)])], How(), kept)

"""A saved plan is the plan that was made, and holds nothing secret, over random states."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given

from confsync.jmap.write import update_json
from confsync.secrets import RESOLVERS
from confsync.secrets.resolve import resolve
from confsync.sync.plan import make_plan
from confsync.sync.saved import from_json, to_json
from confsync.sync.secret import Vault
from tests.states import Pair, neighbours, pairs
from tests.sync.runs import KIND, TARGET, decoded, planned, read, sent_strings, strings
from tests.sync.second_opinion import passwords

SHAPES = {KIND.name: KIND.shape}


@given(pairs() | neighbours())
def test_what_is_read_back_is_the_plan_that_was_saved(pair: Pair) -> None:
    run, vault = planned(pair.live, pair.wanted), Vault()
    text = json.dumps(to_json(run.plan))
    blind = make_plan(TARGET, decoded(pair.wanted, vault, {}), read(pair.live, vault), KIND.shape)
    assert json.dumps(to_json(blind)) == text
    again = from_json(json.loads(text), SHAPES)
    assert json.dumps(to_json(again)) == text
    assert again.digest == run.plan.digest
    _holds_no_secret(text, pair)
    _is_made_again_from_it(pair, json.loads(text), run.sent)


def _holds_no_secret(text: str, pair: Pair) -> None:
    known = [*strings(pair.wanted.document), *_shown(pair)]
    for url in strings(pair.live):
        for password in passwords(url):
            if len(password) > 8 and not any(password in one for one in known):
                assert json.dumps(password)[1:-1] not in text
    for name, value in pair.wanted.environment.items():
        if len(value) > 8 and not any(value in one for one in known):
            assert json.dumps(value)[1:-1] not in text, name


def _shown(pair: Pair) -> list[str]:
    """What stands in the live state and is no password: it is shown."""
    return [url for url in strings(pair.live) if not passwords(url)]


def _is_made_again_from_it(pair: Pair, document: Any, sent: dict[str, Any]) -> None:  # noqa: ANN401 - plain JSON
    """On another machine: with its own vault, its references looked up, the same state read."""
    saved, vault = from_json(document, SHAPES), Vault()
    resolved = resolve(saved.desired, vault, RESOLVERS, pair.wanted.environment)
    assert resolved.problems == ()
    plan = make_plan(TARGET, resolved.desired, read(pair.live, vault), KIND.shape)
    assert plan.digest == saved.digest
    assert sent_strings({**update_json(plan.patch, vault)}) == sent_strings(sent)

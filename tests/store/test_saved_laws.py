"""A saved plan is the plan that was made, and holds nothing secret, over random states."""

from __future__ import annotations

import json
import re
from typing import Any

from hypothesis import given

from confsync.errors import WrongUsage
from confsync.jmap.write import update_json
from confsync.secrets import RESOLVERS
from confsync.secrets.resolver import resolve
from confsync.store.plan_codec import from_json, to_json
from confsync.sync.plan import make_plan
from confsync.sync.secret import Vault
from tests.states import Pair, neighbours, pairs
from tests.sync.runs import KIND, TARGET, decoded, planned, read, sent_strings, strings
from tests.sync.second_opinion import passwords

MARKED = re.compile(r"pw-[0-9a-f]{8}")
SHAPES = {KIND.name: KIND.shape}


@given(pairs() | neighbours())
def test_what_is_read_back_is_the_plan_that_was_saved(pair: Pair) -> None:
    run, vault = planned(pair.live, pair.wanted), Vault()
    try:
        text = json.dumps(to_json([run.plan]))
    except WrongUsage:
        known = [*strings(pair.live), *strings(pair.wanted.stored)]
        assert any(passwords(found) for found in known)
        return
    blind = make_plan(TARGET, decoded(pair.wanted, vault, {}), read(pair.live, vault), KIND.shape)
    assert json.dumps(to_json([blind])) == text
    (again,) = from_json(json.loads(text), lambda _, name: SHAPES[name])
    assert json.dumps(to_json([again])) == text
    assert again.digest == run.plan.digest
    _holds_no_secret(text, pair)
    _is_made_again_from_it(pair, json.loads(text), run.sent)


def _holds_no_secret(text: str, pair: Pair) -> None:
    """Of the passwords that can be told from everything else, none that only secrets hold."""
    said = "\n".join([*strings(pair.wanted.document), *_shown(pair)])
    secret = "\n".join([*strings(pair.live), *pair.wanted.environment.values()])
    for password in set(MARKED.findall(secret)) - set(MARKED.findall(said)):
        assert password not in text


def _shown(pair: Pair) -> list[str]:
    """What stands in the live state and is no password: it is shown."""
    return [url for url in strings(pair.live) if not passwords(url)]


def _is_made_again_from_it(pair: Pair, document: Any, sent: dict[str, Any]) -> None:  # noqa: ANN401 - plain JSON
    """On another machine: with its own vault, its references looked up, the same state read."""
    (saved,), vault = from_json(document, lambda _, name: SHAPES[name]), Vault()
    resolved = resolve(saved.desired, vault, RESOLVERS, pair.wanted.environment)
    assert resolved.problems == ()
    plan = make_plan(TARGET, resolved.desired, read(pair.live, vault), KIND.shape)
    assert plan.digest == saved.digest
    assert sent_strings({**update_json(plan.patch, vault)}) == sent_strings(sent)

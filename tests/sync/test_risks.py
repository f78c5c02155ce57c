"""Risks, texts that no secret can be, and what is refused: each piece by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from confsync.errors import Problem, WrongUsage
from confsync.kinds import RISKS, WARNINGS
from confsync.secrets.resolver import unusable
from confsync.sync.findings import (
    RULE,
    as_finding,
    judged,
    refusals,
    sent_hidden,
    with_hidden,
)
from confsync.sync.secret import Ref, Secret
from confsync.sync.shape import Text
from confsync.sync.tree import Items, Object, Path
from confsync.sync.values import (
    Action,
    Change,
    Difference,
    Finding,
    HiddenSecrets,
    Origin,
    Unknown,
)
from confsync.workflow.targets import check_rules

FILE = Origin("file", "a.yaml", 3, 5)
PLAIN = Problem(
    *("a.yaml", 3, 5, "plaintext-secret", "it is in clear", "write a reference"), risk=True
)
EMPTY = "set it; for no secret write '@type': None, or a URL without a password"
SEND = "use --hidden-secrets send to send the secret from its reference"


# Risks


def test_a_risk_is_an_error_until_it_is_allowed() -> None:
    assert judged(PLAIN, ()).severity == "error"
    assert judged(PLAIN, {"plaintext-secret"}).severity == "warning"
    assert judged(PLAIN, {"another"}) == PLAIN


def test_what_is_no_risk_cannot_be_allowed() -> None:
    broken = Problem("a.yaml", 1, 1, "yaml", "it is broken", "mend it")
    assert judged(broken, {"yaml"}) == broken


def test_a_plan_says_a_risk_as_the_file_does() -> None:
    told = ("plaintext-secret", "it is in clear", "write a reference")
    rule, message, hint = told
    assert as_finding(PLAIN, ()) == Finding(rule, "error", message, hint, FILE, risk=True)
    allowed = as_finding(PLAIN, {"plaintext-secret"})
    assert allowed == Finding(rule, "warning", message, hint, FILE, risk=True)
    other = Problem("a.yaml", 3, 5, "unreadable", "it is broken", "mend it")
    assert as_finding(other, ()) == Finding(
        "unreadable", "error", "it is broken", "mend it", FILE, risk=False
    )


def test_a_warning_to_fail_on_is_a_risk() -> None:
    warning = replace(PLAIN, rule="mixed-tls", severity="warning", risk=False)
    assert judged(warning, (), {"mixed-tls"}) == replace(warning, severity="error", risk=True)
    assert judged(warning, (), {"unbounded-wait"}) == warning
    assert judged(warning, {"mixed-tls"}, {"mixed-tls"}) == warning


@pytest.mark.parametrize("names", [(), ("plaintext-secret",), RISKS, WARNINGS])
def test_the_names_of_risks_can_be_allowed(names: tuple[str, ...]) -> None:
    check_rules(names, WARNINGS)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("plaintext", "did you mean plaintext-secret?"),
        ("plain-text-secrets", "did you mean plaintext-secret?"),
        ("everything", f"known: {', '.join((*RISKS, *WARNINGS))}"),
        ("", f"known: {', '.join((*RISKS, *WARNINGS))}"),
    ],
)
def test_other_names_cannot(name: str, hint: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        check_rules(["plaintext-secret", name])
    assert caught.value.message == "--allow: unknown risk"
    assert caught.value.hint == hint


@pytest.mark.parametrize("name", ["mixed-tsl", "will-not-start"])
def test_only_a_warning_can_be_failed_on(name: str) -> None:
    with pytest.raises(WrongUsage, match=r"^--fail-on: unknown"):
        check_rules((), [name])


# Texts


@pytest.mark.parametrize(
    ("text", "fact", "hint"),
    [
        ("", "is empty", EMPTY),
        (" \u3000\n", "is empty", EMPTY),
        ("****", "is a mask (****), not a secret", "replace the mask with the secret itself"),
        ("ENC[", "is still encrypted", "decrypt it before confsync runs"),
        ("ENC[AES256]", "is still encrypted", "decrypt it before confsync runs"),
        ("a\tb", "contains a control character", "a secret is one line of text"),
        ("a\0", "contains a control character", "a secret is one line of text"),
        ("a\x7f", "contains a control character", "a secret is one line of text"),
        ("a\x85b", "contains a control character", "a secret is one line of text"),
        ("a\udcff", "contains a control character", "a secret is one line of text"),
    ],
)
def test_what_no_secret_can_be(text: str, fact: str, hint: str) -> None:
    assert unusable(text) == (fact, hint)


@pytest.mark.parametrize(
    "text", ["a", " a ", "*****", "***", "enc[", " ENC[", "a ENC[b]", "pässwörd 🙂", "\u200b"]
)
def test_what_a_secret_can_be(text: str) -> None:
    assert unusable(text) is None


# Hidden secrets


def hidden(*path: str | int) -> Unknown:
    return Unknown(path, path, hidden=True, after=Secret(None, Ref("env", "P")), origin=FILE)


def change(action: Action, path: Path, before: object = None, after: object = None) -> Change:
    def tree(side: object) -> Object | None:
        if side is None:
            return None
        return Object("Value", {"secret": Secret(1)} if side == "secret" else {"name": "x"})

    return Change(path, path, action, Text(), tree(before), tree(after), FILE)


def told(path: str, fact: str) -> Finding:
    return Finding(RULE, "error", f"{path} {fact}", SEND, FILE)


BUILT = "will be replaced, so its hidden secret cannot be compared"
NEW = "is a new shard: the removed shard's secret cannot be compared"
HIDDEN = "is hidden and cannot be compared"


@pytest.mark.parametrize("policy", ["send", "keep", "changed"])
def test_only_fail_refuses(policy: HiddenSecrets) -> None:
    everything = Difference((change("replace", (), "secret", "secret"),), (hidden("a"),))
    assert refusals(everything, policy) == ()


@pytest.mark.parametrize(
    ("changes", "unknown", "sent", "fail"),
    [
        ((), (), (), ()),
        ((), (hidden("a", "secret"),), (), (told("a/secret", HIDDEN),)),
        (
            (change("replace", (), "secret", "secret"),),
            (),
            (),
            (told("the object", BUILT),),
        ),
        ((change("replace", ("a",), "secret", "name"),), (), (), ()),
        ((change("replace", ("a",), "name", "secret"),), (), (), ()),
        (
            (change("update", ("stores", 0, "timeout")),),
            (hidden("stores", 0, "a", "secret"), hidden("stores", 1, "a", "secret")),
            (("stores", 0, "a", "secret"),),
            (told("stores/0/a/secret", HIDDEN), told("stores/1/a/secret", HIDDEN)),
        ),
        (
            (change("remove", ("stores", 0, "urls")),),
            (hidden("stores", 0, "a", "secret"),),
            (("stores", 0, "a", "secret"),),
            (told("stores/0/a/secret", HIDDEN),),
        ),
        (
            (change("remove", ("stores", 0), "secret"),),
            (hidden("stores", 0, "a", "secret"),),
            (),
            (told("stores/0/a/secret", HIDDEN),),
        ),
        ((change("update", ("timeout",)),), (hidden("a"),), (), (told("a", HIDDEN),)),
        ((change("update", ("a", "x")),), (hidden("a", "b"),), (), (told("a/b", HIDDEN),)),
        ((change("update", ("a", "b", "x")),), (hidden("a", "b"),), (), (told("a/b", HIDDEN),)),
        (
            (
                change("remove", ("a", "stores", 2), "secret"),
                change("add", ("a", "others", 1), None, "secret"),
            ),
            (),
            (),
            (),
        ),
        (
            (
                change("remove", ("stores", 2), "secret"),
                change("add", ("stores", 1), None, "secret"),
            ),
            (),
            (),
            (told("stores/1", NEW),),
        ),
        (
            (change("remove", ("stores", 2), "secret"), change("add", ("stores", 1), None, "name")),
            (),
            (),
            (),
        ),
        (
            (change("remove", ("stores", 2), "name"), change("add", ("stores", 1), None, "secret")),
            (),
            (),
            (),
        ),
        (
            (
                change("remove", ("stores", 2), "secret"),
                change("add", ("others", 1), None, "secret"),
            ),
            (),
            (),
            (),
        ),
        ((change("add", ("stores", 1), None, "secret"),), (), (), ()),
    ],
)
def test_keep_sends_what_would_be_lost_and_fail_stops_an_apply(
    changes: tuple[Change, ...],
    unknown: tuple[Unknown, ...],
    sent: tuple[Path, ...],
    fail: tuple[Finding, ...],
) -> None:
    found = Difference(changes, unknown)
    everything = {one.path for one in unknown}
    assert sent_hidden(found, "send", ()) == everything
    assert sent_hidden(found, "keep", ()) == sent_hidden(found, "changed", ()) == {*sent}
    assert sent_hidden(found, "keep", everything) == everything
    assert refusals(found, "fail") == fail
    assert sent_hidden(found, "fail", everything) == frozenset()


def test_urls_that_cannot_be_compared_are_neither_kept_nor_taken_out() -> None:
    url = Unknown(("url",), ("url",), hidden=False, after=Secret(), origin=FILE)
    both = Difference((change("update", ("timeout",)),), (hidden("a"), url))
    assert with_hidden(both, ()) == Difference(both.changes, (url,))
    assert with_hidden(both, {("a",)}) == both
    assert refusals(Difference((), (url,)), "fail") == ()
    inside = Unknown(("stores", 0, "url"), (), hidden=False, after=Secret(), origin=FILE)
    moved = Difference((change("update", ("stores", 0, "x")),), (inside,))
    assert sent_hidden(moved, "keep", ()) == frozenset()


def test_a_secret_counts_however_deep_it_is() -> None:
    deep = Object("Sharded", {"stores": Items((Object("x", {}), Object("y", {"a": Secret()})))})
    shallow = Object("Value", {"secret": Secret()})
    built = Change((), (), "replace", Text(), deep, shallow, FILE)
    assert refusals(Difference((built,)), "fail") == (told("the object", BUILT),)
    empty = Change(
        (), (), "replace", Text(), Object("Sharded", {"stores": Items(())}), shallow, FILE
    )
    assert refusals(Difference((empty,)), "fail") == ()

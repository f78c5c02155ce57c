"""Texts that stand where URLs stand: pointers to them, passwords in them, files that say them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from confsync.jmap import pointer
from confsync.jmap.write import update_json
from confsync.kinds import KINDS
from confsync.sandbox import patch_rules as rules
from confsync.secrets import RESOLVERS
from confsync.secrets.resolver import resolve
from confsync.store.decode import from_file
from confsync.sync.plan import make_plan
from confsync.sync.secret import Secret, Vault
from confsync.sync.shape import Text, TextSet, UrlText, Variants
from confsync.sync.url import seal_url
from tests.states import (
    NAME,
    SHAPE,
    TYPE,
    Wanted,
    hostile_texts,
    trim,
    url_texts,
)
from tests.sync.second_opinion import passwords

if TYPE_CHECKING:
    from collections.abc import Iterator


from tests.sync.runs import TARGET, as_sent, decoded, executed, read

# Pointers and passwords


@given(st.one_of(url_texts(), st.text(st.characters(exclude_categories=["Cs"]), min_size=1)))
@example("*")
@example("\\")
@example("~")
@example(str(2**64))
@example(f"0{2**64}")
@example("a\\")
@example("/")
@example("~1")
def test_a_member_whose_pointer_is_written_is_stored_as_it_is(member: str) -> None:
    assume(trim(member))
    stored = {**rules.defaults("RedisCluster"), "urls": {}}
    patch = as_sent({pointer.write(("urls", member)): True})
    assert executed(stored, patch)["urls"] == {trim(member): True}


@given(st.one_of(url_texts(), st.text(max_size=30)))
def test_a_sealed_url_gives_back_its_text(url: str) -> None:
    vault = Vault()
    sealed = seal_url(url, vault)
    assert url == "".join(
        vault.open(part) if isinstance(part, Secret) else part for part in sealed.parts
    )


@given(st.one_of(url_texts(), st.text(max_size=30)))
def test_a_sealed_url_shows_no_password(url: str) -> None:
    shown = str(seal_url(url, Vault()))
    for password in passwords(url):
        if len(password) > 8:
            assert password not in shown


PASSWORD = "hunter2-hunter2"


@pytest.mark.parametrize(
    "url",
    [
        "redis://:{}@h",
        "redis://u:{}@h:6379/1",
        "redis://u:a@{}:b@h",
        "u:{}@h",
        ":{}@",
        "redis://h?password={}",
        "redis://h?x=1&password={}",
        "redis://h/1?a;password={}",
        "redis://h?x=1;password={}",
        "redis://h?x=1?password={}",
        "redis://h?PASS%57ORD={}",
        "redis://h?auth={}#x",
        "redis://h?access_token={}&x",
        "unix:///run/redis.sock?pass={}",
        "unix:///run/redis.sock?user=u&pass={}",
        "redis://u:{}@h?x=a@b",
        "redis://u:x@h?secret={}",
    ],
)
def test_the_password_in_a_url_is_never_shown(url: str) -> None:
    assert PASSWORD not in str(seal_url(url.format(PASSWORD), Vault()))


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["redis", "rediss", "REDISS", "valkey", "valkeys"]),
            st.sampled_from(["", "u@", "v@", ":p@", "u:p@", "u:q@", "u%40:p@"]),
            st.sampled_from(["a.example", "b.example:6379", "[::1]:7000/1", "c?protocol=resp3"]),
        ),
        max_size=4,
        unique=True,
    )
)
def test_the_order_of_urls_counts_where_tls_or_credentials_differ(
    urls: list[tuple[str, str, str]],
) -> None:
    vault = Vault()
    shape = SHAPE.objects["RedisCluster"].fields["urls"].shape
    assert isinstance(shape, TextSet)
    sealed = tuple(seal_url("{}://{}{}".format(*url), vault) for url in urls)
    differing = {(scheme.lower() in {"rediss", "valkeys"}, user) for scheme, user, _ in urls}
    assert shape.order_counts(sealed) == (len(differing) > 1)


# Files


def text_fields() -> Iterator[tuple[str, str, str]]:
    """Each text: its variant, its field and, of a nested object, the variant of that."""
    for tag, fields in SHAPE.objects.items():
        for name, known in fields.fields.items():
            if isinstance(known.shape, Text | UrlText | TextSet):
                yield tag, name, ""
            elif isinstance(known.shape, Variants):
                for inner, nested in known.shape.objects.items():
                    if any(isinstance(part.shape, Text) for part in nested.fields.values()):
                        yield tag, name, inner


@pytest.mark.parametrize("blank", ["", " ", "\u3000\t", "\u0085"])
def test_a_blank_text_is_a_problem_in_every_field(blank: str) -> None:
    accepted = []
    for tag, name, nested in text_fields():
        known = SHAPE.objects[tag].fields[name].shape
        value: object = [blank] if isinstance(known, TextSet) else blank
        if isinstance(known, Variants):
            value = {TYPE: nested, **dict.fromkeys(known.objects[nested].fields, blank)}
        file = Wanted({NAME: {TYPE: tag, name: value}}, {}, {})
        if not from_file(file.node, KINDS, Vault(), RESOLVERS).problems:
            accepted.append((tag, name, nested))
    assert accepted == []


@given(
    st.builds("{}://{}".format, st.sampled_from(["redis", "redis+unix", "R"]), hostile_texts()),
    st.one_of(st.just("stalwart"), hostile_texts()),
    st.one_of(st.just("hunter2"), hostile_texts()),
)
@example("a?b://h=1", "key", "hunter2")
@example("redis://h?key", "u", "p=q&password=x")
def test_the_mapping_form_is_what_is_read_back(address: str, user: str, password: str) -> None:
    form = {"address": address, "username": user, "password": {"env": "A"}}
    file = Wanted({NAME: {TYPE: "Redis", "url": form}}, {"A": password}, {})
    vault = Vault()
    reading = from_file(file.node, KINDS, vault, RESOLVERS)
    assume(not reading.problems)
    resolved = resolve(reading.desired[0], vault, RESOLVERS, file.environment)
    assume(not resolved.problems)
    plan = make_plan(TARGET, resolved.desired, read(rules.defaults("Default"), vault), SHAPE)
    stored = executed(rules.defaults("Default"), as_sent(update_json(plan.patch, vault)))
    again = make_plan(TARGET, resolved.desired, read(stored, vault), SHAPE)
    assert again.difference.changes == ()


def test_an_order_that_cannot_be_known_is_no_change() -> None:
    urls = ["redis://u:p1@h", "redis://u:p2@h", "redis://u:p3@g"]
    forms = [
        {"env": "A"},
        {"address": "redis://h", "username": "u", "password": {"env": "B"}},
        {"address": "redis://g", "username": "u", "password": {"env": "C"}},
    ]
    stored = {**rules.defaults("RedisCluster"), "urls": dict.fromkeys(urls, True)}
    file = Wanted({NAME: {TYPE: "RedisCluster", "urls": forms}}, {}, stored)
    vault = Vault()
    plan = make_plan(TARGET, decoded(file, vault, {}), read(stored, vault), SHAPE)
    assert plan.difference.changes == ()


def test_references_that_may_lead_to_the_same_url_are_no_change() -> None:
    stored = {**rules.defaults("RedisCluster"), "urls": {"redis://h": True}}
    forms = [{"env": "A"}, {"env": "B"}]
    file = Wanted({NAME: {TYPE: "RedisCluster", "urls": forms}}, {}, stored)
    vault = Vault()
    plan = make_plan(TARGET, decoded(file, vault, {}), read(stored, vault), SHAPE)
    assert plan.difference.changes == ()

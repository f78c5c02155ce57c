"""What is in the vault stays there."""

from __future__ import annotations

import copy
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from confsync.errors import Fault
from confsync.sync.secret import HIDDEN, MASK, Ref, Secret, Vault

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_equal_texts_have_one_place_and_others_another() -> None:
    vault = Vault()
    first, second, third = vault.seal("a"), vault.seal("b"), vault.seal("a", Ref("env", "A"))
    assert (first.id, second.id, third.id) == (0, 1, 0)
    assert first == third
    assert third.ref == Ref("env", "A")
    assert [vault.open(secret) for secret in (first, second, third)] == ["a", "b", "a"]
    assert vault.seal("c").id == 2


def test_what_references_led_to_is_known_apart_from_what_the_server_sent() -> None:
    vault = Vault()
    vault.seal("live")
    vault.seal("ours", Ref("env", "A"))
    vault.seal("both")
    vault.seal("both", Ref("env", "B"))
    assert list(vault.referenced()) == ["ours", "both"]


@pytest.mark.parametrize("secret", [HIDDEN, Secret(None, Ref("env", "A"))])
def test_what_is_not_known_cannot_be_opened(secret: Secret) -> None:
    with pytest.raises(Fault, match=r"^a secret was to be written whose value is not known$"):
        Vault().open(secret)


def test_a_vault_tells_nothing_of_itself() -> None:
    vault = Vault()
    vault.seal("canary")
    assert repr(vault) == str(vault) == "Vault()"


def test_a_vault_is_neither_pickled_nor_copied() -> None:
    with pytest.raises(TypeError, match=r"^a vault never leaves its process$"):
        pickle.dumps(Vault())
    for copied in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"^a vault is not copied$"):
            copied(Vault())


@pytest.fixture
def hurried() -> Iterator[None]:
    """Threads that take turns all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hurried")
def test_threads_that_seal_at_once_get_the_same_for_the_same_text_and_nothing_of_each_other() -> (
    None
):
    """The wrong text would be sent to the server, and nobody could tell."""
    vault = Vault()

    def work(number: int) -> list[Secret]:
        shared = []
        for turn in range(10_000):
            for text in (f"of-thread-{number}-{turn}", f"of-all-{turn}"):
                sealed = vault.seal(text)
                assert vault.open(sealed) == text
            shared.append(sealed)
        return shared

    with ThreadPoolExecutor(4) as threads:
        first, *others = threads.map(work, range(4))
    assert others == [first] * 3


@pytest.mark.usefixtures("hurried")
def test_what_one_thread_seals_while_another_scrubs_is_masked_from_then_on() -> None:
    vault = Vault()
    texts = [[f"of-thread-{number}-{turn}" for turn in range(250)] for number in range(4)]

    def work(own: list[str]) -> None:
        for text in own:
            vault.seal(text)
            assert vault.scrub(f"<{text}>") == f"<{MASK}>"

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, texts))
    for own in texts:
        assert vault.scrub(" ".join(own)) == " ".join([MASK] * len(own))


def test_a_reference_shows_no_directory_and_is_another_where_its_path_starts_elsewhere() -> None:
    assert Ref("file", "secret", "/a") != Ref("file", "secret", "/b")
    assert str(Ref("file", "secret", "/a")) == "file secret"

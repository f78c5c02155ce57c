"""What is in the vault stays there."""

from __future__ import annotations

import copy
import pickle

import pytest

from confsync.errors import Fault
from confsync.sync.secret import HIDDEN, Ref, Secret, Vault


def test_equal_texts_have_one_place_and_others_another() -> None:
    vault = Vault()
    first, second, third = vault.seal("a"), vault.seal("b"), vault.seal("a", Ref("env", "A"))
    assert (first.id, second.id, third.id) == (0, 1, 0)
    assert first == third
    assert third.ref == Ref("env", "A")
    assert [vault.open(secret) for secret in (first, second, third)] == ["a", "b", "a"]


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


def test_a_reference_is_the_same_wherever_a_relative_path_starts() -> None:
    assert Ref("file", "secret", "/a") == Ref("file", "secret", "/b")
    assert str(Ref("file", "secret", "/a")) == "file secret"

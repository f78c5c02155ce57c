"""Words that passwords are made of: whoever guesses tries these first."""

from __future__ import annotations

import re

SHORTEST = 8
"""Characters. A shorter secret can be guessed whatever it is."""

_FEWEST = 4
"""Different characters. `aaaaaaaa` and `abababab` have fewer."""

_LONGEST = 16
"""Characters of those that are made of so few: longer ones take long to try all."""

_ROWS = (
    *("01234567890", "9876543210", "abcdefghijklmnopqrstuvwxyz"),
    *("qwertyuiopasdfghjklzxcvbnm", "1q2w3e4r5t6y7u8i9o0p"),
)

_WORDS = frozenset(
    """
    access account admin administrator anything backup baseball basketball business cache changeit
    changeme cluster computer confidential configuration connection container correct corvette
    database default development diamond director docker dragon elephant everything example
    fallback football foobared freedom friendship guest hello homepage hunter iloveyou
    infrastructure internet invalid jennifer kubernetes letmein liverpool localhost login
    mailserver manager master mercedes michelle monitoring monkey mountain mustang mymaster
    mypassword newpassword nopassword nothing operator password passphrase passw0rd p4ssword
    p4ssw0rd placeholder postgres primary princess private production qwerty rabbitmq redis
    redispassword replica replication replicator sample secret security sentinel server service
    shadow software something stalwart staging starwars storage strawberry sunshine superman
    superuser supersecret swordfish system temporary testing testpassword toomanysecrets topsecret
    trustno undefined unknown username valkey welcome whatever winston
    """.split()  # noqa: SIM905 - a list would be longer than the module
)
_ENDING = re.compile(r"[0-9!]{1,4}\Z")
_LEET = str.maketrans("013457@$", "oleastas")


def is_guessable(text: str) -> bool:
    """Whether a secret is shorter than 8 characters, a common word (digits may stand behind it or
    for its letters), a few characters again and again, or a row of the keyboard.
    """
    if len(text) < SHORTEST:
        return True
    lower = text.casefold()
    word = _ENDING.sub("", lower)
    spelt = {lower, word, lower.translate(_LEET), word.translate(_LEET)}
    repeated = len(set(lower[:_LONGEST])) < _FEWEST and len(lower) <= _LONGEST
    return repeated or not spelt.isdisjoint(_WORDS) or any(lower in row for row in _ROWS)

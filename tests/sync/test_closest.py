"""Which item of a list becomes which, where items may go and come anywhere."""

from __future__ import annotations

from random import Random

from confsync.sync.align import closest


def cheapest(old: str, new: str) -> int:
    """The least cost, tried out: 1 for an item that goes, 3 for one that comes, 2 for a change."""
    if not old or not new:
        return len(old) + 3 * len(new)
    return min(
        (0 if old[0] == new[0] else 2) + cheapest(old[1:], new[1:]),
        1 + cheapest(old[1:], new),
        3 + cheapest(old, new[1:]),
    )


def paired(old: str, new: str) -> list[tuple[int | None, int | None]]:
    return closest(
        len(old),
        len(new),
        lambda i, j: 0 if old[i] == new[j] else 2,
        lambda _: 3,
    )


def test_no_pairing_in_order_costs_less() -> None:
    chance = Random(0)  # noqa: S311 - which lists are tried is no secret
    for _ in range(300):
        old, new = ("".join(chance.choices("ab c", k=chance.randrange(6))) for _ in range(2))
        pairs = paired(old, new)
        assert [i for i, _ in pairs if i is not None] == list(range(len(old)))
        assert [j for _, j in pairs if j is not None] == list(range(len(new)))
        spent = 0
        for i, j in pairs:
            if i is None or j is None:
                spent += 3 if i is None else 1
            else:
                spent += 0 if old[i] == new[j] else 2
        assert spent == cheapest(old, new)


def test_an_item_in_front_or_in_the_middle_moves_none_of_the_others() -> None:
    assert paired("ab", "xab") == [(None, 0), (0, 1), (1, 2)]
    assert paired("axb", "ab") == [(0, 0), (1, None), (2, 1)]
    assert paired("a", "b") == [(0, 0)]
    assert paired("", "") == []

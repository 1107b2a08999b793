from dataclasses import replace

import pytest

from admin.tracking.audit import chain, verification
from admin.tracking.audit import entry as entries
from admin.tracking.audit.entry import Entry
from tests.admin.tracking.audit.test_entry import FIRST

ALIAS = "production"
Move = tuple[str, int | None, int]


def tags_of(*moves: Move) -> dict[str, str]:
    """Tags that hold a whole chain, whose keys sort as their entries do."""
    tags: dict[str, str] = {}
    for sequence, (action, before, after) in enumerate(moves, start=1):
        entry = replace(
            FIRST,
            sequence=sequence,
            action=action,
            from_version=before,
            to_version=after,
            before=chain.read(tags).head,
        )
        tags[chain.new_key(sequence)] = entries.written(entry)
    return tags


def changed(tags: dict[str, str], place: int, **changes: object) -> dict[str, str]:
    """The tags with one entry changed."""
    key = sorted(tags)[place - 1]
    entry = entries.read(tags[key])
    assert entry is not None
    return tags | {key: entries.written(replace(entry, **changes))}  # type: ignore[arg-type]


def wrong(tags: dict[str, str], current: int | None) -> list[str]:
    named = {} if current is None else {ALIAS: current}
    return verification.problems(chain.read(tags), named)


THREE = (("promote", None, 1), ("promote", 1, 2), ("promote", 2, 3))


def test_a_whole_chain_has_no_problem() -> None:
    assert wrong({}, 1) == []
    assert wrong(tags_of(*THREE) | {"owner": "anna"}, 3) == []


def test_what_was_changed_is_found() -> None:
    tags = tags_of(*THREE)
    keys = sorted(tags)
    other = "entry 2 was changed, or entry 3 was"
    assert wrong(changed(tags, 2, reason="none"), 3) == [other]
    assert wrong(changed(tags, 3, before="0" * 64), 3) == [other]
    assert wrong(tags | {keys[1]: "x"}, 3)[:2] == ["entry 2 cannot be read", other]
    without = {key: text for key, text in tags.items() if key != keys[1]}
    assert wrong(without, 3)[0] == "missing in the chain: 2"
    without = {key: text for key, text in tags.items() if key != keys[0]}
    assert wrong(without, 3) == ["missing in the chain: 1"]
    twice = tags | {chain.new_key(2): tags[keys[1]]}
    assert wrong(twice, 3)[0] == "entry 2 is there more than once"
    assert wrong(tags | {"audit.x": ""}, 3) == ["the tag audit.x is no entry"]
    # The end of a chain that is cut off shows at the alias.
    assert wrong({key: tags[key] for key in keys[:2]}, 3)[0].startswith(
        f"{ALIAS} was moved by hand"
    )


@pytest.mark.parametrize(("current", "names"), [(None, "no version"), (2, "version 2")])
def test_an_alias_that_was_moved_by_hand_is_found(current: int | None, names: str) -> None:
    text = f"{ALIAS} was moved by hand: it names {names}, and entry 3 let it name version 3"
    assert wrong(tags_of(*THREE), current) == [text]


def test_each_of_many_aliases_is_looked_at_on_its_own() -> None:
    tags: dict[str, str] = {}
    for place in range(1, 5001):
        entry = replace(FIRST, sequence=place, alias=f"alias-{place % 4999}", before="")
        tags[f"audit.{place:06d}.00000000"] = entries.written(entry)
    found = chain.read(tags)
    aliases = [line for line in verification.problems(found, {}) if line.startswith("alias-")]
    # That 4,999 name no version takes a moment, not a quarter of a minute.
    assert len(aliases) == 4999 + 1
    assert aliases[0] == (
        "alias-1 was moved by hand between entries 1 and 5000: from version 1 to no version"
    )


def test_a_move_by_hand_is_found_after_the_next_promotion() -> None:
    text = f"{ALIAS} was moved by hand between entries 1 and 2: from version 1 to version 5"
    assert wrong(tags_of(("promote", None, 1), ("promote", 5, 2)), 2) == [text]


def test_one_of_two_who_write_at_once_withdraws_and_the_chain_is_whole() -> None:
    tags = tags_of(*THREE[:2])
    lost = entries.read(tags[sorted(tags)[1]])
    assert lost is not None
    for void in ("audit.000002.00000000", "audit.000002.ffffffff"):
        tags[void] = entries.written(replace(lost, to_version=7, outcome="void"))
    history = chain.read(tags)
    third = replace(FIRST, sequence=3, from_version=2, to_version=3, before=history.head)
    tags[chain.new_key(3)] = entries.written(third)
    assert wrong(tags, 3) == []


BACK: Move = ("rollback", 3, 2)


@pytest.mark.parametrize(
    ("moves", "current", "expected"),
    [
        ((), 1, None),
        (THREE[:1], 1, None),
        (THREE, 3, 2),
        ((*THREE, BACK), 2, 1),
        ((*THREE, BACK, ("rollback", 2, 1)), 1, None),
        ((*THREE, BACK, ("promote", 2, 4)), 4, 2),
        # Promoted before there was a history.
        ((("promote", 7, 8),), 8, 7),
        # Moved by hand.
        (THREE, 9, 3),
        (THREE, None, 3),
    ],
)
def test_a_rollback_goes_to_the_version_before(
    moves: tuple[Move, ...], current: int | None, expected: int | None
) -> None:
    assert chain.read(tags_of(*moves)).before(ALIAS, current) == expected


def test_the_chain_knows_what_an_alias_has_named() -> None:
    history = chain.read(tags_of(("promote", 7, 8)))
    assert [history.was(ALIAS, number) for number in (7, 8, 9)] == [True, True, False]
    assert not history.was("other", 8)
    assert isinstance(history.last(ALIAS), Entry)

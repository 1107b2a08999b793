"""Files of parts that no training has written: refused, or answered with what can be sent."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from housing_grpc.bundle.errors import BundleFormatError, SelfTestError
from housing_grpc.bundle.format import BundleFiles
from housing_grpc.bundle.metadata import Golden, IntervalFacts, Metadata
from housing_grpc.bundle.model import Bundle
from housing_grpc.bundle.parts import covers, neighbours, spread
from housing_grpc.bundle.parts.neighbours import Neighbours
from housing_grpc.bundle.regressor_file import encode_trees
from housing_grpc.bundle.trees import Trees
from tests.bundle.parts.making import Made, houses

FILES = ("neighbours.bin", "scale.trees", "interval.bin", "covers.bin")


def rebuilt(
    made: Made, blobs: Mapping[str, bytes], metadata: Metadata | None = None, *, native: bool = True
) -> Bundle:
    """Returns a bundle with other files; None takes one away."""
    files = made.files
    return Bundle(
        BundleFiles(
            metadata=metadata or files.metadata,
            blobs={**files.blobs, **blobs},
            digest=files.digest,
        ),
        native=native,
    )


def changed(data: bytes, at: int, value: Any) -> bytes:
    """Returns bytes with another number somewhere."""
    new = np.array(value).tobytes()
    return data[:at] + new + data[at + len(new) :]


def with_(**columns: Any) -> Callable[[Neighbours], Neighbours]:
    def change(found: Neighbours) -> Neighbours:
        fresh = {name: column(getattr(found, name).copy()) for name, column in columns.items()}
        return Neighbours(**{**vars_of(found), **fresh})

    return change


def vars_of(found: Neighbours) -> dict[str, Any]:
    names = ("method", "counts", "values", "scores", "matrix", "points", "distances")
    return {name: getattr(found, name) for name in names}


def first(value: float) -> Callable[[Any], Any]:
    def change(array: Any) -> Any:
        array.reshape(-1)[0] = value
        return array

    return change


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (with_(values=first(np.nan)), "not finite, or too large"),
        (with_(values=first(1e13)), "not finite, or too large"),
        (with_(values=first(5e3)), "values that do not rise"),
        (with_(scores=first(np.inf)), "not finite, or too large"),
        (with_(scores=first(900.0)), "scores that fall"),
        (with_(points=first(np.nan)), "not finite, or too large"),
        (with_(points=first(1e9)), "not finite, or too large"),
        (with_(distances=first(np.nan)), "not finite, or too large"),
        (with_(distances=first(-1.0)), "distances that do not rise"),
        (with_(distances=first(1e6)), "distances that do not rise"),
        (with_(counts=first(0)), "a feature without knots"),
        (with_(counts=first(3)), "knots of no feature"),
        (with_(points=lambda points: points[:0]), "has no points"),
        (with_(points=lambda points: np.repeat(points, 9, axis=0)), "more than 4096"),
        (with_(distances=lambda distances: distances[:0]), "has no distances"),
    ],
)
def test_wrong_neighbours_are_refused(
    linear: Made, change: Callable[[Neighbours], Neighbours], text: str
) -> None:
    found = change(neighbours.decode(linear.files.blobs["neighbours.bin"]))
    with pytest.raises(BundleFormatError, match=rf"neighbours\.bin: .*{text}"):
        rebuilt(linear, {"neighbours.bin": neighbours.encode(found)})


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e7])
def test_a_wrong_matrix_is_refused(forest: Made, value: float) -> None:
    found = with_(matrix=first(value))(neighbours.decode(forest.files.blobs["neighbours.bin"]))
    with pytest.raises(BundleFormatError, match="not finite, or too large"):
        rebuilt(forest, {"neighbours.bin": neighbours.encode(found)})


@pytest.mark.parametrize(
    ("scores", "reach", "text"),
    [
        ([1.0, 0.5], 1.0, "scores that do not rise"),
        ([np.nan, 1.0], 1.0, "scores that do not rise"),
        ([-1.0, 1.0], 1.0, "a score that cannot be"),
        ([1.0, np.inf], 1.0, "a score that cannot be"),
        ([], 1.0, "has no scores"),
        ([1.0], 0.0, "a reach that is not above 0"),
        ([1.0], np.nan, "a reach that is not above 0"),
        ([1.0], np.inf, "a reach that is not above 0"),
    ],
)
def test_wrong_scores_are_refused(
    linear: Made, scores: list[float], reach: float, text: str
) -> None:
    trees = Trees(
        roots=np.array([0]), feature=np.array([0]), number=np.zeros(1), left=np.array([-1]),
        right=np.array([-1]), inclusive=True, float32=False, exponential=False,
    )  # fmt: skip
    wrong = spread.Spread(trees=trees, scores=np.array(scores), reach=reach)
    with pytest.raises(BundleFormatError, match=rf"interval\.bin: .*{text}"):
        rebuilt(linear, {"interval.bin": spread.encode(wrong)})


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan, np.inf])
def test_a_share_that_is_none_is_refused(boosted: Made, share: float) -> None:
    data = changed(boosted.files.blobs["covers.bin"], 16, share)
    with pytest.raises(BundleFormatError, match=r"covers\.bin: has a share that is not between"):
        rebuilt(boosted, {"covers.bin": data})


def test_shares_of_other_trees_are_refused(boosted: Made, forest: Made) -> None:
    with pytest.raises(BundleFormatError, match=r"covers\.bin: does not have as many splits"):
        rebuilt(boosted, {"covers.bin": forest.files.blobs["covers.bin"]})


def test_trees_that_are_too_deep_to_explain_are_refused(boosted: Made) -> None:
    place = np.arange(300)
    deep = Trees(
        roots=np.array([0]),
        feature=np.zeros(601, dtype=np.int64),
        number=np.zeros(601),
        left=np.concatenate([np.where(place < 299, place + 1, 600), np.full(301, -1)]),
        right=np.concatenate([place + 300, np.full(301, -1)]),
        inclusive=True,
        float32=False,
        exponential=False,
    )
    assert not covers.is_explainable(deep)
    blobs = {
        "model.trees": encode_trees(deep),
        "covers.bin": covers.encode(deep, np.full(601, 0.5)),
    }
    with pytest.raises(BundleFormatError, match="trees that take too long to explain"):
        rebuilt(boosted, blobs)


@pytest.mark.parametrize("name", ["scale.trees", "interval.bin", "neighbours.bin"])
def test_half_of_the_files_of_an_interval_is_refused(linear: Made, name: str) -> None:
    files = linear.files
    blobs = {each: blob for each, blob in files.blobs.items() if each != name}
    with pytest.raises(BundleFormatError, match=r"metadata\.json: "):
        Bundle(BundleFiles(metadata=files.metadata, blobs=blobs, digest=files.digest))


@pytest.mark.parametrize("interval", [None, {"scores": 3}])
def test_an_interval_that_is_not_described_is_refused(
    linear: Made, interval: dict[str, int] | None
) -> None:
    metadata = linear.files.metadata
    facts: IntervalFacts | None = None
    if interval is not None and metadata.interval is not None:
        facts = msgspec.structs.replace(metadata.interval, **interval)
    with pytest.raises(BundleFormatError, match=r"metadata\.json: "):
        rebuilt(linear, {}, msgspec.structs.replace(metadata, interval=facts))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("size", [0, 7, 8, 15, 23, -1, -8])
def test_a_file_that_ends_early_is_refused(boosted: Made, name: str, size: int) -> None:
    with pytest.raises(BundleFormatError, match=name.replace(".", r"\.")):
        rebuilt(boosted, {name: boosted.files.blobs[name][:size]})


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_goes_on_is_refused(boosted: Made, name: str) -> None:
    with pytest.raises(BundleFormatError, match=name.replace(".", r"\.")):
        rebuilt(boosted, {name: boosted.files.blobs[name] + b"\0"})


@pytest.mark.parametrize("leaf", [-1.0, 1e300, -1e300])
def test_a_spread_that_nobody_trained_gives_no_bounds(linear: Made, leaf: float) -> None:
    trees = Trees(
        roots=np.array([0]), feature=np.zeros(3, dtype=np.int64),
        number=np.array([0.0, leaf, leaf]), left=np.array([1, -1, -1]), right=np.array([2, -1, -1]),
        inclusive=True, float32=False, exponential=abs(leaf) > 1,
    )  # fmt: skip
    rows = houses()[:50]
    for native in (True, False):
        bundle = rebuilt(linear, {"scale.trees": encode_trees(trees)}, native=native)
        found = bundle.assess(rows, bundle.predict(rows))
        assert found is not None
        assert np.isnan(found.upper).all() or np.isfinite(found.upper).all()
        assert (np.isnan(found.lower) == np.isnan(found.upper)).all()
        assert np.isnan(found.upper).all() == (leaf != -1e300)


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_a_corrupt_file_is_refused_or_answers_alike(boosted: Made, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(FILES))
    content = bytearray(boosted.files.blobs[name])
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1) | st.integers(0, 60))
        content[place : place + 1] = data.draw(st.binary(min_size=1, max_size=1))
    rows = houses()[::20]
    try:
        one, other = (
            rebuilt(boosted, {name: bytes(content)}, native=native) for native in (True, False)
        )
    except BundleFormatError:
        return
    prices = one.predict(rows)
    found, same = one.assess(rows, prices), other.assess(rows, prices)
    assert found is not None
    assert same is not None
    assert np.isfinite([found.p_value, found.distance]).all()
    assert np.isnan(found.upper).tolist() == np.isnan(same.upper).tolist()
    assert found.upper == pytest.approx(same.upper, rel=1e-6, nan_ok=True)
    explained, again = one.explain(rows, prices=prices), other.explain(rows, prices=prices)
    assert explained is not None
    assert again is not None
    assert explained.amounts == pytest.approx(again.amounts, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("part", ["intervals", "p_values", "contributions"])
def test_golden_rows_of_the_parts_are_answered_again(boosted: Made, part: str) -> None:
    metadata = boosted.files.metadata
    golden = metadata.golden
    assert len(getattr(golden, part)) == len(golden.rows)
    boosted.native.self_test()
    boosted.numpy.self_test()
    values = np.array(getattr(golden, part))
    values[3] += 0.01
    wrong: Golden = msgspec.structs.replace(golden, **{part: values.tolist()})
    for native in (True, False):
        bundle = rebuilt(
            boosted, {}, msgspec.structs.replace(metadata, golden=wrong), native=native
        )
        with pytest.raises(SelfTestError, match=r"golden rows: .* is off by 0\.01"):
            bundle.self_test()
        # One that has been tried is not explained again.
        if part == "contributions":
            bundle.self_test(explain=False)
        else:
            with pytest.raises(SelfTestError):
                bundle.self_test(explain=False)


def test_golden_rows_of_a_part_that_is_not_there(boosted: Made) -> None:
    files = boosted.files
    for name in ("covers.bin", "neighbours.bin"):
        gone = {name} | ({"scale.trees", "interval.bin"} if name == "neighbours.bin" else set())
        blobs = {each: blob for each, blob in files.blobs.items() if each not in gone}
        bundle = Bundle(BundleFiles(metadata=files.metadata, blobs=blobs, digest=files.digest))
        with pytest.raises(SelfTestError, match="is off by nan"):
            bundle.self_test()

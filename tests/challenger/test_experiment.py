"""A challenger beside the live model, from a real registry, over gRPC."""

import math
import shutil
from pathlib import Path
from typing import Any

import pytest
from housing.v1 import feedback_pb2, prediction_pb2
from housing.v1.experiment_pb2 import (
    VERDICT_OUTCOME_CHALLENGER_BETTER,
    VERDICT_OUTCOME_UNDECIDED,
    GetExperimentRequest,
)
from housing.v1.model_pb2 import ModelInfoRequest, ReloadModelRequest
from housing.v1.prediction_pb2 import (
    House,
    PredictBatchRequest,
    PredictRequest,
    PredictStreamRequest,
)

from admin.data.dataset import Dataset
from tests.challenger.conftest import Follow, compared, experiment, found
from tests.support import broken_bundles, faulty_models
from tests.support.client import SECONDS, Client, failure, reason_of
from tests.support.examples import Example
from tests.support.registered import Registered
from tests.support.waiting import until

CHAMPION, CHALLENGER = prediction_pb2.VARIANT_CHAMPION, prediction_pb2.VARIANT_CHALLENGER
NONE = prediction_pb2.VARIANT_UNSPECIFIED


def predict(client: Client, *metadata: tuple[str, str], **more: Any) -> Any:
    given: dict[str, Any] = {"house": House(rm=6.5, lstat=5), **more}
    return client.predictions.Predict(
        PredictRequest(**given), timeout=SECONDS, metadata=metadata or None
    )


def houses(count: int) -> list[House]:
    return [House(rm=5 + number / count, lstat=10) for number in range(count)]


def batch(client: Client, items: list[House], **more: Any) -> Any:
    asked = PredictBatchRequest(items=items, **more)
    return client.predictions.PredictBatch(asked, timeout=SECONDS)


def test_without_a_challenger_there_is_no_experiment(versions: Registered, follow: Follow) -> None:
    client = follow(versions)
    assert reason_of(failure(lambda: experiment(client))) == "NO_CHALLENGER"
    answer = predict(client, ("x-model-variant", "challenger"))
    assert (answer.model_version, answer.variant) == ("1", NONE)


def test_a_shadow_touches_no_answer_and_says_how_far_prices_are_apart(
    versions: Registered, follow: Follow, linear: Example, forest: Example
) -> None:
    versions.challenge("2")
    client = follow(versions)
    shown = compared(client, "2")
    assert (shown.champion_version, shown.challenger_digest) == ("1", forest.digest[:16])
    assert (shown.shadow, shown.share, shown.fault) == (1, 0, "")
    assert not shown.HasField("agreement")
    items = houses(600)
    answers = [each.prediction for each in batch(client, items).results]
    single = predict(client)
    assert (single.model_version, single.variant) == ("1", NONE)
    until(lambda: experiment(client).shadow_rows.scored == 601)
    shown = experiment(client)
    assert (shown.shadow_rows.dropped, shown.shadow_rows.failed) == (0, 0)
    forced = [predict(client, ("x-model-variant", "challenger"), house=each) for each in items[:5]]
    assert {each.model_version for each in forced} == {"2"}
    assert shown.agreement.rows == 601
    assert shown.agreement.mean_absolute >= abs(shown.agreement.mean_difference) > 0
    assert [each.prediction for each in batch(client, items).results] == answers
    assert shown.verdict.outcome == VERDICT_OUTCOME_UNDECIDED
    # Before the first look, 0 would say that there is surely no difference.
    assert (shown.verdict.lower, shown.verdict.upper) == (-math.inf, math.inf)
    assert "FEEDBACK_URL" in shown.verdict.text


def test_the_same_key_always_gets_the_same_model(versions: Registered, follow: Follow) -> None:
    versions.challenge("2", share="0.1")
    client = follow(versions)
    assert compared(client, "2").share == 0.1
    first = [predict(client, routing_key=f"caller {number}") for number in range(300)]
    of_two = [each.variant for each in first]
    assert 0 < of_two.count(CHALLENGER) < 90
    assert of_two.count(CHAMPION) + of_two.count(CHALLENGER) == 300
    assert all((each.model_version == "2") == (each.variant == CHALLENGER) for each in first)
    again = [predict(client, routing_key=f"caller {number}").variant for number in range(300)]
    assert again == of_two
    # Without a key, the house decides; all houses of a batch, or of a first chunk, together.
    single = [predict(client, house=each).variant for each in houses(100)]
    assert [batch(client, [each]).variant for each in houses(100)] == single
    key = f"caller {of_two.index(CHALLENGER)}"
    assert batch(client, houses(3), routing_key=key).variant == CHALLENGER


@pytest.mark.parametrize("pinned", [False, True])
def test_a_stream_is_answered_by_one_model(
    versions: Registered, follow: Follow, *, pinned: bool
) -> None:
    versions.challenge("2", share="0.5")
    client = follow(versions)
    compared(client, "2")
    seen = set()
    for number in range(12):
        chunks = [
            PredictStreamRequest(
                sequence=place, rows={"items": houses(4 + place)}, routing_key=f"stream {number}",
                pin_model=pinned,
            )
            for place in range(3)
        ]  # fmt: skip
        answers = list(client.predictions.PredictStream(iter(chunks), timeout=SECONDS))
        variants = {each.chunk.variant for each in answers[:-1]}
        (version,) = answers[-1].summary.model_versions
        assert variants == {CHALLENGER if version == "2" else CHAMPION}
        assert answers[-1].summary.chunks == 3
        seen |= variants
    assert seen == {CHAMPION, CHALLENGER}


def test_only_an_admin_may_say_which_model_answers(
    versions: Registered, follow: Follow, tmp_path: Path
) -> None:
    (tmp_path / "keys").write_text(f"shop predict {'p' * 32}\nops admin {'a' * 32}\n")
    (tmp_path / "keys").chmod(0o600)
    versions.challenge("2")
    client = follow(versions, api_keys_file=str(tmp_path / "keys"))
    key = ("x-api-key", "a" * 32)

    def is_there() -> bool:
        answer = predict(client, key, ("x-model-variant", "challenger"))
        return bool(answer.model_version == "2" and answer.variant == CHALLENGER)

    until(is_there)
    answer = predict(client, key, ("x-model-variant", "champion"))
    assert (answer.model_version, answer.variant) == ("1", CHAMPION)
    status = failure(lambda: predict(client, key, ("x-model-variant", "best")))
    assert reason_of(status) == "INVALID_TARGET"
    shop = ("x-api-key", "p" * 32)
    assert predict(client, shop).model_version == "1"
    assert predict(client, shop, ("x-model-variant", "champion")).variant == CHAMPION
    for call in (
        lambda: predict(client, shop, ("x-model-variant", "challenger")),
        lambda: client.experiments.GetExperiment(GetExperimentRequest(), metadata=(shop,)),
    ):
        assert reason_of(failure(call)) == "PERMISSION_DENIED"


def test_a_promotion_of_the_challenger_ends_the_experiment(
    versions: Registered, follow: Follow
) -> None:
    versions.challenge("2", share="0.5")
    client = follow(versions, model_poll_seconds=0.0)
    compared(client, "2")
    versions.promote("2")
    client.models.ReloadModel(ReloadModelRequest(), timeout=SECONDS)
    until(lambda: bool(experiment(client).fault))
    shown = experiment(client)
    assert (shown.champion_version, shown.challenger_digest) == ("2", "")
    assert "is what the live model is" in shown.fault
    assert predict(client).variant == NONE
    versions.stop()
    client.models.ReloadModel(ReloadModelRequest(), timeout=SECONDS)
    until(lambda: found(client) is None)


def test_a_challenger_that_cannot_be_loaded_costs_nothing_and_is_shown(
    versions: Registered, follow: Follow, forest: Example, tmp_path: Path
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(forest.folder, damaged)
    broken_bundles.KINDS["not_json"][0](damaged)
    number = versions.add(Example(folder=damaged, digest=forest.digest, pipeline=None))
    versions.challenge(number)
    client = follow(versions)
    until(lambda: found(client) is not None)
    shown = experiment(client)
    assert (shown.challenger_version, shown.challenger_digest) == (number, "")
    assert "not the one that was registered" in shown.fault
    assert predict(client).model_version == "1"
    versions.challenge("2", share="half")
    until(lambda: experiment(client).challenger_version == "2")
    assert "challenger_share" in experiment(client).fault
    versions.challenge("2")
    assert compared(client, "2").fault == ""
    answer = client.models.ModelInfo(ModelInfoRequest(), timeout=SECONDS)
    assert answer.version == "1"


def test_a_challenger_without_prices_for_some_houses_costs_them_nothing(
    versions: Registered, follow: Follow, linear: Example, tmp_path: Path
) -> None:
    number = versions.add(faulty_models.write(linear, tmp_path / "steep"))
    versions.challenge(number, share="1")
    client = follow(versions, metrics_enabled=False)
    compared(client, number)
    good, bad = faulty_models.GOOD.house, faulty_models.BAD.house
    assert predict(client, house=good).variant == CHALLENGER
    answer = predict(client, house=bad)
    assert (answer.variant, answer.model_version) == (CHAMPION, "1")
    versions.challenge(number)
    until(lambda: experiment(client).share == 0)
    answers = batch(client, [good, bad, good])
    assert [each.WhichOneof("outcome") for each in answers.results] == ["prediction"] * 3
    # With the one from before; its other prices are beyond what houses sell for, so count as none.
    until(lambda: experiment(client).shadow_rows.failed == 4)
    assert not experiment(client).HasField("agreement")


def test_outcomes_decide_between_the_two(
    versions: Registered, follow: Follow, forest: Example, houses: Dataset, tmp_path: Path
) -> None:
    versions.challenge("2")
    client = follow(versions, feedback_url=f"sqlite:///{tmp_path / 'feedback.db'}")
    assert "0 outcomes" in compared(client, "2").verdict.text
    rows = houses.features.to_numpy()
    items = [
        House(**{
            name.lower(): value
            for name, value in zip(houses.features.columns, row, strict=True)
            if value == value  # noqa: PLR0124 - what is missing is NaN
        })
        for row in rows
    ]  # fmt: skip
    priced = batch(client, items, receipt=True).results
    sold = [
        feedback_pb2.Outcome(receipt=each.receipt, actual=actual)
        for each, actual in zip(priced, houses.target, strict=True)
    ]

    def record(some: list[feedback_pb2.Outcome]) -> None:
        asked = feedback_pb2.RecordOutcomesRequest(items=some)
        client.feedback.RecordOutcomes(asked, timeout=SECONDS)

    record(sold[:99])
    early = experiment(client).verdict
    assert (early.outcome, early.labels) == (VERDICT_OUTCOME_UNDECIDED, 99)
    assert (early.lower, early.upper) == (-math.inf, math.inf)
    record(sold[:400])
    record(sold[99:])
    verdict = experiment(client).verdict
    assert (verdict.outcome, verdict.labels) == (VERDICT_OUTCOME_CHALLENGER_BETTER, len(sold))
    ours = (forest.prices(rows) - houses.target.to_numpy()) ** 2
    theirs = [(each.prediction - actual) ** 2 for each, actual in
              zip(priced, houses.target, strict=True)]  # fmt: skip
    assert abs(verdict.difference - (ours.mean() - sum(theirs) / len(theirs))) < 0.01
    assert verdict.lower < verdict.difference < verdict.upper < 0
    # With the models changed round, the same outcomes say the opposite.
    versions.promote("2")
    versions.challenge("1")
    compared(client, "1")
    until(lambda: experiment(client).champion_version == "2")
    other = experiment(client).verdict
    assert (other.labels, other.upper) == (verdict.labels, -verdict.lower)

"""`housing-admin replay` and `housing-admin skew` on receipts of a server of a real registry."""

import csv
import json
import math
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import grpc
import pytest
from housing.v1 import prediction_pb2 as pb

from admin.base.errors import DataError, ExportError, RegistryError, UsageError
from housing_grpc.bundle.schema import FEATURE_NAMES
from housing_grpc.receipts import key_file
from housing_grpc.receipts.record import Model, Receipt
from housing_grpc.receipts.sealing import Seals
from housing_grpc.server import HousingServer
from housing_grpc.settings import Settings
from tests.support.client import SECONDS, client_of
from tests.support.commands import Say
from tests.support.examples import DATA

HOUSES = [
    pb.House(rm=6), pb.House(rm=6.5, lstat=4.0, tax=300.0), pb.House(rm=7.5, crim=0.1),
    pb.House(tax=9000.0, rm=3.0),
]  # fmt: skip


@pytest.fixture(scope="module")
def given(promoted_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[str]]:
    """The key of a server of that registry, and its receipts."""
    home = tmp_path_factory.mktemp("server")
    chosen = Settings(
        grpc_port=0,
        housing_home=str(home),
        mlflow_tracking_uri=f"sqlite:///{promoted_home}/mlflow.db",
        metrics_enabled=False,
    )
    with ExitStack() as stack:
        server = HousingServer(chosen)
        stack.callback(server.close, grace_seconds=0)
        server.start()
        channel = stack.enter_context(grpc.insecure_channel(f"127.0.0.1:{server.port}"))
        client = client_of(channel, "")
        found = [
            client.predictions.Predict(
                pb.PredictRequest(house=house, receipt=True, level=level), timeout=SECONDS
            ).receipt
            for house, level in zip(HOUSES, (0, 0.8, 0.99, 0.9), strict=True)
        ]
        request = pb.PredictBatchRequest(items=HOUSES, receipt=True)
        found += [
            each.receipt
            for each in client.predictions.PredictBatch(request, timeout=SECONDS).results
        ]
    return (home / key_file.OWN_NAME).read_text(), found


@pytest.fixture
def receipts(
    given: tuple[str, list[str]], home: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """Receipts of version 1 of the home that commands see, which has their key."""
    monkeypatch.setenv("HOUSING_HOME", str(home))
    (home / key_file.OWN_NAME).write_text(given[0])
    return given[1]


@pytest.fixture
def seals(receipts: list[str], home: Path) -> Seals:
    return key_file.kept(home)


def changed(seals: Seals, text: str, **fields: Any) -> str:
    """Another receipt, as a server with the same key would have made it."""
    receipt = seals.open(text, "receipt")
    held = {name: getattr(receipt, name) for name in receipt.__struct_fields__}
    return seals.seal(Receipt(**(held | fields)).pack())


def test_the_same_bundle_answers_the_same_to_the_bit(receipts: list[str], say: Say) -> None:
    found = json.loads(say("replay", *receipts, "--json").out)
    assert (found["receipts"], found["same"], found["faults"]) == (8, 8, [])
    first = found["replayed"][0]
    assert (first["receipt"], first["version"], first["model_version"]) == (1, "1", "1")
    assert first["house"] == {"RM": 6.0}
    assert first["again"]["price"] == first["price"]
    assert first["interval"]["level"] == 0.9
    assert first["difference"] == 0
    shown = say("replay", receipts[1]).out
    assert "same to the bit" in shown
    assert "RM 6.5, TAX 300, LSTAT 4" in shown


def test_receipts_may_stand_in_a_file(receipts: list[str], say: Say, tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["RM", "receipt", "error"])
        rows.writerows([["6", text, ""] for text in receipts[:2]])
        rows.writerow(["", "", "it cannot be scored"])
    found = json.loads(say("replay", "--file", str(path), receipts[2], "--json").out)
    assert (found["receipts"], found["same"]) == (3, 3)
    path.write_text("RM,price\n6,20\n")
    told = say("replay", "--file", str(path), code=DataError.exit_code).err
    assert "has no column receipt; housing score --receipts writes one" in told
    path.write_text("receipt\n\n")
    told = say("skew", "--file", str(path), code=DataError.exit_code).err
    assert "has no receipt in its column receipt" in told
    path.write_bytes(b"receipt\n\xff\n")
    told = say("skew", "--file", str(path), code=DataError.exit_code).err
    assert "is not a CSV file in UTF-8" in told
    path.write_text(f"receipt\n{'A' * 2**20}\n")
    told = say("replay", "--file", str(path), code=DataError.exit_code).err
    assert "is not a CSV file in UTF-8: field larger than field limit" in told


def test_a_price_that_differs_by_one_bit_is_told(
    receipts: list[str], seals: Seals, say: Say
) -> None:
    price = seals.open(receipts[0], "receipt").price
    other = changed(seals, receipts[0], price=math.nextafter(price, math.inf))
    said = say("replay", receipts[1], other, "--json", code=ExportError.exit_code)
    assert "1 of 2 prices are not what the same bundle answers now" in said.err
    found = json.loads(said.out)
    assert [each["same"] for each in found["replayed"]] == [True, False]
    assert 0 > found["replayed"][1]["difference"] > -1e-12
    upper = math.nextafter(seals.open(receipts[0], "receipt").upper, math.inf)
    said = say("replay", changed(seals, receipts[0], upper=upper), code=ExportError.exit_code)
    assert f"to {upper!r} is now" in said.out


def test_one_that_cannot_be_opened_does_not_keep_others_from_their_answer(
    receipts: list[str], say: Say
) -> None:
    forged = receipts[0][:-1] + ("A" if receipts[0][-1] != "A" else "B")
    foreign = Seals([bytes(32)]).seal(b"\0" * 161)
    wrong = [forged, receipts[0][:100], foreign, "ä" * 240, "A" * 2**16, receipts[1]]
    said = say("replay", *wrong, "--json", code=UsageError.exit_code)
    found = json.loads(said.out)
    assert (found["receipts"], found["same"]) == (6, 1)
    assert [each["receipt"] for each in found["faults"]] == [1, 2, 3, 4, 5]
    faults = [each["fault"] for each in found["faults"]]
    assert faults[0].startswith("receipt 1 is not as a server made it")
    assert faults[1].startswith("receipt 2 has 100 characters; send all 240")
    assert faults[2].startswith("receipt 3 was sealed with a key that this server does not have")
    assert "5 of the receipts could not be judged" in said.err


def test_a_bundle_that_is_gone_is_named(receipts: list[str], seals: Seals, say: Say) -> None:
    gone = changed(seals, receipts[0], model=Model("ab" * 8, "cd" * 4, 7))
    said = say("replay", gone, receipts[1], "--json", code=RegistryError.exit_code)
    (fault,) = json.loads(said.out)["faults"]
    assert fault["fault"] == (
        "receipt 1: its bundle (version 7, digest abababababababab...) is gone: no version of "
        "housing-price-model has it"
    )
    assert fault["house"] == {"RM": 6.0}


def test_the_digest_decides_and_not_the_number(receipts: list[str], seals: Seals, say: Say) -> None:
    """As in a registry that was made anew, or of a server that serves a folder."""
    model = seals.open(receipts[0], "receipt").model
    for number in (0, 99):
        other = changed(seals, receipts[0], model=Model(model.digest, model.schema, number))
        (found,) = json.loads(say("replay", other, "--json").out)["replayed"]
        assert (found["version"], found["same"]) == ("1", True)


def test_keys_that_are_configured_go_before(
    receipts: list[str], say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keys"
    path.write_text(f"{'ab' * 32}\n")
    monkeypatch.setenv("RECEIPT_KEYS_FILE", str(path))
    told = say("replay", receipts[0], code=UsageError.exit_code).err
    assert "sealed with a key that this server does not have" in told
    path.write_text("nonsense\n")
    told = say("replay", receipts[0], code=UsageError.exit_code).err
    assert told == f"error: RECEIPT_KEYS_FILE={path}, line 1: a key is 64 hexadecimal digits\n"


def test_served_prices_are_those_of_the_training(receipts: list[str], say: Say) -> None:
    found = json.loads(say("skew", *receipts, "--json").out)
    (version,) = found["versions"]
    assert (version["version"], version["receipts"], version["passed"]) == ("1", 8, True)
    assert version["bundle"]["largest"] == 0
    assert version["pipeline"]["largest"] < found["tolerance"] == 1e-4
    assert (version["other_schema"], found["faults"]) == (0, [])
    assert "passed" in say("skew", receipts[0], "--data", str(DATA)).out


def test_a_price_that_the_training_would_not_give_is_told(
    receipts: list[str], seals: Seals, say: Say
) -> None:
    price = seals.open(receipts[1], "receipt").price
    other = changed(seals, receipts[1], price=price + 0.001)
    said = say("skew", receipts[0], other, code=ExportError.exit_code)
    assert "prices of version 1 are not those of its training" in said.err
    assert "1 of 2 prices of version 1 are not those of the bundle: receipt 2 by 0.001" in said.out
    assert "of the fitted pipeline: receipt 2 by 0.001" in said.out
    found = json.loads(say("skew", receipts[0], other, "--json", code=6).out)
    assert found["versions"][0]["bundle"]["above"] == 1


def test_another_schema_is_told(receipts: list[str], seals: Seals, say: Say) -> None:
    model = seals.open(receipts[0], "receipt").model
    other = changed(seals, receipts[0], model=Model(model.digest, "00" * 4, 1))
    said = say("skew", other, code=ExportError.exit_code)
    assert "1 of the receipts of version 1 name another schema than its bundle has" in said.out


def test_other_data_are_refused(receipts: list[str], say: Say, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("".join(DATA.read_text().splitlines(keepends=True)[:300]))
    said = say("skew", receipts[0], "--data", str(other), code=UsageError.exit_code)
    assert f"--data: {other} is not what version 1 was trained on" in said.err


def test_every_feature_has_its_place(receipts: list[str], seals: Seals) -> None:
    """The record holds the values in the order of the contract."""
    row = memoryview(seals.open(receipts[1], "receipt").row).cast("d").tolist()
    named = dict(zip(FEATURE_NAMES, row, strict=True))
    assert (named["RM"], named["LSTAT"], named["TAX"]) == (6.5, 4.0, 300.0)
    assert math.isnan(named["CRIM"])

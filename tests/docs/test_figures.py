"""What pages print of the default model is what it says when it is trained today."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from admin.data.dataset import Dataset
from admin.training.spec import DEFAULT_MODEL, DEFAULT_PREPROCESSING, DEFAULT_SEED
from clients.python import HousingClient, to_json
from tests.conftest import ROOT
from tests.support import examples
from tests.support.processes import serving

# It trains the default model, with all that there is to tell beside prices.
pytestmark = pytest.mark.integration

README = (ROOT / "README.md").read_text()
RECIPES = (ROOT / "docs" / "recipes.md").read_text()
# Of the same training on another processor.
ALMOST = 1e-6
# Of the server, and not of the model.
ITS_OWN = ("model_version", "timestamp")

Answer = dict[str, Any]
HOUSE = json.loads(re.findall(r"-d '(\{\"CRIM.*?\})'", README, re.DOTALL)[0])


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory, houses: Dataset) -> Iterator[HousingClient]:
    folder: Path = tmp_path_factory.mktemp("default") / "bundle"
    examples.make(
        folder, houses, DEFAULT_MODEL, DEFAULT_PREPROCESSING, honest=True, seed=DEFAULT_SEED
    )
    with serving(folder) as server:
        port = server.event("server.serving")["port"]
        with HousingClient(f"localhost:{port}") as found:
            yield found


def asked(client: HousingClient, house: Answer, **options: Any) -> Answer:
    return dict(to_json(client.predict(house, **options)))


def check(shown: Any, found: Any) -> None:
    """Compares what is shown of an answer with all of it, numbers almost."""
    if isinstance(shown, dict):
        for name, value in shown.items():
            if name not in ITS_OWN:
                check(value, found[name])
    elif isinstance(shown, list):
        assert len(shown) == len(found)
        for one, other in zip(shown, found, strict=True):
            check(one, other)
    elif isinstance(shown, float):
        assert found == pytest.approx(shown, rel=ALMOST)
    else:
        assert shown == found


def read(text: str) -> Any:
    """Reads JSON in which … stands for what is left out."""
    text = re.sub(r"\s*…\s*,?", "", text)
    return json.loads(re.sub(r",(?=\s*[}\]])", "", text))


def test_the_answer_on_the_first_screen(client: HousingClient) -> None:
    shown = read(re.findall(r"^\{\"prediction.*?\}\}$", README, re.DOTALL | re.MULTILINE)[0])
    found = asked(client, HOUSE, explain=True)
    parts = {part["feature"]: part for part in found["explanation"]["contributions"]}
    some = shown["explanation"].pop("contributions")
    assert len(some) == 3
    check(some, [parts[part["feature"]] for part in some])
    check(shown, found)


def test_what_the_first_screen_says_in_words(client: HousingClient) -> None:
    found, measured = asked(client, HOUSE, explain=True), client.info().interval
    ends, why = found["interval"], found["explanation"]
    most = max(why["contributions"], key=lambda part: float(part["amount"]))
    assert measured is not None
    text = " ".join(README.split())
    covered, by_town = 100 * measured.coverage, 100 * (measured.coverage_by_town or 0)
    for sentence in (
        f"in thousands of dollars: {found['prediction']:.1f}, in nine of ten cases between",
        f"between {ends['lower']:.1f} and {ends['upper']:.1f}; ",
        f"starts from its mean, {why['base']:.1f}, and adds most for {most['feature']}.",
        f"cover {covered:.1f} ± {100 * measured.coverage_error:.1f} % and are",
        f"are {measured.width:.2f} wide; where whole towns are left out, they cover",
        f"they cover {by_town:.1f} %. A house unlike",
    ):
        assert sentence in text, sentence


def test_a_house_that_is_unlike_any(client: HousingClient) -> None:
    shown = read(re.findall(r"```json\n(\{\n  \"prediction.*?)```", README, re.DOTALL)[0])
    house = {name: value for name, value in HOUSE.items() if name != "LSTAT"} | {"RM": 12.5}
    found = asked(client, house)
    assert set(shown) == set(found)
    check(shown, found)


def test_prices_that_recipes_print(client: HousingClient) -> None:
    plain = client.predict(RM=6.5, LSTAT=5).price
    odd = client.predict(CRIM=0.00632, RM=6.575, LSTAT=4.98, TAX=900).price
    usual = client.predict(CRIM=0.00632, RM=6.575, LSTAT=4.98, TAX=296).price
    known = [plain, odd, usual, client.predict(HOUSE).price]
    printed = [float(each) for each in re.findall(r"\b2[47]\.\d{8,}", README)]
    printed += [float(each) for each in re.findall(r"\b27\.\d{8,}", RECIPES)]
    assert len(printed) >= 6
    for price in printed:
        assert any(price == pytest.approx(each, rel=ALMOST) for each in known), price
    assert f"predict:  {odd:.2f} by version 1" in RECIPES


def test_what_explains_a_price_against_a_reference(client: HousingClient) -> None:
    shown = read(
        re.findall(
            r"^\{\n  \"prediction\": [\d.]+,\n  …\n  \"interval.*?^\}",
            RECIPES,
            re.DOTALL | re.MULTILINE,
        )[0]
    )
    house = {"CRIM": 0.00632, "RM": 6.575, "LSTAT": 4.98, "TAX": 296}
    found = asked(client, house, reference={"RM": 6, "LSTAT": 12}, level=0.8)
    parts = {part["feature"]: part for part in found["explanation"]["contributions"]}
    some = shown["explanation"].pop("contributions")
    check(some, [parts[part["feature"]] for part in some])
    check(shown, found)

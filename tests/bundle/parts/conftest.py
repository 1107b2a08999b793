import pytest

from tests.bundle.parts.making import Made, make


@pytest.fixture(scope="package")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory.mktemp("linear") / "bundle", "linear", "v2_knn")


@pytest.fixture(scope="package")
def boosted(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("boosted") / "bundle"
    return make(folder, "xgboost", "v3_iterative", n_estimators=40)


@pytest.fixture(scope="package")
def forest(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("forest") / "bundle"
    return make(folder, "random_forest", keep_rows=False, n_estimators=4)


@pytest.fixture(params=["linear", "boosted", "forest"])
def made(request: pytest.FixtureRequest) -> Made:
    found: Made = request.getfixturevalue(request.param)
    return found

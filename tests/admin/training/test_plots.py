from pathlib import Path

import numpy as np
import pytest
from matplotlib import image

from admin.training import plots
from housing_grpc.bundle.schema import FEATURE_NAMES

ACTUAL = np.array([10.0, 20.0, 30.0, 50.0])
PREDICTED = np.array([12.0, 19.0, 33.0, 41.0])


@pytest.mark.parametrize("draw", [plots.predicted_vs_actual, plots.residuals])
def test_predictions_become_a_picture(tmp_path: Path, draw: plots.Comparison) -> None:
    file, other = tmp_path / "a.png", tmp_path / "b.png"
    draw(file, actual=ACTUAL, predicted=PREDICTED, unit="USD", title="linear x v1_median")
    draw(other, actual=ACTUAL, predicted=ACTUAL, unit="USD", title="linear x v1_median")
    assert min(image.imread(file).shape[:2]) > 400
    assert file.read_bytes() != other.read_bytes()


def test_importances_become_a_picture(tmp_path: Path) -> None:
    shares = np.arange(len(FEATURE_NAMES)) / 78
    file, other = tmp_path / "a.png", tmp_path / "b.png"
    plots.feature_importance(file, names=FEATURE_NAMES, shares=shares, title="linear")
    plots.feature_importance(other, names=FEATURE_NAMES, shares=shares[::-1], title="linear")
    assert min(image.imread(file).shape[:2]) > 400
    assert file.read_bytes() != other.read_bytes()


def test_calibration_becomes_a_picture(tmp_path: Path) -> None:
    levels = (0.25, 0.5, 0.75)
    drawn = []
    for coverage in (np.array(levels), np.array([0.1, 0.2, 0.3])):
        file = tmp_path / "a.png"
        plots.calibration(
            file, actual=ACTUAL, predicted=PREDICTED, levels=levels, coverage=coverage,
            unit="USD", title="linear",
        )  # fmt: skip
        assert min(image.imread(file).shape[:2]) > 400
        drawn.append(file.read_bytes())
    assert drawn[0] != drawn[1]


def test_contributions_become_a_picture(tmp_path: Path) -> None:
    amounts = np.arange(len(FEATURE_NAMES)) / 10
    file, other = tmp_path / "a.png", tmp_path / "b.png"
    for each, values in ((file, amounts), (other, amounts[::-1])):
        plots.contributions(each, names=FEATURE_NAMES, amounts=values, unit="USD", title="linear")
    assert min(image.imread(file).shape[:2]) > 400
    assert file.read_bytes() != other.read_bytes()


def test_drawing_looks_for_no_screen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "tkagg")
    monkeypatch.delenv("DISPLAY", raising=False)
    plots.predicted_vs_actual(
        tmp_path / "a.png", actual=ACTUAL, predicted=PREDICTED, unit="USD", title=""
    )
    assert (tmp_path / "a.png").exists()

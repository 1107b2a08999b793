"""Fits copies of a recipe on a Dask cluster, to the numbers that they give in this process."""

from collections.abc import Generator, Sequence

from sklearn.pipeline import Pipeline

from ..data.dataset import Dataset
from .dask_cluster import Cluster, Job
from .out_of_fold import Fits, Fold, Numbers, Way, price_fold

_HOUSES = "houses"


def fits(address: str) -> Fits:
    """Return what fits on a cluster's workers.

    Args:
        address: Of the scheduler, such as "tcp://host:8786".

    Raises:
        UsageError: Dask is not installed here.
    """
    workers = Cluster(address)

    def fit_all(
        pipeline: Pipeline, dataset: Dataset, ways: Sequence[Way], folds: Sequence[Fold]
    ) -> Generator[tuple[int, Numbers]]:
        jobs = [Job(call=_priced, arguments=(pipeline, fold), table=_HOUSES) for fold in folds]
        for done in workers.run({_HOUSES: (dataset, ways)}, jobs):
            # As here, a fit that fails leaves nothing to compare.
            if done.error is not None:
                raise done.error
            yield done.index, done.value

    return fit_all


def _priced(houses: tuple[Dataset, Sequence[Way]], pipeline: Pipeline, fold: Fold) -> Numbers:
    return price_fold(pipeline, *houses, fold)

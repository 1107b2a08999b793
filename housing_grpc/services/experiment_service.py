"""ExperimentService: tells how the challenger does."""

import grpc
from housing.v1 import experiment_pb2 as pb

from housing_grpc.base.errors import Reason, ServingError
from housing_grpc.challenger.reporting import Report, Reporter
from housing_grpc.challenger.shadow import ShadowSums
from housing_grpc.challenger.verdict import Outcome
from housing_grpc.receipts.record import DIGEST_DIGITS

_OUTCOMES = {
    Outcome.UNDECIDED: pb.VERDICT_OUTCOME_UNDECIDED,
    Outcome.CHALLENGER_BETTER: pb.VERDICT_OUTCOME_CHALLENGER_BETTER,
    Outcome.CHALLENGER_WORSE: pb.VERDICT_OUTCOME_CHALLENGER_WORSE,
    Outcome.EQUIVALENT: pb.VERDICT_OUTCOME_EQUIVALENT,
}


class ExperimentServicer:
    """Tells how the challenger does.

    Args:
        reporter: Knows.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def GetExperiment(
        self, request: pb.GetExperimentRequest, context: grpc.ServicerContext
    ) -> pb.GetExperimentResponse:
        """Tells how the challenger does, and whether there is a verdict yet."""
        report = self._reporter.report()
        if report is None:
            raise ServingError(
                Reason.NO_CHALLENGER,
                "there is no challenger; choose one with: housing-admin challenge VERSION; one"
                " that was chosen just now comes some seconds after the next look at the registry",
            )
        return _encode(report)


def _encode(report: Report) -> pb.GetExperimentResponse:
    challenge, verdict, sums = report.challenge, report.verdict, report.sums
    message = pb.GetExperimentResponse(
        champion_version=report.champion_version,
        challenger_version=challenge.version,
        challenger_digest=challenge.digest[:DIGEST_DIGITS],
        shadow=challenge.shadow,
        share=challenge.share,
        fault=challenge.fault,
        shadow_rows=pb.ShadowRows(
            scored=int(sums.scored), dropped=int(sums.dropped), failed=int(sums.failed)
        ),
        verdict=pb.Verdict(
            outcome=_OUTCOMES[verdict.outcome],
            difference=verdict.difference,
            lower=verdict.lower,
            upper=verdict.upper,
            labels=verdict.labels,
            text=verdict.text,
            mae_difference=verdict.mae_difference,
        ),
    )
    if sums.scored:
        message.agreement.CopyFrom(_agreement(sums))
    return message


def _agreement(sums: ShadowSums) -> pb.Agreement:
    return pb.Agreement(
        rows=int(sums.scored),
        mean_difference=sums.difference / sums.scored,
        mean_absolute=sums.absolute / sums.scored,
        outside_interval=sums.outside / sums.bounded if sums.bounded else 0.0,
    )

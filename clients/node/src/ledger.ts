// How a job is going, and with that whether it is to go on when a stream breaks.
import { status } from "@grpc/grpc-js";
import { HousingError } from "./errors.js";
import type { ChunkResult, PredictStreamRequest } from "./gen/housing/v1/prediction_pb.js";

// Most new streams in a row that bring no answer.
const RETRIES = 10;
// Until there is a first one: a job that was not served yet has nothing to lose but time.
const RETRIES_AT_FIRST = 3;

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
// Longest wait that a server may ask for; more is the caller's to decide.
const LONGEST_ASKED_MS = 60_000;

const BROKEN = [status.UNAVAILABLE, status.CANCELLED];
const ENDED = ["STREAM_IDLE", "STREAM_TOO_OLD", "MODEL_RETIRED", "NO_ANSWER"];

export class Ledger {
  #served = false;
  #pinned: string | undefined;
  #failures = 0;

  /** Takes note of an answer. Throws if it is by another model than the pinned one. */
  answered({ pinModel }: PredictStreamRequest, { modelVersion }: ChunkResult): void {
    if (pinModel) {
      this.#pinned ??= modelVersion;
      if (modelVersion !== this.#pinned) {
        const message =
          `the job is pinned to model ${this.#pinned}, ` +
          `but the server now answers with ${modelVersion}`;
        throw new HousingError(status.FAILED_PRECONDITION, message, { reason: "MODEL_CHANGED" });
      }
    }
    this.#served = true;
    this.#failures = 0;
  }

  /** Says how many milliseconds to wait before a new stream; undefined if one is of no use. */
  broken(error: unknown): number | undefined {
    const most = this.#served ? RETRIES : RETRIES_AT_FIRST;
    if (!(error instanceof HousingError) || !this.#resumable(error) || this.#failures >= most) {
      return undefined;
    }
    const asked = error.retryAfterMs ?? 0;
    if (asked > LONGEST_ASKED_MS) {
      return undefined;
    }
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
    // Spread, so that the clients of a server that restarts do not come back as one.
    return Math.max((pause * (1 + Math.random())) / 2, asked);
  }

  /** Tells a stream that broke from one that was refused. */
  #resumable({ code, reason, retryAfterMs }: HousingError): boolean {
    if (code === status.RESOURCE_EXHAUSTED) {
      // The server has too much to do. A job that it has not served yet fails at once.
      return retryAfterMs !== undefined && this.#served;
    }
    if (code === status.INTERNAL) {
      // A stream that is cut off in the middle of a message; the server's own has a reason.
      return reason === undefined;
    }
    return BROKEN.includes(code) || (reason !== undefined && ENDED.includes(reason));
  }
}

/** Makes the error of an answer that is owed and does not come. */
export function noAnswer(message: string): HousingError {
  return new HousingError(status.DEADLINE_EXCEEDED, message, { reason: "NO_ANSWER" });
}

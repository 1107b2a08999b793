// What the first message of a stream says for all that follow.
import { create } from "@bufbuild/protobuf";
import {
  type PredictStreamRequest,
  PredictStreamRequestSchema,
} from "./gen/housing/v1/prediction_pb.js";

/**
 * A server reads what is asked for from the first message of a stream alone, so each new stream
 * of a job begins with what the first chunk of the job asked for.
 */
export class Opening {
  #asked: Partial<PredictStreamRequest> = {};

  /** Gives what is sent of a chunk, which stays as it is: it may have to be sent again. */
  message(chunk: PredictStreamRequest, first: boolean): PredictStreamRequest {
    const { sequence, payload, pinModel, ...rest } = chunk;
    const { explain, reference, level, intervals, receipt, routingKey } = rest;
    if (sequence === 0n) {
      this.#asked = {
        explain,
        level,
        intervals,
        receipt,
        routingKey,
        ...(reference && { reference }),
      };
    }
    const sent = create(PredictStreamRequestSchema, { sequence, payload, pinModel });
    return first ? Object.assign(sent, this.#asked) : sent;
  }
}

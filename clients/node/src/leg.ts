// One stream of the server: chunks are sent as they come, up to a few ahead of the answers.
import { type ClientDuplexStream, status } from "@grpc/grpc-js";
import { HousingError, ofCall } from "./errors.js";
import type {
  ChunkResult,
  PredictStreamRequest,
  PredictStreamResponse,
} from "./gen/housing/v1/prediction_pb.js";
import { Lookahead } from "./lookahead.js";

/** Some houses, as rows or as a matrix. */
export type Chunk = PredictStreamRequest;
/** What became of the houses of one chunk. */
export type Answer = ChunkResult;

export type Call = ClientDuplexStream<PredictStreamRequest, PredictStreamResponse>;

// Enough to keep the server busy while answers travel, few enough to be kept until then.
// It also bounds what `write` may gather.
const WINDOW = 4;

export class Leg {
  readonly #call: Call;
  readonly #answers: Lookahead<PredictStreamResponse>;
  readonly #unanswered: Chunk[];
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;

  /** The chunks in `unanswered` are sent first; it is kept up to date. */
  constructor(call: Call, unanswered: Chunk[], timeoutMs: number, signal?: AbortSignal) {
    this.#call = call;
    this.#answers = new Lookahead(call[Symbol.asyncIterator]());
    this.#unanswered = unanswered;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    // The iterator tells of errors, but not of those after its end.
    call.on("error", () => undefined);
  }

  /** Yields an answer a chunk until there are no more chunks and the server has agreed. */
  async *run(input: Lookahead<Chunk>): AsyncGenerator<Answer> {
    for (const chunk of this.#unanswered) {
      this.#call.write(chunk);
    }
    let more = true;
    while (more || this.#unanswered.length > 0) {
      const awaited: Promise<unknown>[] = [];
      if (this.#unanswered.length > 0) {
        awaited.push(this.#answer());
      }
      if (more && this.#unanswered.length < WINDOW) {
        awaited.push(input.ready());
      }
      if ((await this.#first(awaited)) === input) {
        more = this.#send(input.take());
      } else {
        yield this.#match(this.#answers.take());
      }
    }
    this.#call.end();
    await this.#finish();
  }

  close(): void {
    this.#call.cancel();
  }

  #send(next: IteratorResult<Chunk>): boolean {
    if (next.done) {
      return false;
    }
    this.#unanswered.push(next.value);
    this.#call.write(next.value);
    return true;
  }

  async #answer(): Promise<void> {
    try {
      await this.#answers.ready();
    } catch (error) {
      throw ofCall(error);
    }
  }

  #match(next: IteratorResult<PredictStreamResponse>): Answer {
    const message = next.done ? undefined : next.value.message;
    const chunk = this.#unanswered.shift();
    if (message?.case !== "chunk" || message.value.sequence !== chunk?.sequence) {
      throw new HousingError(status.DATA_LOSS, "the answer is not that of the chunk");
    }
    return message.value;
  }

  /** Takes the summary and the status that follow the last answer. */
  async #finish(): Promise<void> {
    do {
      await this.#first([this.#answer()], true);
    } while (!this.#answers.take().done);
  }

  /** Waits for the first of several, but not forever if the server owes an answer. */
  async #first(awaited: Promise<unknown>[], owed = this.#unanswered.length > 0): Promise<unknown> {
    // Listeners are removed each time: on a promise that never settles they would gather.
    const given = new AbortController();
    const interrupted = new Promise<never>((_, reject) => {
      const abort = () => reject(new HousingError(status.CANCELLED, "cancelled by the caller"));
      const late = () => {
        const message = `no answer came in ${this.#timeoutMs} ms`;
        reject(new HousingError(status.DEADLINE_EXCEEDED, message));
      };
      const timer = owed ? setTimeout(late, this.#timeoutMs) : undefined;
      given.signal.addEventListener("abort", () => clearTimeout(timer));
      this.#signal?.addEventListener("abort", abort, { signal: given.signal });
      if (this.#signal?.aborted) {
        abort();
      }
    });
    try {
      return await Promise.race([...awaited, interrupted]);
    } finally {
      given.abort();
    }
  }
}

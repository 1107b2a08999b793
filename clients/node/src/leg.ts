// One stream of the server: chunks are sent as they come, up to a few ahead of the answers.
import { type ClientDuplexStream, status } from "@grpc/grpc-js";
import { HousingError, ofCall } from "./errors.js";
import type {
  ChunkResult,
  PredictStreamRequest,
  PredictStreamResponse,
} from "./gen/housing/v1/prediction_pb.js";
import { type Ledger, noAnswer } from "./ledger.js";
import { Lookahead } from "./lookahead.js";
import type { Opening } from "./opening.js";

/** Some houses, as rows or as a matrix. */
export type Chunk = PredictStreamRequest;
/** What became of the houses of one chunk. */
export type Answer = ChunkResult;

export type Call = ClientDuplexStream<PredictStreamRequest, PredictStreamResponse>;

// Enough to keep the server busy while answers travel, few enough to be kept until then.
// It also bounds what `write` may gather.
const WINDOW = 4;

export interface LegOptions {
  /** Sent first; kept up to date. */
  readonly unanswered: Chunk[];
  /** What each stream of the job begins with. */
  readonly opening: Opening;
  /** Called with every answer. */
  readonly ledger: Ledger;
  /** Longest wait for an answer that is owed. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

export class Leg {
  readonly #call: Call;
  readonly #answers: Lookahead<PredictStreamResponse>;
  readonly #unanswered: Chunk[];
  readonly #opening: Opening;
  readonly #ledger: Ledger;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;
  #begun = false;

  constructor(call: Call, { unanswered, opening, ledger, timeoutMs, signal }: LegOptions) {
    this.#call = call;
    this.#answers = new Lookahead(call[Symbol.asyncIterator]());
    this.#unanswered = unanswered;
    this.#opening = opening;
    this.#ledger = ledger;
    this.#timeoutMs = timeoutMs;
    this.#signal = signal;
    // The iterator tells of errors, but not of those after its end.
    call.on("error", () => undefined);
  }

  /** Yields an answer a chunk until there are no more chunks and the server has agreed. */
  async *run(input: Lookahead<Chunk>): AsyncGenerator<Answer> {
    for (const chunk of this.#unanswered) {
      this.#write(chunk);
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
    this.#write(next.value);
    return true;
  }

  #write(chunk: Chunk): void {
    this.#call.write(this.#opening.message(chunk, !this.#begun));
    this.#begun = true;
  }

  async #answer(): Promise<void> {
    try {
      await this.#answers.ready();
    } catch (error) {
      throw ofCall(error);
    }
  }

  #match(next: IteratorResult<PredictStreamResponse>): Answer {
    const chunk = this.#unanswered[0];
    if (next.done || chunk === undefined) {
      // With chunks under way this is no end, but a server that went without a word.
      throw noAnswer("the stream ended too early");
    }
    const { message } = next.value as PredictStreamResponse;
    if (message.case !== "chunk" || message.value.sequence !== chunk.sequence) {
      const text = `the server did not answer chunk ${chunk.sequence} in its turn`;
      throw new HousingError(status.INTERNAL, text, { reason: "ANSWER_MISMATCH" });
    }
    this.#ledger.answered(chunk, message.value);
    this.#unanswered.shift();
    return message.value;
  }

  /** Lets the server end the stream; every house has its answer, whatever comes now. */
  async #finish(): Promise<void> {
    try {
      do {
        await this.#first([this.#answer()], true);
      } while (!this.#answers.take().done);
    } catch {
      // Nothing is owed any more.
    }
  }

  /** Waits for the first of several, but not forever if the server owes an answer. */
  async #first(awaited: Promise<unknown>[], owed = this.#unanswered.length > 0): Promise<unknown> {
    // Listeners are removed each time: on a promise that never settles they would gather.
    const given = new AbortController();
    const interrupted = new Promise<never>((_, reject) => {
      const abort = () => reject(new HousingError(status.CANCELLED, "cancelled by the caller"));
      const late = () => {
        reject(noAnswer(`no answer came in ${this.#timeoutMs} ms`));
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

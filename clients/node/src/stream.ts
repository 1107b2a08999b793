// A stream that outlives those of the server: what was not answered is sent again.
import { setTimeout as sleep } from "node:timers/promises";
import { status } from "@grpc/grpc-js";
import { HousingError, ofCall } from "./errors.js";
import { type Answer, type Call, type Chunk, Leg } from "./leg.js";
import { Lookahead } from "./lookahead.js";

// A server that does not answer at first is most likely at another address.
const PATIENCE_AT_FIRST_MS = 2_000;
// A server that has answered may be starting anew.
const PATIENCE_MS = 60_000;

const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 2_000;

export interface StreamOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends chunks and yields their answers, in order, each once. Sequences are set here.
 *
 * When the server stops, restarts or wants no longer stream, the chunks that were not
 * answered are sent again in a new one, unless a chunk asks for the model to be pinned.
 */
export async function* converse(
  open: () => Call,
  chunks: AsyncIterable<Chunk>,
  { timeoutMs, signal }: StreamOptions,
): AsyncGenerator<Answer> {
  const numbering = { pinned: false };
  const input = new Lookahead(numbered(chunks, numbering));
  const unanswered: Chunk[] = [];
  let retry = new Backoff(PATIENCE_AT_FIRST_MS);
  try {
    for (;;) {
      const leg = new Leg(open(), unanswered, timeoutMs, signal);
      try {
        for await (const answer of leg.run(input)) {
          retry = new Backoff(PATIENCE_MS);
          yield answer;
        }
        return;
      } catch (error) {
        const again = !input.failed && !numbering.pinned && resumable(error);
        if (!again || !(await retry.wait(ofCall(error).retryAfterMs, signal))) {
          throw error;
        }
      } finally {
        leg.close();
      }
    }
  } finally {
    input.close();
  }
}

async function* numbered(
  chunks: AsyncIterable<Chunk>,
  seen: { pinned: boolean },
): AsyncGenerator<Chunk> {
  let sequence = 0n;
  for await (const chunk of chunks) {
    chunk.sequence = sequence++;
    seen.pinned ||= chunk.pinModel;
    yield chunk;
  }
}

// A server that waited too long for an answer to be taken cuts the stream off, which comes out
// as CANCELLED, or as INTERNAL in the middle of a message.
const BROKEN = [status.UNAVAILABLE, status.CANCELLED, status.INTERNAL];
const ENDED = ["STREAM_IDLE", "STREAM_TOO_OLD"];

/** Tells a stream that broke from one that was refused. */
function resumable(error: unknown): boolean {
  if (!(error instanceof HousingError)) {
    return false;
  }
  const { code, reason } = error;
  return reason === undefined
    ? BROKEN.includes(code)
    : code === status.UNAVAILABLE || ENDED.includes(reason);
}

/** Waits between tries, longer each time, until patience is at its end. */
class Backoff {
  readonly #patienceMs: number;
  #pauseMs = 0;
  #since: number | undefined;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  async wait(atLeastMs = 0, signal: AbortSignal | undefined): Promise<boolean> {
    this.#since ??= performance.now();
    this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
    const pauseMs = Math.max(this.#pauseMs, atLeastMs);
    if (performance.now() - this.#since + pauseMs > this.#patienceMs) {
      return false;
    }
    return sleep(pauseMs, true, signal && { signal }).catch(() => false);
  }
}

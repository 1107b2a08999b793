// A stream that outlives those of the server: what was not answered is sent again.
import { setTimeout as sleep } from "node:timers/promises";
import { Ledger } from "./ledger.js";
import { type Answer, type Call, type Chunk, Leg } from "./leg.js";
import { Lookahead } from "./lookahead.js";
import { Opening } from "./opening.js";

export interface StreamOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends chunks and yields their answers, in order, each once. Sequences are set here.
 *
 * When the server stops, restarts or wants no longer stream, the chunks that were not
 * answered are sent again in a new one. Chunks that ask for the model to be pinned are all to
 * be answered by one: the stream ends with MODEL_CHANGED if that is gone. What is asked for beside
 * prices is read from the first chunk, and counts for all.
 */
export async function* converse(
  open: () => Call,
  chunks: AsyncIterable<Chunk>,
  { timeoutMs, signal }: StreamOptions,
): AsyncGenerator<Answer> {
  const input = new Lookahead(numbered(chunks));
  const unanswered: Chunk[] = [];
  const opening = new Opening();
  const ledger = new Ledger();
  try {
    for (;;) {
      const leg = new Leg(open(), { unanswered, opening, ledger, timeoutMs, signal });
      try {
        yield* leg.run(input);
        return;
      } catch (error) {
        const pauseMs = input.failed || signal?.aborted ? undefined : ledger.broken(error);
        if (pauseMs === undefined || !(await paused(pauseMs, signal))) {
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

async function* numbered(chunks: AsyncIterable<Chunk>): AsyncGenerator<Chunk> {
  let sequence = 0n;
  for await (const chunk of chunks) {
    chunk.sequence = sequence++;
    yield chunk;
  }
}

/** Waits, unless that is cut short. */
function paused(pauseMs: number, signal: AbortSignal | undefined): Promise<boolean> {
  return sleep(pauseMs, true, signal && { signal }).catch(() => false);
}

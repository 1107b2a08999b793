// The stream against a server that breaks, hangs and refuses as it is asked to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { InterceptingCall, status } from "@grpc/grpc-js";
import { count, failure, rooms, stream } from "./fake.js";

/** Fails once, at the third chunk of the first stream. */
function breaking(...failed) {
  return (stream, chunk) => {
    if (stream === 1 && chunk === 3) {
      throw failure(...failed);
    }
  };
}

test("a broken stream is resumed without loss or doubling", async () => {
  const broken = { "1.3": "UNAVAILABLE", "2.1": "UNAVAILABLE", "3.5": "CANCELLED" };
  const { client, seen } = await stream((stream, chunk) => {
    const name = broken[`${stream}.${chunk}`];
    if (name) {
      throw failure(status[name]);
    }
  });
  assert.equal(await count(client.score(rooms(995), { chunkRows: 10 })), 995);
  assert.equal(seen.streams, 4);
});

for (const failed of [
  ["DEADLINE_EXCEEDED", "STREAM_TOO_OLD"],
  ["DEADLINE_EXCEEDED", "STREAM_IDLE"],
  ["ABORTED", "MODEL_RETIRED"],
  ["UNAVAILABLE", "SERVER_STOPPING", 1],
  ["RESOURCE_EXHAUSTED", "TOO_MANY_STREAMS", 1],
  ["RESOURCE_EXHAUSTED", "RATE_LIMITED", 1],
]) {
  test(`a job that was served goes on after ${failed[1]}`, async () => {
    const [name, ...details] = failed;
    const { client, seen } = await stream(breaking(status[name], ...details));
    assert.equal(await count(client.score(rooms(100), { chunkRows: 10 })), 100);
    assert.equal(seen.streams, 2);
  });
}

for (const failed of [
  ["INVALID_ARGUMENT", "BATCH_TOO_LARGE"],
  ["UNAUTHENTICATED", "UNAUTHENTICATED"],
  ["ABORTED", "RELOAD_IN_PROGRESS"],
  ["INTERNAL", "INTERNAL"],
  ["RESOURCE_EXHAUSTED", "MESSAGE_TOO_LARGE"],
  ["UNAVAILABLE", "SERVER_STOPPING", 3_600_000],
]) {
  test(`a job is given up after ${failed.join(" ")}`, async () => {
    const [name, ...details] = failed;
    const { client, seen } = await stream(breaking(status[name], ...details));
    const job = client.score(rooms(100), { chunkRows: 10 });
    await assert.rejects(count(job), { status: name, reason: details[0] });
    assert.equal(seen.streams, 1);
  });
}

test("a new job fails at once where there is no room", async () => {
  const { client, seen } = await stream(() => {
    throw failure(status.RESOURCE_EXHAUSTED, "TOO_MANY_STREAMS", 1);
  });
  await assert.rejects(count(client.score(rooms(100))), { retryAfterMs: 1 });
  assert.equal(seen.streams, 1);
});

test("an answer that does not come is asked for again", async () => {
  // On a slow machine the first stream may be given up before its third chunk.
  let silent = 0;
  const once = (_, chunk) => (chunk === 3 && ++silent === 1 ? new Promise(() => {}) : undefined);
  const { client, seen } = await stream(once, { timeoutMs: 500 });
  assert.equal(await count(client.score(rooms(100), { chunkRows: 10 })), 100);
  assert.ok(silent >= 1 && seen.streams >= 2, `${seen.streams} streams`);
});

test("a server that hangs is given up", async () => {
  // The server may not see a stream that is given up so soon.
  let opened = 0;
  const counted = (options, next) => {
    opened++;
    return new InterceptingCall(next(options));
  };
  const options = { timeoutMs: 20, channel: { interceptors: [counted] } };
  const { client } = await stream(() => new Promise(() => {}), options);
  const wanted = { status: "DEADLINE_EXCEEDED", reason: "NO_ANSWER" };
  await assert.rejects(count(client.score(rooms(100))), wanted);
  assert.equal(opened, 4);
});

test("a pinned job goes on with the same model", async () => {
  const { client, seen } = await stream(breaking(status.UNAVAILABLE), {}, () => "1");
  const job = client.score(rooms(100), { chunkRows: 10, pinModel: true });
  assert.equal(await count(job), 100);
  assert.equal(seen.streams, 2);
});

test("a pinned job refuses another model", async () => {
  const { client } = await stream(breaking(status.UNAVAILABLE), {}, (stream) => `${stream}`);
  let rows = 0;
  const job = async () => {
    for await (const _ of client.score(rooms(100), { chunkRows: 10, pinModel: true })) {
      rows++;
    }
  };
  await assert.rejects(job, { status: "FAILED_PRECONDITION", reason: "MODEL_CHANGED" });
  assert.equal(rows, 20);
});

test("the first message of each stream says what is asked for, and no other does", async () => {
  const { client, seen } = await stream(breaking(status.UNAVAILABLE));
  const asked = { explain: true, level: 0.8, receipt: true, reference: { RM: 6 } };
  assert.equal(await count(client.score(rooms(100), { chunkRows: 10, routingKey: "me", ...asked })), 100);
  assert.equal(seen.streams, 2);
  assert.equal(seen.asked.filter(({ first }) => first).length, 2);
  for (const { first, ...said } of seen.asked) {
    const none = { explain: false, level: 0, intervals: false, receipt: false, rm: undefined };
    const nothing = { ...none, routingKey: "" };
    const all = { explain: true, level: 0.8, intervals: false, receipt: true, rm: 6, routingKey: "me" };
    assert.deepEqual(said, first ? all : nothing);
  }
});

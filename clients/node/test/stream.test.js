// The stream against a server that breaks, hangs and refuses as it is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { status } from "@grpc/grpc-js";
import { connect, failure, stream } from "./fake.js";

function* rooms(count) {
  for (let RM = 0; RM < count; RM++) {
    yield { RM };
  }
}

/** Counts results, and insists on their order. */
async function count(results) {
  let rows = 0;
  for await (const { row, price } of results) {
    assert.equal(row, rows);
    assert.equal(price, rows++);
  }
  return rows;
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

test("a pinned stream is not resumed", async () => {
  const { client, seen } = await stream((_, chunk) => {
    if (chunk === 3) {
      throw failure(status.UNAVAILABLE);
    }
  });
  const results = client.score(rooms(100), { chunkRows: 10, pinModel: true });
  await assert.rejects(count(results), { name: "HousingError", status: "UNAVAILABLE" });
  assert.equal(seen.streams, 1);
});

test("a refused stream fails at once", async () => {
  const { client, seen } = await stream(() => {
    throw failure(status.INVALID_ARGUMENT);
  });
  await assert.rejects(count(client.score(rooms(100))), { status: "INVALID_ARGUMENT" });
  assert.equal(seen.streams, 1);
});

test("a server that hangs is given up", async () => {
  const { client } = await stream(() => new Promise(() => {}), { timeoutMs: 50 });
  await assert.rejects(count(client.score(rooms(100))), { status: "DEADLINE_EXCEEDED" });
});

test("a server that is not there is told soon", async () => {
  const client = connect("127.0.0.1:1");
  await assert.rejects(count(client.score(rooms(1))), { status: "UNAVAILABLE", reason: undefined });
  await assert.rejects(client.predict({ RM: 6 }), { status: "UNAVAILABLE" });
});

test("input is taken no faster than results", async () => {
  const { client } = await stream(() => {});
  let given = 0;
  let ended = false;
  function* endless() {
    try {
      for (;;) {
        yield { RM: given++ };
      }
    } finally {
      ended = true;
    }
  }
  let taken = 0;
  for await (const { price } of client.score(endless(), { chunkRows: 1 })) {
    assert.equal(price, taken++);
    assert.ok(given - taken <= 10, `${given - taken} houses were taken ahead`);
    if (taken === 200) {
      break;
    }
  }
  await new Promise(setImmediate);
  assert.ok(ended, "the input was not told that no more is wanted");
});

test("abort ends a stream that waits for input", async () => {
  const { client } = await stream(() => {});
  const controller = new AbortController();
  async function* blocked() {
    yield { RM: 0 };
    await new Promise(() => {});
  }
  const results = client.score(blocked(), { chunkRows: 1, signal: controller.signal });
  await results.next();
  controller.abort();
  await assert.rejects(results.next(), { status: "CANCELLED" });
});

test("what the input throws reaches the caller", async () => {
  const { client } = await stream(() => {});
  async function* faulty() {
    yield { RM: 0 };
    throw new RangeError("line 2 is no house");
  }
  await assert.rejects(count(client.score(faulty(), { chunkRows: 1 })), RangeError);
});

test("faulty houses are not sent", async () => {
  const { client } = await stream(() => {});
  await assert.rejects(count(client.score([{ MEDV: 1 }])), /unknown feature MEDV/);
  await assert.rejects(count(client.score([{ RM: "6" }])), /RM is a string/);
  await assert.rejects(count(client.scoreMatrix(["RM", "LSTAT"], [[6]])), /1 values for 2/);
});

test("nothing to score", async () => {
  const { client } = await stream(() => {});
  assert.equal(await count(client.score([])), 0);
});

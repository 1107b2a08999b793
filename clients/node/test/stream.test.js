// The stream: what it takes, and when it ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { rowError, toJson } from "housing-grpc-client";
import { BadRequestSchema } from "../dist/gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "../dist/gen/google/rpc/status_pb.js";
import { PredictStreamResponseSchema } from "../dist/gen/housing/v1/prediction_pb.js";
import { connect, count, rooms, serve, stream } from "./fake.js";

test("a server that is not there is noticed soon", async () => {
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
  assert.ok(ended, "the input did not hear that no more is wanted");
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
  const options = { chunkRows: 1 };
  const later = (house) => count(client.score([{ RM: 0 }, { RM: 1 }, house], options));
  await assert.rejects(later({ MEDV: 1 }), /^TypeError: row 3: unknown feature MEDV/);
  await assert.rejects(later({ RM: "6" }), /^TypeError: row 3: RM is a string/);
  await assert.rejects(client.predictBatch([{}, { RM: "6" }]), /^TypeError: row 2: RM is a string/);
  const rows = [[6, 5], [6]];
  await assert.rejects(count(client.scoreMatrix(["RM", "LSTAT"], rows)), /row 2 has 1 values for 2/);
});

test("texts of a row leave out its place in the message", () => {
  const refused = (message, ...fields) => {
    const bad = create(BadRequestSchema, { fieldViolations: fields.map((field) => ({ field })) });
    const value = create(StatusSchema, {
      code: 3,
      message,
      details: [anyPack(BadRequestSchema, bad)],
    });
    return rowError({ outcome: { case: "error", value } });
  };
  const two = refused("items[12].CHAS is 3; items[12].RAD is 1.5", "items[12].CHAS", "items[12].RAD");
  assert.equal(two.message, "CHAS is 3; RAD is 1.5");
  assert.deepEqual(two.violations.map(({ field }) => field), ["CHAS", "RAD"]);
  const whole = refused("items[0]: has no feature", "items[0]");
  assert.equal(whole.message, "has no feature");
  assert.equal(whole.violations[0].field, "house");
});

test("nothing to score", async () => {
  const { client } = await stream(() => {});
  assert.equal(await count(client.score([])), 0);
});

test("a matrix names odd features, and claims nothing that was not asked for", async () => {
  // RM of the first house, as the sixth bit; of what was filled in, an older server's count.
  const values = { values: new Uint8Array(16), outOfRange: Uint8Array.of(32, 0, 0, 0) };
  const prices = { ...values, outOfRangeRows: 1n, imputedRows: 2n };
  const client = await serve({
    predictStream(call) {
      call.on("data", ({ sequence }) => {
        const value = { sequence, modelVersion: "7", payload: { case: "prices", value: prices } };
        call.write(create(PredictStreamResponseSchema, { message: { case: "chunk", value } }));
      });
      call.on("end", () => call.end());
    },
  });
  const found = [];
  for await (const result of client.scoreMatrix(["RM"], [[60], [6]])) {
    found.push(result);
  }
  assert.deepEqual(
    found.map(({ warnings, outOfRangeFeatures, imputedFeatures }) => [
      warnings,
      outOfRangeFeatures,
      imputedFeatures,
    ]),
    [
      [undefined, ["RM"], undefined],
      [undefined, [], undefined],
    ],
  );
});

test("receipts come on request", async () => {
  const { client } = await stream(() => {});
  for (const receipt of [undefined, true]) {
    for await (const result of client.score(rooms(3), { receipt })) {
      assert.equal(result.receipt, receipt && "sealed");
      assert.equal(toJson(result).receipt, receipt && "sealed");
    }
  }
});

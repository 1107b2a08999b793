// What houses sold for: what travels, what is tried again, what an older server says.
import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { Recorded, rowError } from "housing-grpc-client";
import {
  GetQualityResponseSchema,
  RecordOutcomesResponseSchema,
} from "../dist/gen/housing/v1/feedback_pb.js";
import { failure, serve } from "./fake.js";

test("outcomes are recorded, and tried again while the store is away", async () => {
  let made = 0;
  let seen;
  const recordOutcomes = (call, answer) => {
    seen = call.request.items.map(({ receipt, actual }) => [receipt, actual]);
    const error = { code: status.INVALID_ARGUMENT, message: "items[1].receipt is empty" };
    const results = [
      { outcome: { case: "recorded", value: Recorded.NEW } },
      { outcome: { case: "error", value: error } },
    ];
    return ++made < 2
      ? answer(failure(status.UNAVAILABLE))
      : answer(null, create(RecordOutcomesResponseSchema, { results }));
  };
  const client = await serve({ recordOutcomes });
  const { results } = await client.recordOutcomes([{ receipt: "one", actual: 21.5 }, {}]);
  assert.deepEqual(seen, [["one", 21.5], ["", 0]]);
  assert.equal(results[0].outcome.value, Recorded.NEW);
  assert.equal(rowError(results[0]), undefined);
  assert.equal(rowError(results[1]).message, "receipt is empty");
});

test("the quality of models is asked for", async () => {
  const getQuality = (_, answer) =>
    answer(null, create(GetQualityResponseSchema, { models: [{ live: true, labels: 3n }] }));
  const { models } = await (await serve({ getQuality })).quality();
  assert.deepEqual([models[0].live, models[0].labels], [true, 3n]);
});

test("an older server is named as that", async () => {
  const client = await serve({});
  await assert.rejects(client.quality(), (error) => {
    assert.equal(error.status, "UNIMPLEMENTED");
    assert.match(error.message, /the server is of an older release/);
    return true;
  });
});

// Many houses: gathered into chunks, and their answers taken apart again.
import type { OutcomeResult } from "./gen/housing/v1/feedback_pb.js";
import { create, toJson } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { type Asked, beside } from "./asked.js";
import { HousingError, ofRow } from "./errors.js";
import {
  HouseMatrixSchema,
  HouseRowsSchema,
  PredictStreamRequestSchema,
  type PriceVector,
  type RangeWarning,
  type RowResult,
  type RowResults,
} from "./gen/housing/v1/prediction_pb.js";
import { FEATURES, type Feature, type House, toMessage } from "./house.js";
import type { Answer, Chunk } from "./leg.js";
import { type Remarks, remarks } from "./remarks.js";

/** How many houses are scored. */
export interface ScoreOptions extends Asked {
  /**
   * Whether `scoreMatrix` is to tell intervals and p-values, which `score` does anyway. A level
   * asks for them, too.
   */
  readonly intervals?: boolean;
  /** Houses that are sent at a time; 1,000 by default. The server has a limit. */
  readonly chunkRows?: number;
  /**
   * Whether all houses are to be scored by the model that scores the first. If a server that
   * was started anew has another, the loop ends with the error MODEL_CHANGED.
   */
  readonly pinModel?: boolean;
  /** Ends the stream when it is aborted. */
  readonly signal?: AbortSignal;
}

/** What became of one house of many. */
export interface Result extends Remarks {
  /** The house's place among all that were given, from 0. */
  readonly row: number;
  /** In the target's unit; NaN if there is an error. */
  readonly price: number;
  /** Why the house was not scored. */
  readonly error?: HousingError;
  /** Version of the model that answered. */
  readonly modelVersion: string;
  /** When it answered, as ISO 8601 has it; not there if the server did not say. */
  readonly timestamp?: string;
  /**
   * Texts for people, such as a value outside the training range. Not there from `scoreMatrix`,
   * which does not ask for them.
   */
  readonly warnings?: readonly string[];
  /** The same for programs. */
  readonly rangeWarnings?: readonly RangeWarning[];
  /** Features with a value outside the training range; not there if the server is too old. */
  readonly outOfRangeFeatures?: readonly string[];
  /** Features that were missing and filled in; likewise. */
  readonly imputedFeatures?: readonly string[];
  /** Seals the house and its price, if it was asked for. */
  readonly receipt?: string;
}

/** What is there at once or comes with time. */
export type Many<T> = Iterable<T> | AsyncIterable<T>;

const CHUNK_ROWS = 1000;
const DOUBLE = 8;
const MARK = 2;

/** Gathers houses into chunks, in the readable form. */
export async function* rowChunks(
  houses: Many<House>,
  { chunkRows, pinModel = false, ...asked }: ScoreOptions,
): AsyncGenerator<Chunk> {
  const fields = { pinModel, ...beside(asked) };
  let first = 1;
  for await (const part of inParts(houses, chunkRows)) {
    const items = part.map((house, place) => toMessage(house, `row ${first + place}: `));
    first += part.length;
    const value = create(HouseRowsSchema, { items });
    yield create(PredictStreamRequestSchema, { payload: { case: "rows", value }, ...fields });
  }
}

/** Gathers rows of values into chunks, as raw numbers. */
export async function* matrixChunks(
  features: readonly Feature[],
  rows: Many<ArrayLike<number>>,
  { chunkRows, pinModel = false, intervals = false, ...asked }: ScoreOptions,
): AsyncGenerator<Chunk> {
  const wanted = intervals || asked.level !== undefined;
  const fields = { pinModel, intervals: wanted, ...beside(asked) };
  // People count from 1.
  let first = 1;
  for await (const part of inParts(rows, chunkRows)) {
    const values = packed(part, features.length, first);
    first += part.length;
    const value = create(HouseMatrixSchema, { features: [...features], values });
    yield create(PredictStreamRequestSchema, { payload: { case: "matrix", value }, ...fields });
  }
}

/** Takes answers apart, into one result a house. */
export async function* results(
  answers: AsyncIterable<Answer>,
  { level }: Asked = {},
): AsyncGenerator<Result> {
  let row = 0;
  for await (const { payload, modelVersion, timestamp: at } of answers) {
    const timestamp = at && (toJson(TimestampSchema, at) as string);
    const outcomes =
      payload.case === "rows" ? ofRows(payload.value) : ofPrices(payload.value, level);
    for (const outcome of outcomes) {
      yield { row: row++, modelVersion, ...(timestamp && { timestamp }), ...outcome };
    }
  }
}

/** Says why a house of a batch was not scored, if it was not. */
export function rowError({ outcome }: RowResult | OutcomeResult): HousingError | undefined {
  return outcome.case === "error" ? ofRow(outcome.value) : undefined;
}

type Outcome = Omit<Result, "row" | "modelVersion" | "timestamp">;

function ofRows({ items }: RowResults): Outcome[] {
  return items.map((item) => {
    const { outcome, warnings, rangeWarnings, imputedFeatures } = item;
    const { interval, applicability, explanation, receipt } = item;
    const outOfRangeFeatures = rangeWarnings.map(({ feature }) => feature);
    const price = outcome.case === "prediction" ? outcome.value : Number.NaN;
    const error = rowError(item);
    const said = { warnings, rangeWarnings, outOfRangeFeatures, imputedFeatures };
    return {
      price,
      ...(error && { error }),
      ...said,
      ...(interval && { interval }),
      ...(applicability && { applicability }),
      ...(explanation && { explanation }),
      ...(receipt && { receipt }),
    };
  });
}

function ofPrices(prices: PriceVector | undefined, level: number | undefined): Outcome[] {
  if (prices === undefined) {
    throw new HousingError(status.DATA_LOSS, "the answer has no prices");
  }
  const { buffer, byteOffset, byteLength } = prices.values;
  const view = new DataView(buffer, byteOffset, byteLength);
  const errors = new Map(
    prices.errors.flatMap(({ row, error }) => (error ? [[Number(row), ofRow(error)]] : [])),
  );
  const outOfRange = marked(prices.outOfRange, prices.outOfRangeRows);
  const imputed = marked(prices.imputed, prices.imputedRows);
  const said = remarks(prices, level, (place) => imputed?.(place) ?? []);
  return Array.from({ length: byteLength / DOUBLE }, (_, place) => {
    const error = errors.get(place);
    const price = view.getFloat64(place * DOUBLE, true);
    const outOfRangeFeatures = outOfRange?.(place);
    const imputedFeatures = imputed?.(place);
    return {
      price,
      ...(error && { error }),
      ...(outOfRangeFeatures && { outOfRangeFeatures }),
      ...(imputedFeatures && { imputedFeatures }),
      ...(!error && said(place)),
    };
  });
}

/**
 * Reads two bytes a house, with a bit for each feature; undefined if an older server only
 * counted the rows.
 */
function marked(data: Uint8Array, rows: bigint): ((place: number) => Feature[]) | undefined {
  if (data.length === 0) {
    return rows === 0n ? () => [] : undefined;
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return (place) => {
    const bits = view.getUint16(place * MARK, true);
    return FEATURES.filter((_, bit) => (bits >> bit) & 1);
  };
}

/**
 * Refuses a row that is not as wide as it was said to be: its neighbours would be read at the
 * wrong places, and all be priced without a word.
 */
function packed(
  rows: readonly ArrayLike<number>[],
  width: number,
  first: number,
): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(rows.length * width * DOUBLE));
  let offset = 0;
  for (const [place, row] of rows.entries()) {
    if (row.length !== width) {
      const where = `row ${first + place}`;
      throw new RangeError(`${where} has ${row.length} values for ${width} features`);
    }
    for (let column = 0; column < width; column++, offset += DOUBLE) {
      view.setFloat64(offset, row[column] as number, true);
    }
  }
  return new Uint8Array(view.buffer);
}

async function* inParts<T>(all: Many<T>, size = CHUNK_ROWS): AsyncGenerator<T[]> {
  let part: T[] = [];
  for await (const each of all) {
    part.push(each);
    if (part.length >= size) {
      yield part;
      part = [];
    }
  }
  if (part.length > 0) {
    yield part;
  }
}

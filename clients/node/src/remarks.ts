// What a matrix is answered beside prices, taken apart by houses.
import { status } from "@grpc/grpc-js";
import { HousingError } from "./errors.js";
import type { PriceVector } from "./gen/housing/v1/prediction_pb.js";
import { FEATURES } from "./house.js";

/** Between which prices a house like those of the training data most likely sells. */
export interface Interval {
  /** In the target's unit; below 0 only if the price is. */
  readonly lower: number;
  /** In the target's unit. */
  readonly upper: number;
  /** Share of houses whose true price lies between the two. */
  readonly level: number;
  /** Whether the house is so unlike the training data that the share holds no promise for it. */
  readonly extrapolated: boolean;
}

/** How unusual a house is; from `scoreMatrix` the p-value alone. */
export interface Unusual {
  /** Share of the training houses that are at least as far from the others. */
  readonly pValue: number;
  /** To the nearest training house, in standard deviations. */
  readonly distance?: number;
  /** Features that differ most, where the house is unlike any. */
  readonly oddFeatures?: readonly string[];
}

/** What one feature adds to a price, or takes from it; from `scoreMatrix` without its value. */
export interface Amount {
  readonly feature: string;
  readonly amount: number;
  readonly imputed: boolean;
  readonly value?: number;
  readonly factor?: number | undefined;
}

/** What makes a price: base and amounts add up to it; from `scoreMatrix` without the method. */
export interface Why {
  readonly base: number;
  readonly contributions: readonly Amount[];
  readonly method?: number;
}

/** What is said beside a price; each is there only if it is known and was asked for. */
export interface Remarks {
  readonly interval?: Interval;
  readonly applicability?: Unusual;
  readonly explanation?: Why;
}

const DEFAULT_LEVEL = 0.9;
// Below it, a house is unlike any that the model knows; the contract says so.
const UNLIKE = 0.01;
const DOUBLE = 8;

/** Gives what is said of each house of a matrix, by its place. */
export function remarks(
  prices: PriceVector,
  level: number | undefined,
  imputed: (place: number) => readonly string[],
): (place: number) => Remarks {
  const count = prices.values.byteLength / DOUBLE;
  const ends = doubles(prices.intervals, 2 * count);
  const pValues = doubles(prices.applicability, count);
  const amounts = doubles(prices.contributions, FEATURES.length * count);
  return (place) => {
    const pValue = pValues?.(place);
    const lower = ends?.(2 * place) ?? Number.NaN;
    const upper = ends?.(2 * place + 1) ?? Number.NaN;
    const extrapolated = pValue !== undefined && pValue < UNLIKE;
    const filled = amounts ? imputed(place) : [];
    const contributions = FEATURES.map((feature, column) => {
      const amount = amounts?.(FEATURES.length * place + column) ?? Number.NaN;
      return { feature, amount, imputed: filled.includes(feature) };
    });
    return {
      ...(!Number.isNaN(lower) && {
        interval: { lower, upper, level: level || DEFAULT_LEVEL, extrapolated },
      }),
      ...(pValue !== undefined && { applicability: { pValue } }),
      ...(amounts && { explanation: { base: prices.base, contributions } }),
    };
  };
}

function doubles(data: Uint8Array, wanted: number): ((place: number) => number) | undefined {
  if (data.length === 0) {
    return undefined;
  }
  if (data.length !== wanted * DOUBLE) {
    throw new HousingError(status.DATA_LOSS, "numbers beside prices are not one a house");
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return (place) => view.getFloat64(place * DOUBLE, true);
}

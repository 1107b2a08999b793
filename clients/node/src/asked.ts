// What is asked for beside prices: how sure they are, and what makes them.
import type { House as HouseMessage } from "./gen/housing/v1/prediction_pb.js";
import { type House, toMessage } from "./house.js";

/** What is asked for beside prices. */
export interface Asked {
  /**
   * Whether to say what makes each price. A server explains so many a call or chunk:
   * `explanation.maxRows` of `info()`.
   */
  readonly explain?: boolean | undefined;
  /** A house to explain prices against; asks for explanations by itself. */
  readonly reference?: House | undefined;
  /** Share of prices that intervals are to hold, from 0.5 to 0.99; 0.9 by default. */
  readonly level?: number | undefined;
  /**
   * Whether to give a receipt of each price, with which the price that the house sells for can be
   * sent back later; not from `scoreMatrix`.
   */
  readonly receipt?: boolean | undefined;
  /**
   * Decides which of two models that a server compares answers: the same key always gets the same
   * one. Without it, the houses decide.
   */
  readonly routingKey?: string | undefined;
}

interface Fields {
  explain: boolean;
  level: number;
  receipt: boolean;
  routingKey: string;
  reference?: HouseMessage;
}

/** Makes fields of a request of what is asked for. */
export function beside({
  explain = false,
  reference,
  level = 0,
  receipt = false,
  routingKey = "",
}: Asked = {}): Fields {
  const against = reference && toMessage(reference, "reference: ");
  return { explain, level, receipt, routingKey, ...(against && { reference: against }) };
}

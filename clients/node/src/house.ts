// A house as callers write it, with the dataset's own names, and as it travels.
import { create } from "@bufbuild/protobuf";
import {
  HouseSchema,
  type House as HouseMessage,
  type HouseJson,
} from "./gen/housing/v1/prediction_pb.js";

/** Name of a feature, such as "RM". */
export type Feature = keyof HouseJson;

/** A house; a feature that is left out, undefined or null is filled in by the model. */
export type House = { readonly [feature in Feature]?: number | null | undefined };

const FIELDS = new Map(HouseSchema.fields.map((field) => [field.jsonName, field.localName]));

/** The names of all features. */
export const FEATURES = [...FIELDS.keys()] as readonly Feature[];

/**
 * Makes a message of a house, which errors name as they are told, such as "row 7: ". Which numbers
 * are right is the server's to say.
 *
 * @throws TypeError for an unknown feature, which would else be scored as missing, or for a
 *   value that is no number.
 */
export function toMessage(house: House, where = ""): HouseMessage {
  const values: Record<string, number> = {};
  for (const [name, value] of Object.entries(house)) {
    const field = FIELDS.get(name);
    if (field === undefined) {
      throw new TypeError(`${where}unknown feature ${name}; there are ${FEATURES.join(", ")}`);
    }
    if (value === undefined || value === null) {
      continue;
    }
    if (typeof value !== "number") {
      throw new TypeError(`${where}${name} is a ${typeof value}, not a number`);
    }
    values[field] = value;
  }
  return create(HouseSchema, values);
}

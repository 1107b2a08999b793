// Numbers and findings as people read them.

export const short = (number) => String(Number(number.toPrecision(6)));

// In one way alone, or else digits without end take for ever.
export const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

const MONEY = { style: "currency", currency: "USD", maximumFractionDigits: 0 };
const dollars = new Intl.NumberFormat("en-US", MONEY);
const signed = new Intl.NumberFormat("en-US", { ...MONEY, signDisplay: "exceptZero" });

export function priceText(value, unit) {
  return unit === "thousands of USD" ? dollars.format(value * 1000) : `${short(value)} ${unit}`;
}

export function amountText(value, unit) {
  if (unit === "thousands of USD") return signed.format(value * 1000);
  return `${value > 0 ? "+" : ""}${Number(value.toPrecision(3))} ${unit}`;
}

// The number that a text holds, or a text that says why there is none.
export function numberIn(text, { integer }) {
  if (/^[+-]?\d+,\d+$/.test(text)) {
    const whole = /,\d{3}$/.test(text) ? ` or ${text.replace(",", "")}` : "";
    return `“${text}” has a comma: write ${text.replace(",", ".")}${whole}`;
  }
  if (/^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/.test(text)) return `“${text}” has commas: write ${text.replaceAll(",", "")}`;
  if (!NUMBER.test(text)) return `“${text}” is not a number: write one such as 6.5`;
  const number = Number(text);
  if (!Number.isFinite(Math.fround(number))) return `“${text}” is too large`;
  return integer && !Number.isInteger(number) ? `“${text}” must be a whole number` : number;
}

// 0.9 is "9 of 10", 0.95 is "95 of 100".
export function outOf(share) {
  const tenths = share * 10;
  return Math.abs(tenths - Math.round(tenths)) < 1e-9 ? `${Math.round(tenths)} of 10` : `${Number((share * 100).toPrecision(4))} of 100`;
}

export function intervalText({ lower, upper, level, extrapolated }, unit) {
  const ends = `between ${priceText(lower, unit)} and ${priceText(upper, unit)}`;
  if (!extrapolated) return `${outOf(level)} houses like the known ones sell ${ends}.`;
  return `Perhaps ${ends}, but that is no promise: no known house is like this one, so nobody can say how many of its kind sell within.`;
}

// How unusual a house is; `named` puts a feature into words.
export function unusualText({ p_value: share, odd_features: odd }, named) {
  const percent = Number((share * 100).toPrecision(2));
  if (share < 0.01) {
    const where = odd.length ? `, above all in ${odd.map(named).join("; ")}` : "";
    return `Unlike any known house${where}. The model knows little about such a house.`;
  }
  const others = `${percent} of 100 known houses lie as far from their nearest neighbour, or farther`;
  if (share < 0.05) return `Very unusual: only ${others}.`;
  if (share < 0.2) return `Somewhat unusual: ${others}.`;
  return `Like the known houses: ${others}.`;
}

// What a model cannot tell, or "".
export function lacking({ interval, applicability, explanation }) {
  const missing = [
    interval ? "" : "how sure a price is",
    applicability ? "" : "how unusual a house is",
    explanation ? "" : "what makes a price",
  ].filter(Boolean);
  if (!missing.length) return "";
  const listed = missing.length > 1 ? `${missing.slice(0, -1).join(", ")} or ${missing.at(-1)}` : missing[0];
  const alone = missing.length === 3 ? "The price stands alone: this" : "This";
  return `${alone} model’s bundle does not tell ${listed}. A model that is trained with this release does.`;
}

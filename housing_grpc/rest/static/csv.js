// Reads a table of houses from text; the rules are those of docs/tables.md, as far as a page needs them.

import { numberIn } from "./words.js";

const OTHER_NAMES = { black: "B", cmedv: "MEDV", target: "MEDV", price: "MEDV", medval: "MEDV", medianvalue: "MEDV", medv: "MEDV" };
const MISSING = new Set(["", "na", "n/a", "nan", "-nan", "null", "none", "<na>", "#n/a", "#na", "?"]);
const CLOSE = 0.8; // From here on, two names are taken for one and a misspelling of it.
export const EXPECTED =
  "Expected is a CSV file in UTF-8 whose first line names the columns, such as RM,LSTAT, " +
  "separated by commas, semicolons or tabs; a column that is left out, the model fills in.";

// Gives header, rows of cells, where each feature stands, and notes; throws what is wrong with the file.
export function readTable(text, features) {
  if (text.includes("\0") || text.includes("\ufffd")) throw new Error(`This file is no text in UTF-8. ${EXPECTED}`);
  const lines = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/).filter((line) => line.trim());
  if (!lines.length) throw new Error(`This file is empty. ${EXPECTED}`);
  const separator = separatorOf(lines[0]);
  const header = cellsOf(lines[0], separator) ?? [];
  const columns = columnsOf(header, features);
  return { header, ...columns, rows: lines.slice(1).map((line) => cellsOf(line, separator)) };
}

function separatorOf(line) {
  const bare = line.split('"').filter((_, place) => place % 2 === 0).join("");
  const uses = (sign) => bare.split(sign).length;
  return ["\t", ";", ","].reduce((best, each) => (uses(each) > uses(best) ? each : best), ",");
}

// The cells of a line, or null where a quote is not closed in it.
function cellsOf(line, separator) {
  if (!line.includes('"')) return line.split(separator).map((cell) => cell.trim());
  const cells = [];
  let [cell, quoted] = ["", false];
  for (let at = 0; at < line.length; at++) {
    const sign = line[at];
    if (quoted && sign === '"' && line[at + 1] === '"') cell += line[++at];
    else if (sign === '"' && (quoted || !cell.trim())) quoted = !quoted;
    else if (!quoted && sign === separator) [cell] = ["", cells.push(cell.trim())];
    else cell += sign;
  }
  return quoted ? null : [...cells, cell.trim()];
}

const plain = (name) => name.split(/\(|\[| - |:/)[0].toLowerCase().replace(/[ _.-]/g, "");

function columnsOf(header, features) {
  const byPlain = new Map(features.map(({ name }) => [name.toLowerCase(), name]));
  const places = new Map();
  const unused = [];
  header.forEach((name, place) => {
    const found = byPlain.get(plain(name)) ?? OTHER_NAMES[plain(name)];
    if (found === "MEDV") return;
    if (!found) unused.push(name);
    else if (places.has(found)) throw new Error(`The column ${found} is there twice: take one out.`);
    else places.set(found, place);
  });
  if (!places.size) throw new Error(`No column is a feature. ${EXPECTED}`);
  const missing = [...byPlain.values()].filter((name) => !places.has(name));
  for (const name of unused) {
    const close = missing.find((each) => likeness(plain(name), each.toLowerCase()) >= CLOSE);
    if (close) throw new Error(`The column “${name}” is no feature (did you mean ${close}?): rename it, or take it out.`);
  }
  const notes = [
    missing.length ? `Filled in by the model in every row: ${missing.join(", ")}.` : "",
    unused.some(Boolean) ? `Columns not used: ${unused.filter(Boolean).join(", ")}.` : "",
  ];
  return { places, notes: notes.filter(Boolean) };
}

// Twice the signs that two names have in common, in order, over all of theirs.
function likeness(one, other) {
  let best = Array(other.length + 1).fill(0);
  for (const sign of one.slice(0, 100)) {
    const next = [0];
    [...other].forEach((each, at) => next.push(each === sign ? best[at] + 1 : Math.max(next[at], best[at + 1])));
    best = next;
  }
  return (2 * best[other.length]) / (one.length + other.length);
}

// The house in a row, or a text that says why there is none.
export function houseOf(cells, { header, places }, features) {
  if (!cells) return "a quote is not closed in its line";
  if (cells.length !== header.length) return `${cells.length} cells instead of ${header.length}: a decimal comma, or a separator too many?`;
  const house = {};
  for (const feature of features) {
    const text = places.has(feature.name) ? cells[places.get(feature.name)] : "";
    if (MISSING.has(text.toLowerCase())) continue;
    const found = numberIn(text, feature);
    if (typeof found !== "number") return `${feature.name}: ${found}, or leave it empty if it is not known`;
    house[feature.name] = found;
  }
  return Object.keys(house).length ? house : "no feature has a value";
}

export function written(cells) {
  return cells.map((cell) => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",");
}

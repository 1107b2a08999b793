// Reads a table of houses from text; the rules are those of docs/tables.md, as far as a page needs them.

import { NUMBER, numberIn } from "./words.js";

const OTHER_NAMES = { __proto__: null, black: "B", cmedv: "MEDV", target: "MEDV", price: "MEDV", medval: "MEDV", medianvalue: "MEDV", medv: "MEDV" };
const MISSING = new Set(["", "na", "n/a", "nan", "-nan", "null", "none", "<na>", "#n/a", "#na", "?"]);
const CLOSE = 0.8; // From here on, two names are taken for one and a misspelling of it.
const COMPARED = 1000; // Of no more names, and of no more of one, is that asked: a line may be of any kind.
const LONGEST = 100;
const LISTED = 10;
const OTHER_FORMATS = [
  [/^\s*(\{|\[\s*(\{|\[|$))/, "JSON, and no table"],
  [/^\s*@relation\b/i, "ARFF, and no table"],
  [/^\s*<(!doctype|html|head|body|\?xml)\b/i, "a web page or XML, and no table"],
  [/^version \S+git-lfs/, "a pointer of Git LFS: fetch what it points to by “git lfs pull”"],
];
export const EXPECTED =
  "Expected is a CSV file in UTF-8 whose first line names the columns, such as RM,LSTAT, " +
  "separated by commas, semicolons, tabs or blanks; a column that is left out, the model fills in.";

// Gives header, rows of cells, where each feature stands, and notes; throws what is wrong with the file.
export function readTable(text, features) {
  if (text.includes("\0") || text.includes("\ufffd")) throw new Error(`This file is no text in UTF-8. ${EXPECTED}`);
  const written = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/).filter((line) => line.trim());
  const lines = written.filter((line) => !isEmpty(line));
  const empty = written.length - lines.length;
  const { header, rows, separator, notes } = headed(lines, features);
  if (hasRowName(rows[0], separator, header.length)) header.unshift("");
  const columns = columnsOf(header, features);
  notes.push(...columns.notes);
  if (empty) notes.push(`Rows left out because none of their cells has a value: ${empty}.`);
  return { header, ...columns, notes, rows: rows.map((line) => cellsOf(line, separator)) };
}

// What stands above the names is skipped: comments, and one other line such as scikit-learn's, which counts.
function headed(lines, features) {
  const below = lines.findIndex((line) => !line.trimStart().startsWith("#"));
  if (below < 0) throw new Error(`This file is empty. ${EXPECTED}`);
  const named = (line, at, skipped) => {
    const separator = separatorOf(line);
    const notes = skipped ? [`Lines skipped above the names of the columns: ${skipped}.`] : [];
    return { header: cellsOf(line, separator) ?? [], rows: lines.slice(at), separator, notes };
  };
  const other = OTHER_FORMATS.find(([sign]) => sign.test(lines[below]));
  if (other) throw new Error(`This file is ${other[1]}. ${EXPECTED}`);
  const names = ({ header }) => header.some((name) => meaning(name, features));
  const first = named(lines[below], below + 1, below);
  if (names(first)) return first;
  if (below) {
    const comment = named(lines[below - 1].replace(/^[\s#]+/, ""), below, below - 1);
    if (names(comment) && comment.header.length === first.header.length) return { ...comment, separator: first.separator };
  }
  if (areValues(first.header, features)) {
    const header = [...features.map(({ name }) => name), "MEDV"].slice(0, first.header.length);
    const note = `No names of columns: the ${header.length} there are taken for ${header.join(", ")}.`;
    return { ...first, header, rows: lines.slice(below), notes: [...first.notes, note] };
  }
  if (below + 1 === lines.length) return first;
  const second = named(lines[below + 1], below + 2, below + 1);
  return names(second) ? second : first;
}

// Nothing but signs between cells, as in the rows that Excel writes below a table.
const isEmpty = (line) => /^[\s,;"]*$/.test(line) && line.split('"').length % 2 === 1;

// R writes no name above the names of rows; elsewhere than between blanks, those stand in quotes.
function hasRowName(line, separator, width) {
  const cells = line && cellsOf(line, separator);
  if (cells?.length !== width + 1) return false;
  return separator === " " || (line.trimStart().startsWith('"') && line.split('"').length === 3 && cells.at(-1) !== "");
}

// Numbers, most of them there, as many as a house can have.
function areValues(cells, features) {
  const blanks = cells.filter((cell) => MISSING.has(cell.toLowerCase())).length;
  const numbers = cells.filter((cell) => NUMBER.test(cell)).length;
  return blanks + numbers === cells.length && blanks <= 6 && [0, 1].includes(cells.length - features.length);
}

// A blank separates where nothing else does.
function separatorOf(line) {
  const bare = line.trim().split('"').filter((_, place) => place % 2 === 0).join("");
  const uses = (sign) => bare.split(sign).length;
  const best = ["\t", ";", ","].reduce((best, each) => (uses(each) > uses(best) ? each : best));
  return uses(best) === 1 && bare.includes(" ") ? " " : uses(best) === 1 ? "," : best;
}

// The cells of a line, or null where a quote is not closed in it.
function cellsOf(line, separator) {
  if (separator === " ") line = line.trim();
  if (!line.includes('"')) return line.split(separator === " " ? /\s+/ : separator).map((cell) => cell.trim());
  const cells = [];
  let [cell, quoted] = ["", false];
  for (let at = 0; at < line.length; at++) {
    const sign = line[at];
    if (quoted && sign === '"' && line[at + 1] === '"') cell += line[++at];
    else if (sign === '"' && (quoted || !cell.trim())) quoted = !quoted;
    else if (!quoted && sign === separator) {
      [cell] = ["", cells.push(cell.trim())];
      while (separator === " " && line[at + 1] === " ") at++;
    }
    else cell += sign;
  }
  return quoted ? null : [...cells, cell.trim()];
}

const plain = (name) => name.split(/\(|\[| - |:/)[0].toLowerCase().replace(/[ _.-]/g, "");

function meaning(name, features) {
  return features.find((each) => each.name.toLowerCase() === plain(name))?.name ?? OTHER_NAMES[plain(name)];
}

function columnsOf(header, features) {
  const claims = new Map();
  header.forEach((name, place) => {
    const found = meaning(name, features) ?? "";
    if (!claims.has(found)) claims.set(found, []);
    claims.get(found).push(place);
  });
  let unused = claims.get("") ?? [];
  const places = new Map();
  const faults = [];
  for (const { name } of features) {
    const all = claims.get(name) ?? [];
    // A column of its own name goes before one of another name for it.
    const own = all.filter((place) => plain(header[place]) === name.toLowerCase());
    const chosen = own.length ? own : all;
    if (own.length) unused = unused.concat(all.filter((place) => plain(header[place]) !== name.toLowerCase()));
    if (chosen.length) places.set(name, chosen[0]);
    if (chosen.length > 1) faults.push(`The column ${name} is there ${chosen.length} times: keep one.`);
  }
  if (!places.size) throw new Error(`No column is a feature. ${EXPECTED}`);
  const missing = features.map(({ name }) => name).filter((name) => !places.has(name));
  const others = unused.sort((one, other) => one - other).map((place) => header[place]).filter(Boolean);
  for (const name of others.slice(0, COMPARED)) {
    const close = missing.find((each) => likeness(plain(name), each.toLowerCase()) >= CLOSE);
    if (close) faults.push(`The column “${cut(name)}” is no feature (did you mean ${close}?): rename it, or take it out.`);
  }
  if (faults.length) throw new Error(faults.join(" "));
  const renamed = [...places].filter(([name, place]) => header[place].toUpperCase() !== name);
  const notes = [
    renamed.length ? `Columns renamed: ${renamed.map(([name, place]) => `${cut(header[place])} to ${name}`).join(", ")}.` : "",
    missing.length ? `Filled in by the model in every row: ${missing.join(", ")}.` : "",
    others.length ? `Columns not used: ${listed(others)}.` : "",
  ];
  return { places, notes: notes.filter(Boolean) };
}

const cut = (name) => (name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name);

function listed(names) {
  const more = names.length - LISTED;
  return names.slice(0, LISTED).map(cut).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

// Twice the signs that two names have in common, in order, over all of theirs.
function likeness(one, other) {
  let best = Array(other.length + 1).fill(0);
  for (const sign of one.slice(0, LONGEST)) {
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

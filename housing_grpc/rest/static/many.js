// Prices a file of houses that is dropped or chosen, and gives it back with its prices.

import { EXPECTED, houseOf, readTable, written } from "./csv.js";
import { askLines } from "./server.js";
import { priceText } from "./words.js";

const byId = (id) => document.getElementById(id);
const ADDED = ["prediction", "lower", "upper", "p_value", "fault"];
// A request that is on its way whole before its answer is read: no side waits for the other.
const ROWS = 200;
const SHOWN = 20;
const LARGEST = 20 * 2 ** 20;
let current = null; // The file that is being priced.
let link = "";

// `live` gives the model and what can be asked of it.
export function acceptFiles(live) {
  const drop = byId("drop");
  const take = (files) => files.length && priceFile(files[0], live());
  byId("file").addEventListener("change", (event) => {
    take(event.target.files);
    event.target.value = ""; // The same file may be chosen again.
  });
  // A file that misses the place would replace the page.
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (event) => event.preventDefault());
  drop.addEventListener("dragover", () => drop.classList.add("over"));
  drop.addEventListener("dragleave", () => drop.classList.remove("over"));
  drop.addEventListener("drop", (event) => {
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });
}

async function priceFile(file, { model, options }) {
  current?.abort();
  const mine = (current = new AbortController());
  clear();
  try {
    if (file.size > LARGEST) throw new Error("This file has more than 20 MiB: price it with “housing score”.");
    const table = readTable(await file.text(), model.features);
    byId("many-notes").textContent = table.notes.join(" ");
    const results = await priced(table, model, options, mine.signal);
    if (current === mine) show(file.name, table, results, model);
  } catch (error) {
    if (current !== mine) return;
    byId("many-text").textContent = "";
    byId("progress").hidden = true;
    byId("many-failure").textContent = error.message;
    byId("many-failure").hidden = false;
  }
}

function clear() {
  URL.revokeObjectURL(link);
  byId("many-failure").hidden = true;
  byId("many-result").hidden = true;
  byId("many-notes").textContent = "";
  byId("many-text").textContent = "Reading …";
}

async function priced(table, { features }, options, signal) {
  const results = table.rows.map((cells) => houseOf(cells, table, features));
  const good = results.flatMap((house, place) => (typeof house === "string" ? [] : [place]));
  if (!results.length) throw new Error(`The file has no row below the names of its columns. ${EXPECTED}`);
  Object.assign(byId("progress"), { hidden: false, max: good.length, value: 0 });
  const query = options.level ? `?level=${options.level}` : "";
  for (let from = 0; from < good.length; from += ROWS) {
    const places = good.slice(from, from + ROWS);
    const answers = await askLines(`v1/predict:stream${query}`, places.map((place) => JSON.stringify(results[place])), signal);
    answers.forEach((answer, at) => (results[places[at]] = answer.error?.message ?? answer));
    byId("progress").value = from + places.length;
    byId("many-text").textContent = `${from + places.length} of ${good.length} priced …`;
  }
  return results;
}

function show(name, table, results, { target }) {
  const faults = results.filter((each) => typeof each === "string").length;
  const unlike = results.filter((each) => each.applicability?.p_value < 0.01).length;
  const versions = [...new Set(results.map((each) => each.model_version).filter(Boolean))];
  byId("many-text").textContent = [
    `${results.length - faults} of ${results.length} houses are priced`,
    faults ? `, ${faults} cannot be; the column “fault” says why` : "",
    unlike ? `; ${unlike} are unlike any known house (a p_value below 0.01)` : "",
    versions.length > 1 ? `; by versions ${versions.join(", ")}, as another model went live meanwhile` : "",
    ".",
  ].join("");
  byId("progress").hidden = true;
  byId("many-rows").replaceChildren(...results.slice(0, SHOWN).map((each, place) => rowOf(each, place, target.unit)));
  byId("many-more").textContent = results.length > SHOWN ? `The first ${SHOWN} of ${results.length} rows; the file has all.` : "";
  link = URL.createObjectURL(new Blob([csvOf(table, results)], { type: "text/csv" }));
  Object.assign(byId("download"), { href: link, download: name.replace(/(\.\w+)?$/, "-priced.csv") });
  byId("many-result").hidden = false;
}

function rowOf(result, place, unit) {
  const made = document.createElement("tr");
  const fault = typeof result === "string" ? result : "";
  const { prediction, interval, applicability } = fault ? {} : result;
  const money = (value) => (value === undefined ? "–" : priceText(value, unit));
  const note = fault || (applicability?.p_value < 0.01 ? "unlike any known house" : "");
  const share = applicability ? String(Number(applicability.p_value.toPrecision(2))) : "–";
  const cells = [String(place + 1), money(prediction), money(interval?.lower), money(interval?.upper), share, note];
  for (const text of cells) made.insertCell().textContent = text;
  made.classList.toggle("fault", Boolean(fault));
  return made;
}

// The file as it came, without columns of the names that are added, and what was found.
function csvOf({ header, rows }, results) {
  const kept = header.map((_, place) => place).filter((place) => !ADDED.includes(header[place].toLowerCase()));
  const pick = (cells) => kept.map((place) => cells?.[place] ?? "");
  const found = (result) => {
    if (typeof result === "string") return ["", "", "", "", result];
    const { prediction, interval, applicability } = result;
    return [prediction, interval?.lower, interval?.upper, applicability?.p_value, ""].map((each) => String(each ?? ""));
  };
  const lines = rows.map((cells, place) => written([...pick(cells), ...found(results[place])]));
  return [written([...pick(header), ...ADDED]), ...lines, ""].join("\r\n");
}

// Draws how the price moves with one feature, where all others stay as they are.

import { feature, inWords } from "./fields.js";
import { ask } from "./server.js";
import { priceText, short } from "./words.js";

const byId = (id) => document.getElementById(id);
const POINTS = 40; // With the house itself no more than a batch may have.
const WIDTH = 640;
const HEIGHT = 260;
const EDGE = { left: 8, right: 8, top: 12, bottom: 12 };

export function offerFeatures(features) {
  const select = byId("curve-of");
  const chosen = select.value || "RM";
  select.replaceChildren(...features.map((each) => new Option(inWords(each.name), each.name)));
  if (features.some((each) => each.name === chosen)) select.value = chosen;
  byId("whatif").hidden = false;
}

export function staleCurve() {
  byId("whatif").classList.add("stale");
  byId("curve-text").textContent = "";
}

export async function drawCurve(house, answer, model, options, signal) {
  const name = byId("curve-of").value;
  const values = valuesOf(feature(name), house[name]);
  const items = values.map((value) => ({ ...house, [name]: value }));
  try {
    const found = await ask("v1/predict/batch", JSON.stringify({ items, ...options }), signal);
    if (signal.aborted) return;
    if (found.model_version !== answer.model_version) throw new Error("Another model has gone live: predict again.");
    show(name, values, found.results, { at: house[name], unit: model.target.unit });
  } catch (error) {
    if (signal.aborted || error.name === "AbortError") return;
    byId("curve").replaceChildren();
    byId("curve-rows").replaceChildren();
    byId("curve-text").textContent = `There is no curve: ${error.message}`;
    byId("whatif").classList.remove("stale");
  }
}

// The values that a feature can have, as far as the model has seen any, and that of the house.
function valuesOf({ min, max, integer, choices }, own) {
  const step = integer ? Math.max(1, Math.ceil((max - min) / POINTS)) : (max - min) / (POINTS - 1);
  const even = Array.from({ length: POINTS }, (_, place) => Math.min(max, min + place * step));
  const all = choices.length ? choices : even.map((each) => Math.min(max, Math.max(min, Number(each.toPrecision(6)))));
  return [...new Set(own === undefined ? all : [...all, own])].sort((one, other) => one - other);
}

// Whether the model knows no house like it; and, where it cannot tell that, none of that value.
function isOff({ applicability, range_warnings: outside }) {
  return applicability ? applicability.p_value < 0.01 : outside.length > 0;
}

function show(name, values, results, { at, unit }) {
  const points = values
    .map((value, place) => ({ value, ...results[place] }))
    .filter((point) => point.error === undefined)
    .map((point) => ({ ...point, off: isOff(point), own: point.value === at }));
  const heights = points.flatMap(({ prediction, interval }) => [prediction, interval?.lower ?? prediction, interval?.upper ?? prediction]);
  const scale = { x: extent(points.map((point) => point.value)), y: extent(heights) };
  paint(points, scale);
  byId("curve-low").textContent = short(scale.x[0]);
  byId("curve-high").textContent = `${short(scale.x[1])} ${feature(name).unit}`;
  byId("curve-top").textContent = priceText(scale.y[1], unit);
  byId("curve-bottom").textContent = priceText(scale.y[0], unit);
  byId("curve-text").textContent = told(name, points, unit);
  byId("curve-rows").replaceChildren(...points.map((point) => rowOf(point, unit)));
  byId("whatif").classList.remove("stale");
}

function told(name, points, unit) {
  const by = (one, other) => one.prediction - other.prediction;
  const [lowest, highest] = [points.toSorted(by)[0], points.toSorted(by).at(-1)];
  const off = points.filter((point) => point.off).length;
  const place = (point) => `${priceText(point.prediction, unit)} at ${short(point.value)}`;
  const doubt = off ? ` ${off} of ${points.length} points, the crosses, are unlike any known house: do not rely on them.` : "";
  return `With ${inWords(name)} alone changed: from ${place(lowest)} to ${place(highest)}.${doubt}`;
}

function rowOf({ value, prediction, interval, off, own }, unit) {
  const made = document.createElement("tr");
  const between = interval ? `${priceText(interval.lower, unit)} to ${priceText(interval.upper, unit)}` : "–";
  const note = [own ? "this house" : "", off ? "unlike any known house" : ""].filter(Boolean).join(", ");
  for (const text of [short(value), priceText(prediction, unit), between, note]) made.insertCell().textContent = text;
  return made;
}

function extent(numbers) {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return high > low ? [low, high] : [low - 1, high + 1];
}

function paint(points, scale) {
  const along = ([low, high], value, from, to) => from + ((value - low) / (high - low)) * (to - from);
  const x = (value) => along(scale.x, value, EDGE.left, WIDTH - EDGE.right);
  const y = (value) => along(scale.y, value, HEIGHT - EDGE.bottom, EDGE.top);
  const joined = (pairs) => pairs.map(([one, other]) => `${one.toFixed(1)},${other.toFixed(1)}`).join(" ");
  const sure = points.filter((point) => point.interval);
  const upper = sure.map((point) => [x(point.value), y(point.interval.upper)]);
  const lower = sure.map((point) => [x(point.value), y(point.interval.lower)]).reverse();
  const shapes = [
    shape("polygon", { class: "band", points: joined([...upper, ...lower]) }),
    shape("polyline", { class: "line", points: joined(points.map((point) => [x(point.value), y(point.prediction)])) }),
    ...points.map((point) => dot(point, x(point.value), y(point.prediction))),
  ];
  byId("curve").setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  byId("curve").replaceChildren(...shapes);
}

function dot({ off, own }, x, y) {
  if (own) return shape("circle", { class: off ? "own off" : "own", cx: x, cy: y, r: 7 });
  if (!off) return shape("circle", { class: "known", cx: x, cy: y, r: 2.5 });
  return shape("path", { class: "off", d: `M${x - 4} ${y - 4}l8 8m0-8l-8 8` });
}

function shape(tag, attributes) {
  const made = document.createElementNS(byId("curve").namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

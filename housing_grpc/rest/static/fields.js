// The fields of the form; their units and ranges come from the live model.

import { numberIn, short } from "./words.js";

const fields = new Map(); // feature name -> its elements, and what the model says of it
const template = document.getElementById("field");
const home = document.getElementById("features");

export const count = () => fields.size;
export const names = () => [...fields.keys()];
export const feature = (name) => fields.get(name)?.feature;
export const inWords = (name) => `${feature(name).description} (${name})`;

// `changed(soon)` is called when a value changes; soon, if the one who changes it looks at the price.
export function describeFields(features, changed) {
  for (const each of features) {
    if (!fields.has(each.name)) add(each, changed);
    describe(each);
  }
}

function add({ name, choices }, changed) {
  const root = template.content.firstElementChild.cloneNode(true);
  const part = (key) => root.querySelector(`.${key}`);
  const id = `feature-${name}`;
  const slider = part("slider");
  const input = choices.length ? select(choices, part("value")) : part("value");
  if (choices.length) slider.remove();
  Object.assign(input, { id, name });
  root.querySelector("label").htmlFor = id;
  for (const key of ["range", "message"]) part(key).id = `${id}-${key}`;
  input.setAttribute("aria-describedby", `${id}-message ${id}-range`);
  input.addEventListener("input", () => {
    unmark(name);
    follow(name);
    changed(choices.length > 0);
  });
  slider.addEventListener("input", () => {
    input.value = slid(slider, fields.get(name).feature);
    unmark(name);
    follow(name);
    changed(true);
  });
  fields.set(name, { root, input, slider, part, message: part("message") });
  home.append(root);
}

function select(choices, input) {
  const made = document.createElement("select");
  made.append(new Option("left out", ""), ...choices.map((each) => new Option(each, each)));
  input.replaceWith(made);
  return made;
}

// Four digits are enough for a hand, but may not leave the range.
function slid(slider, { min, max }) {
  const value = Number(Number(slider.value).toPrecision(4));
  return String(Math.min(max, Math.max(min, value)));
}

function describe(each) {
  const field = fields.get(each.name);
  const { slider, part } = field;
  field.feature = each;
  part("about").textContent = each.description;
  part("name").textContent = each.name;
  part("unit").textContent = each.unit;
  const { choices, integer, min, max } = each;
  const kind = choices.length ? `one of ${choices.join(", ")}` : `trained on ${short(min)} to ${short(max)}`;
  part("range").textContent = integer && !choices.length ? `${kind}, whole` : kind;
  Object.assign(slider, { min, max, step: integer ? 1 : "any" });
  slider.setAttribute("aria-label", `Slider of ${each.name}`);
  follow(each.name);
}

// The slider shows what the field holds, or its middle, faint, where that is no number.
function follow(name) {
  const { input, slider, feature: known } = fields.get(name);
  const found = numberIn(input.value.trim(), known);
  const held = typeof found === "number";
  slider.value = held ? found : (known.min + known.max) / 2;
  slider.classList.toggle("unset", !held);
  slider.setAttribute("aria-valuetext", input.value.trim() || "left out");
}

export function mark(name, style, text) {
  const field = fields.get(name);
  if (!field) return false;
  field.root.classList.add(style);
  field.message.textContent = text;
  if (style === "wrong") field.input.setAttribute("aria-invalid", "true");
  return true;
}

export function unmark(name) {
  const { root, input, message } = fields.get(name);
  root.classList.remove("warned", "wrong", "filled");
  input.removeAttribute("aria-invalid");
  message.textContent = "";
}

// The house that the fields hold, or null where some of them hold none of its values; these are marked.
export function read() {
  const house = {};
  let wrong = 0;
  for (const [name, { input, feature: known }] of fields) {
    const text = input.value.trim();
    if (!text) continue;
    const found = numberIn(text, known);
    if (typeof found === "number") house[name] = found;
    else wrong += mark(name, "wrong", found);
  }
  return wrong ? null : house;
}

export function fill(house) {
  for (const [name, { input }] of fields) {
    unmark(name);
    input.value = house[name] ?? "";
    follow(name);
  }
}

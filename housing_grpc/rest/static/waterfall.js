// Draws what makes a price: from the base, feature by feature, to the price.

import { feature, inWords } from "./fields.js";
import { amountText, priceText, short } from "./words.js";

export function drawWaterfall(body, { prediction, explanation }, unit) {
  const steps = [...explanation.contributions].sort((one, other) => Math.abs(other.amount) - Math.abs(one.amount));
  let sum = explanation.base;
  const ends = steps.map(({ amount }) => [sum, (sum += amount)]);
  const all = [explanation.base, prediction, ...ends.flat()];
  const scale = { low: Math.min(...all), high: Math.max(...all) };
  body.replaceChildren(
    row("total", ["Mean price of the known houses", priceText(explanation.base, unit)], [scale.low, explanation.base], scale),
    ...steps.map((step, place) => {
      const kind = step.amount < 0 ? "less" : "more";
      return row(kind, [named(step), amountText(step.amount, unit)], ends[place], scale);
    }),
    row("total", ["The price", priceText(prediction, unit)], [scale.low, prediction], scale),
  );
}

function named({ feature: name, value, imputed }) {
  const amount = [short(value), feature(name).unit].filter(Boolean).join(" ");
  const parts = [text("span", "", inWords(name)), text("span", "quiet", ` ${amount} `)];
  if (imputed) parts.push(text("span", "mark", "filled in"));
  return parts;
}

function row(kind, [label, amount], [from, to], { low, high }) {
  const made = document.createElement("tr");
  made.className = kind;
  const head = document.createElement("th");
  head.scope = "row";
  head.append(...[label].flat());
  const track = document.createElement("td");
  track.className = "track";
  const bar = text("span", "bar", "");
  const share = (value) => (high > low ? (100 * value) / (high - low) : 0);
  bar.style.left = `${share(Math.min(from, to) - low)}%`;
  bar.style.width = `${share(Math.abs(to - from))}%`;
  track.append(bar);
  made.append(head, track, text("td", "amount", amount));
  return made;
}

function text(tag, style, content) {
  const made = document.createElement(tag);
  made.className = style;
  made.textContent = content;
  return made;
}

// Shows one answer: the price, how sure it is, how unusual the house is, and what makes the price.

import { inWords, mark } from "./fields.js";
import { intervalText, priceText, short, unusualText } from "./words.js";
import { drawWaterfall } from "./waterfall.js";

const byId = (id) => document.getElementById(id);

export function showAnswer(answer, { target }) {
  byId("price").textContent = priceText(answer.prediction, target.unit);
  byId("exact").textContent = `${short(answer.prediction)} ${target.unit} (${target.name})`;
  showInterval(answer, target);
  showUnusual(answer.applicability);
  answer.range_warnings.forEach((warning) => {
    mark(warning.feature, "warned", `outside ${short(warning.min)} to ${short(warning.max)}: less certain`);
  });
  answer.imputed_features.forEach((name) => mark(name, "filled", "left out: the model fills it in"));
  const outside = answer.range_warnings.map((warning) => inWords(warning.feature));
  byId("notes").textContent = outside.length ? `Outside what the model was trained on, so less certain: ${outside.join("; ")}.` : "";
  byId("origin").textContent = `Model ${answer.model_version}, ${new Date(answer.timestamp).toLocaleString()}`;
  byId("why").classList.remove("stale");
  byId("why").hidden = !answer.explanation;
  if (answer.explanation) drawWaterfall(byId("waterfall"), answer, target.unit);
}

function showInterval({ prediction, interval }, { unit, min, max }) {
  byId("sure").textContent = interval ? intervalText(interval, unit) : "";
  byId("sure").classList.toggle("unsure", Boolean(interval?.extrapolated));
  byId("interval").hidden = !interval;
  if (!interval) return;
  const low = Math.min(0, min, interval.lower);
  const high = Math.max(max, interval.upper, prediction);
  const at = (value) => `${(100 * (value - low)) / (high - low)}%`;
  const bar = byId("interval").querySelector(".span");
  bar.style.left = at(interval.lower);
  bar.style.width = `${(100 * (interval.upper - interval.lower)) / (high - low)}%`;
  bar.classList.toggle("unsure", interval.extrapolated);
  byId("interval").querySelector(".tick").style.left = at(prediction);
  byId("low").textContent = priceText(low, unit);
  byId("high").textContent = priceText(high, unit);
}

function showUnusual(applicability) {
  const unlike = applicability && applicability.p_value < 0.01;
  byId("unusual").textContent = applicability ? unusualText(applicability, inWords) : "";
  byId("unusual").classList.toggle("unsure", Boolean(unlike));
}

// Takes away all that was made from other fields. What is drawn keeps its room, so that nothing jumps.
export function hideAnswer() {
  const shown = byId("price").textContent !== "–";
  byId("price").textContent = "–";
  for (const id of ["sure", "unusual", "notes", "origin"]) byId(id).textContent = "";
  byId("interval").hidden = true;
  byId("why").classList.add("stale");
  return shown;
}

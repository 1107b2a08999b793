// A form for houses: asks for prices, and shows them only beside the fields that they were made from.

import { hideAnswer, showAnswer } from "./answer.js";
import { drawCurve, offerFeatures, staleCurve } from "./curve.js";
import { count, describeFields, fill, mark, names, read, unmark } from "./fields.js";
import { acceptFiles } from "./many.js";
import { ask } from "./server.js";
import { lacking, outOf } from "./words.js";

const byId = (id) => document.getElementById(id);
const submit = document.querySelector("button[type=submit]");
let model = { version: "", target: { name: "", unit: "" } };
let pending = null; // The question that is under way.
let timer = 0; // Of a question that waits for the next change.

// How long nothing changes before a price is asked for, in milliseconds.
const AFTER_TYPING = 500;
const AFTER_SLIDING = 120;

// The file that this software comes with, by its SHA-256, and what its card says of prices.
const SHIPPED = "62dd418543c243be3634afa228fab0eddcdc97803d85348361c5dad00e22f740";
const CAVEAT =
  "Not a valuation. The model has learned from average homes in 506 census tracts of Boston around 1970, " +
  "with race among its inputs. Decide nothing about homes or people by it.";
const CAVEAT_OF_OTHERS = "An estimate, as good as the data that the model has learned from; not a valuation.";
const KINDS = {
  linear: "Linear regression",
  random_forest: "Random forest",
  gradient_boost: "Gradient-boosted trees",
  xgboost: "Boosted trees (XGBoost)",
};
const LEVELS = [0.5, 0.8, 0.9, 0.95, 0.99];

function describe(info) {
  model = info;
  const stale = info.stale ? "; the registry does not answer" : "";
  byId("model").textContent = `${KINDS[info.model_type] ?? info.model_type}, version ${info.version} (${info.model_type} with ${info.preprocessing}${stale})`;
  describeFields(info.features, changed);
  offerFeatures(info.features);
  offerLevels(info.interval);
  byId("parts").textContent = lacking(info);
  byId("caveat").textContent = info.data_digest === SHIPPED ? CAVEAT : CAVEAT_OF_OTHERS;
}

function offerLevels(interval) {
  const select = byId("level");
  const chosen = select.value || "0.9";
  const possible = LEVELS.filter((each) => interval && each <= interval.max_level);
  select.replaceChildren(...possible.map((each) => new Option(outOf(each), each)));
  byId("levels").hidden = possible.length < 2;
  if (possible.includes(Number(chosen))) select.value = chosen;
}

// What can be asked of the live model besides prices.
function options() {
  return { ...(model.interval && byId("level").value ? { level: Number(byId("level").value) } : {}) };
}

// What is shown was made from other fields: it goes, and so does a question that is under way.
function forget() {
  clearTimeout(timer);
  pending?.abort();
  pending = null;
  if (hideAnswer()) byId("exact").textContent = "The fields have changed …";
  staleCurve();
  byId("failure").hidden = true;
  byId("failure").textContent = "";
  submit.removeAttribute("aria-disabled");
}

function changed(soon) {
  forget();
  timer = setTimeout(predict, soon ? AFTER_SLIDING : AFTER_TYPING);
}

function fail(error, byHand) {
  const marked = (error.violations ?? []).filter((each) => mark(each.field, "wrong", each.description));
  forget();
  byId("exact").textContent = "";
  byId("failure").textContent = marked.length ? "Some values cannot be used; see the fields." : error.message;
  byId("failure").hidden = false;
  // Who is typing is not interrupted.
  if (!byHand) return;
  if (error.key) {
    byId("access").open = true;
    byId("key").focus();
  }
  document.querySelector("[aria-invalid]")?.focus();
}

async function predict(byHand = false) {
  if (submit.getAttribute("aria-disabled") === "true") return;
  if (count() === 0) return start();
  clearTimeout(timer);
  pending?.abort();
  for (const name of names()) unmark(name);
  const house = read();
  if (!house) return fail(new Error("Some values cannot be used; see the fields."), byHand);
  if (!byHand && Object.keys(house).length === 0) {
    byId("exact").textContent = "Fill in a field.";
    return;
  }
  const mine = (pending = new AbortController());
  if (byHand) submit.setAttribute("aria-disabled", "true");
  try {
    const answer = await answerOf(house, mine);
    if (pending !== mine) return;
    byId("failure").hidden = true;
    showAnswer(answer, model);
    drawCurve(house, answer, model, options(), mine.signal);
  } catch (error) {
    if (pending === mine) fail(error, byHand);
  } finally {
    if (pending === mine) submit.removeAttribute("aria-disabled");
  }
}

// Units, ranges and parts are those of the model that has answered; another one may go live meanwhile.
async function answerOf(house, mine) {
  for (const again of [true, false]) {
    const before = asked();
    const answer = await ask(`v1/predict${before}`, JSON.stringify(house), mine.signal).catch((error) => {
      if (error.reason === "NOT_IN_BUNDLE" && again) return { model_version: null };
      throw error;
    });
    if (answer.model_version === model.version) return answer;
    const info = await ask("v1/model/info", null, mine.signal);
    if (pending !== mine) return answer;
    describe(info);
    if (answer.model_version === info.version && asked() === before) return answer;
    if (answer.model_version !== null && !again) return answer;
  }
  throw new Error("Another model went live meanwhile: predict again.");
}

function asked() {
  const query = new URLSearchParams(options());
  if (model.explanation) query.set("explain", "true");
  return query.size ? `?${query}` : "";
}

async function load() {
  const [info, example] = await Promise.all([ask("v1/model/info"), ask("static/example-house.json")]);
  describe(info);
  fill(example);
  byId("example").addEventListener("click", () => {
    fill(example);
    changed(true);
  });
  byId("many").hidden = false;
  await predict(true);
}

// Also called by the button while there are no fields: after a key was entered, or the server is back.
function start() {
  return load().catch((error) => {
    byId("model").textContent = "";
    fail(error, true);
  });
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  predict(true);
});
byId("clear").addEventListener("click", () => {
  fill({});
  changed(true);
});
byId("level").addEventListener("change", () => changed(true));
byId("curve-of").addEventListener("change", () => changed(true));
acceptFiles(() => ({ model, options: options() }));
start();

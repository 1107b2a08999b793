// A form for one prediction. The fields, their units and ranges come from the live model.

const byId = (id) => document.getElementById(id);
const fields = new Map(); // feature name -> its elements, and what the model says of it
let model = { version: "", target: { name: "", unit: "" } };
let pending = null; // The question that is under way.

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

async function ask(path, body, signal) {
  const headers = { accept: "application/json" };
  const key = byId("key").value.trim();
  // A browser would send no such header, and say of it what it says of a server that is away.
  if (/[^ -~]/.test(key)) throw Object.assign(new Error("The API key has characters that no key has: copy it anew."), { key: true });
  if (key) headers["x-api-key"] = key;
  if (body) headers["content-type"] = "application/json";
  const response = await fetch(path, { method: body ? "POST" : "GET", headers, body, signal }).catch(unreached);
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  const error = answer?.error ?? { message: `Something else than the server has answered (HTTP ${response.status}).` };
  throw Object.assign(new Error(explain(error, response)), {
    violations: (error.details ?? []).flatMap((detail) => detail.field_violations ?? []),
    key: ["UNAUTHENTICATED", "PERMISSION_DENIED"].includes(error.status),
  });
}

function unreached(error) {
  if (error.name === "AbortError") throw error;
  throw new Error(
    navigator.onLine
      ? "The server cannot be reached. Is it running? Then try again."
      : "This device is offline. Connect it, then try again.",
  );
}

function explain(error, response) {
  if (error.status === "UNAUTHENTICATED") {
    return byId("key").value ? "The server does not know this API key." : "The server asks for an API key.";
  }
  if (error.status === "PERMISSION_DENIED") return `This is not allowed: ${error.message}.`;
  const seconds = response.headers.get("retry-after");
  return seconds ? `${error.message} (in ${seconds} s)` : error.message;
}

const short = (number) => String(Number(number.toPrecision(6)));

function control(feature, root) {
  const input = root.querySelector("input");
  if (feature.choices.length === 0) return input;
  const select = document.createElement("select");
  select.append(new Option("left out", ""), ...feature.choices.map((each) => new Option(each, each)));
  input.replaceWith(select);
  return select;
}

function addField(feature) {
  const root = byId("field").content.firstElementChild.cloneNode(true);
  const part = (name) => root.querySelector(`.${name}`);
  const input = control(feature, root);
  const id = `feature-${feature.name}`;
  Object.assign(input, { id, name: feature.name });
  root.querySelector("label").htmlFor = id;
  for (const name of ["range", "message"]) part(name).id = `${id}-${name}`;
  input.setAttribute("aria-describedby", `${id}-message ${id}-range`);
  input.addEventListener("input", () => {
    unmark(feature.name);
    forget();
  });
  fields.set(feature.name, { root, input, part, message: part("message") });
  byId("features").append(root);
}

function describeField(feature) {
  const field = fields.get(feature.name);
  field.feature = feature;
  field.part("about").textContent = feature.description;
  field.part("name").textContent = feature.name;
  field.part("unit").textContent = feature.unit;
  const kind = feature.choices.length ? `one of ${feature.choices.join(", ")}` : `trained on ${short(feature.min)} to ${short(feature.max)}`;
  field.part("range").textContent = feature.integer && !feature.choices.length ? `${kind}, whole` : kind;
}

function describe(info) {
  model = info;
  const stale = info.stale ? "; the registry does not answer" : "";
  byId("model").textContent = `${KINDS[info.model_type] ?? info.model_type}, version ${info.version} (${info.model_type} with ${info.preprocessing}${stale})`;
  for (const feature of info.features) {
    if (!fields.has(feature.name)) addField(feature);
    describeField(feature);
  }
  byId("caveat").textContent = info.data_digest === SHIPPED ? CAVEAT : CAVEAT_OF_OTHERS;
}

function mark(name, style, text) {
  const field = fields.get(name);
  if (!field) return false;
  field.root.classList.add(style);
  field.message.textContent = text;
  if (style === "wrong") field.input.setAttribute("aria-invalid", "true");
  return true;
}

function unmark(name) {
  const { root, input, message } = fields.get(name);
  root.classList.remove("warned", "wrong", "filled");
  input.removeAttribute("aria-invalid");
  message.textContent = "";
}

// What is shown was made from other fields: it goes, and so does a question that is under way.
function forget() {
  pending?.abort();
  pending = null;
  if (byId("price").textContent !== "–") byId("exact").textContent = "The fields have changed: predict again.";
  byId("price").textContent = "–";
  for (const id of ["notes", "origin"]) byId(id).textContent = "";
  byId("failure").hidden = true;
  byId("failure").textContent = "";
  document.querySelector("button[type=submit]").removeAttribute("aria-disabled");
}

// The number that a field holds, or a text that says why there is none.
function numberIn(text, { integer }) {
  if (/^[+-]?\d+,\d+$/.test(text)) {
    const whole = /,\d{3}$/.test(text) ? ` or ${text.replace(",", "")}` : "";
    return `“${text}” has a comma: write ${text.replace(",", ".")}${whole}`;
  }
  if (/^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/.test(text)) return `“${text}” has commas: write ${text.replaceAll(",", "")}`;
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return `“${text}” is not a number: write one such as 6.5`;
  const number = Number(text);
  if (!Number.isFinite(Math.fround(number))) return `“${text}” is too large`;
  return integer && !Number.isInteger(number) ? `“${text}” must be a whole number` : number;
}

function read() {
  const house = {};
  let wrong = 0;
  for (const [name, { input, feature }] of fields) {
    const text = input.value.trim();
    if (!text) continue;
    const found = numberIn(text, feature);
    if (typeof found === "number") house[name] = found;
    else wrong += mark(name, "wrong", found);
  }
  return wrong ? null : house;
}

function fill(house) {
  forget();
  for (const [name, { input }] of fields) {
    unmark(name);
    input.value = house[name] ?? "";
  }
}

function priceText(value) {
  if (model.target.unit === "thousands of USD") {
    const money = { style: "currency", currency: "USD", maximumFractionDigits: 0 };
    return new Intl.NumberFormat("en-US", money).format(value * 1000);
  }
  return `${short(value)} ${model.target.unit}`;
}

const inWords = (name) => `${fields.get(name).feature.description} (${name})`;

function show(answer) {
  byId("price").textContent = priceText(answer.prediction);
  byId("exact").textContent = `${short(answer.prediction)} ${model.target.unit} (${model.target.name})`;
  answer.range_warnings.forEach((warning) => {
    mark(warning.feature, "warned", `outside ${short(warning.min)} to ${short(warning.max)}: less certain`);
  });
  answer.imputed_features.forEach((name) => mark(name, "filled", "left out: the model fills it in"));
  const outside = answer.range_warnings.map((warning) => inWords(warning.feature));
  byId("notes").textContent = outside.length ? `Outside what the model was trained on, so less certain: ${outside.join("; ")}.` : "";
  byId("origin").textContent = `Model ${answer.model_version}, ${new Date(answer.timestamp).toLocaleString()}`;
}

function fail(error) {
  const marked = (error.violations ?? []).filter((each) => mark(each.field, "wrong", each.description));
  forget();
  byId("exact").textContent = "";
  byId("failure").textContent = marked.length ? "Some values cannot be used; see the fields." : error.message;
  byId("failure").hidden = false;
  if (error.key) {
    byId("access").open = true;
    byId("key").focus();
  }
  document.querySelector("[aria-invalid]")?.focus();
}

async function predict() {
  const button = document.querySelector("button[type=submit]");
  if (button.getAttribute("aria-disabled") === "true") return;
  if (fields.size === 0) return start();
  for (const name of fields.keys()) unmark(name);
  const house = read();
  if (!house) return fail(new Error("Some values cannot be used; see the fields."));
  const mine = (pending = new AbortController());
  button.setAttribute("aria-disabled", "true");
  try {
    const answer = await ask("v1/predict", JSON.stringify(house), mine.signal);
    // Units and ranges are those of the model that has answered.
    const info = answer.model_version === model.version ? null : await ask("v1/model/info", null, mine.signal);
    if (pending !== mine) return;
    if (info) describe(info);
    byId("failure").hidden = true;
    show(answer);
  } catch (error) {
    if (pending === mine) fail(error);
  } finally {
    if (pending === mine) {
      pending = null;
      button.removeAttribute("aria-disabled");
    }
  }
}

async function load() {
  const [info, example] = await Promise.all([ask("v1/model/info"), ask("static/example-house.json")]);
  describe(info);
  fill(example);
  byId("example").addEventListener("click", () => fill(example));
  await predict();
}

// Also called by the button while there are no fields: after a key was entered, or the server is back.
function start() {
  return load().catch((error) => {
    byId("model").textContent = "";
    fail(error);
  });
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  predict();
});
byId("clear").addEventListener("click", () => fill({}));
start();

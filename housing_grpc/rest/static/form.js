// A form for one prediction. The fields, their units and ranges come from the live model.

const byId = (id) => document.getElementById(id);
const fields = new Map(); // feature name -> its elements
let target = { name: "", unit: "" };

async function ask(path, body) {
  const headers = { accept: "application/json" };
  if (byId("key").value) headers["x-api-key"] = byId("key").value;
  if (body) headers["content-type"] = "application/json";
  const response = await fetch(path, { method: body ? "POST" : "GET", headers, body });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const error = answer.error ?? { message: `HTTP ${response.status}` };
  throw Object.assign(new Error(explain(error, response)), {
    violations: (error.details ?? []).flatMap((detail) => detail.field_violations ?? []),
    key: ["UNAUTHENTICATED", "PERMISSION_DENIED"].includes(error.status),
  });
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
  part("name").textContent = feature.name;
  part("unit").textContent = feature.unit;
  part("about").textContent = feature.description;
  const kind = feature.choices.length ? `one of ${feature.choices.join(", ")}` : `trained on ${short(feature.min)} to ${short(feature.max)}`;
  part("range").textContent = feature.integer && !feature.choices.length ? `${kind}, whole` : kind;
  for (const name of ["range", "about", "message"]) part(name).id = `${id}-${name}`;
  input.setAttribute("aria-describedby", `${id}-message ${id}-range ${id}-about`);
  const help = () => (byId("help").textContent = `${feature.name}: ${feature.description}`);
  root.addEventListener("focusin", help);
  root.addEventListener("pointerenter", help);
  fields.set(feature.name, { root, input, message: part("message") });
  byId("features").append(root);
}

function mark(name, style, text) {
  const field = fields.get(name);
  if (!field) return false;
  field.root.classList.add(style);
  field.message.textContent = text;
  if (style === "wrong") field.input.setAttribute("aria-invalid", "true");
  return true;
}

function unmark() {
  for (const { root, input, message } of fields.values()) {
    root.classList.remove("warned", "wrong", "filled");
    input.removeAttribute("aria-invalid");
    message.textContent = "";
  }
  byId("failure").hidden = true;
}

function read() {
  const house = {};
  let wrong = 0;
  for (const [name, { input }] of fields) {
    const text = input.value.trim();
    if (!text) continue;
    const number = Number(text);
    if (Number.isFinite(number)) house[name] = number;
    else wrong += mark(name, "wrong", `“${text}” is not a number`);
  }
  return wrong ? null : house;
}

function fill(house) {
  unmark();
  for (const [name, { input }] of fields) input.value = house[name] ?? "";
}

function priceText(value) {
  if (target.unit === "thousands of USD") {
    const money = { style: "currency", currency: "USD", maximumFractionDigits: 0 };
    return new Intl.NumberFormat("en-US", money).format(value * 1000);
  }
  return `${short(value)} ${target.unit}`;
}

function show(answer) {
  byId("price").textContent = priceText(answer.prediction);
  byId("exact").textContent = `${target.name} ${short(answer.prediction)} ${target.unit}`;
  answer.range_warnings.forEach((warning) => {
    mark(warning.feature, "warned", `outside ${short(warning.min)} to ${short(warning.max)}: less certain`);
  });
  answer.imputed_features.forEach((name) => mark(name, "filled", "left out: the model fills it in"));
  const outside = answer.range_warnings.map((warning) => warning.feature);
  byId("notes").textContent = outside.length ? `Less certain: ${outside.join(", ")} is outside what the model was trained on.` : "";
  byId("origin").textContent = `Model ${answer.model_version}, ${new Date(answer.timestamp).toLocaleString()}`;
}

function fail(error) {
  const marked = (error.violations ?? []).filter((each) => mark(each.field, "wrong", each.description));
  byId("price").textContent = "–";
  for (const id of ["exact", "notes", "origin"]) byId(id).textContent = "";
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
  unmark();
  if (fields.size === 0) return start();
  const house = read();
  if (!house) return fail(new Error("Some values cannot be used; see the fields."));
  button.setAttribute("aria-disabled", "true");
  try {
    show(await ask("v1/predict", JSON.stringify(house)));
  } catch (error) {
    fail(error);
  } finally {
    button.removeAttribute("aria-disabled");
  }
}

async function load() {
  const [info, example] = await Promise.all([ask("v1/model/info"), ask("static/example-house.json")]);
  target = info.target;
  const stale = info.stale ? " (the registry does not answer)" : "";
  byId("model").textContent = `${info.model_type} with ${info.preprocessing}, version ${info.version}${stale}`;
  info.features.forEach(addField);
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

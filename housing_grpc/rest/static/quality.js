// Shows how good prices were: what was expected of each model against what came out.

import { ask } from "./server.js";
import { amountText, priceText } from "./words.js";

const byId = (id) => document.getElementById(id);
const SECTIONS = ["errors", "coverage", "detector", "numbers"];
const PROMISED = 0.9;
const ALARM = 1e5;
// Of the detector's picture: from a tenth to ten thousand times the alarm.
const DECADES = { low: -1, high: 9 };

// Of the live model's target.
let unit = "";

async function load() {
  byId("failure").hidden = true;
  byId("off").hidden = true;
  try {
    const [quality, info] = await Promise.all([ask("v1/quality"), ask("v1/model/info")]);
    unit = info.target.unit;
    show(quality.models ?? []);
  } catch (error) {
    fail(error);
  }
}

function fail(error) {
  for (const id of SECTIONS) byId(id).hidden = true;
  byId("told").textContent = "";
  if (error.reason === "FEEDBACK_OFF") {
    byId("off").hidden = false;
    return;
  }
  byId("failure").textContent = error.message;
  byId("failure").hidden = false;
  if (!error.key) return;
  byId("access").open = true;
  byId("key").focus();
}

function show(models) {
  const known = models.filter((each) => count(each.labels));
  const covered = known.filter((each) => each.interval);
  const total = models.reduce((sum, each) => sum + count(each.total_labels), 0);
  byId("told").textContent = total ? `${total.toLocaleString("en-US")} outcomes of ${known.length} ${known.length > 1 ? "models" : "model"}` : "No outcome has been recorded yet.";
  fillSection("errors", "error-rows", errors(known));
  fillSection("coverage", "coverage-rows", covered.map(coverageRow));
  fillSection("detector", "detector-rows", covered.map(detectorRow));
  fillSection("numbers", "number-rows", models.map(numberRow));
}

function fillSection(id, body, rows) {
  byId(body).replaceChildren(...rows);
  byId(id).hidden = !rows.length;
}

const isKnown = (value) => value !== undefined && value !== null;
const count = (number) => Number(number ?? 0);
const named = ({ model_version: version, live }) => `Version ${version}${live ? ", live" : ""}`;
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const money = (value) => priceText(value, unit);

function errors(models) {
  const found = models.flatMap((model) => {
    const { rmse, skill, mae, expected_mae: expected } = model;
    const trained = skill ? rmse / skill : undefined;
    const times = isKnown(trained) ? `; training measured ${money(trained)}` : "";
    return [
      { model, kind: "RMSE", value: rmse, expected: trained, text: `${money(rmse)}${times}`, bad: skill > 1.25 },
      { model, kind: "mean error", value: mae, expected, text: `${money(mae)}${isKnown(expected) ? `; expected ${money(expected)}` : ""}` },
    ];
  });
  const most = Math.max(...found.flatMap(({ value, expected }) => [value, expected ?? 0]), 1e-9);
  return found.map(({ model, kind, value, expected, text, bad }) => {
    const shapes = [bar(0, value / most)];
    if (isKnown(expected)) shapes.push(mark(expected / most));
    return row(`${named(model)}: ${kind}`, shapes, text, bad);
  });
}

function coverageRow(model) {
  const { ratio, lower, upper, labels } = model.interval;
  // From none to all, as few outcomes may say anything.
  const shapes = [bar(lower, upper), dot(ratio), mark(PROMISED)];
  const text = `${percent(ratio)} of ${count(labels)}; between ${percent(lower)} and ${percent(upper)}`;
  return row(named(model), shapes, text, upper < PROMISED);
}

function detectorRow(model) {
  const { detector, alarm } = model.interval;
  const place = (value) => (Math.log10(Math.max(value, 0.1)) - DECADES.low) / (DECADES.high - DECADES.low);
  const told = alarm ? "Alarm: intervals hold fewer than 90 %" : `${statistic(detector)}: no alarm`;
  return row(named(model), [bar(0, Math.min(place(detector), 1)), mark(place(ALARM))], told, alarm);
}

const statistic = (value) => (value < 1e6 ? value.toLocaleString("en-US", { maximumFractionDigits: 1 }) : value.toExponential(0));

function numberRow(model) {
  const { model_version: version, bundle_digest: digest, live, interval, latest } = model;
  const optional = (value, shown) => (isKnown(value) ? shown(value) : "–");
  const cells = [
    `${version}${live ? " (live)" : ""}`,
    digest,
    count(model.total_labels),
    count(model.labels),
    optional(model.rmse, money),
    optional(model.skill, (value) => value.toFixed(2)),
    optional(model.mae, money),
    optional(model.expected_mae, money),
    optional(model.bias, (value) => amountText(value, unit)),
    optional(interval, ({ labels }) => count(labels)),
    optional(interval, ({ ratio }) => percent(ratio)),
    optional(interval, ({ lower }) => percent(lower)),
    optional(interval, ({ upper }) => percent(upper)),
    optional(interval, ({ detector }) => statistic(detector)),
    optional(latest, (moment) => moment.slice(0, 16).replace("T", " ")),
  ];
  const made = document.createElement("tr");
  for (const cell of cells) made.insertCell().textContent = cell;
  return made;
}

function row(label, shapes, text, bad) {
  const made = document.createElement("tr");
  made.className = bad ? "bad" : "";
  const head = document.createElement("th");
  head.scope = "row";
  head.textContent = label;
  const picture = svg("svg", { "aria-hidden": "true" });
  picture.append(...shapes);
  const drawn = document.createElement("td");
  drawn.append(picture);
  const amount = document.createElement("td");
  amount.className = "amount";
  amount.textContent = text;
  made.append(head, drawn, amount);
  return made;
}

// Shares of the width, with an edge on either side so that nothing is cut off.
const across = (share) => `${2 + 96 * share}%`;
const bar = (from, to) => svg("rect", { x: across(from), width: `${96 * Math.max(to - from, 0)}%`, y: "30%", height: "40%" });
const mark = (share) => svg("line", { x1: across(share), x2: across(share), y1: "8%", y2: "92%" });
const dot = (share) => svg("circle", { cx: across(share), cy: "50%", r: 6 });

function svg(tag, attributes) {
  // The namespace, without naming a host.
  const made = document.createElementNS(byId("namespace").namespaceURI, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  load();
});
load();

// Asks a running server: about its model, for one price, for one that it refuses, for what makes a
// price, and for many.
//
//     npm ci && npm run example -- localhost:50051 [rows to send as raw numbers]
//
// HOUSING_API_KEY is sent as x-api-key, if set. HOUSING_CA_FILE, HOUSING_CERT_FILE and
// HOUSING_KEY_FILE name files for TLS.
import { HousingClient, HousingError, tlsFiles, toJson } from "housing-grpc-client";

const [target = "localhost:50051", many = "100000"] = process.argv.slice(2);

function connect() {
  const {
    HOUSING_API_KEY: apiKey,
    HOUSING_CA_FILE: caFile,
    HOUSING_CERT_FILE: certFile,
    HOUSING_KEY_FILE: keyFile,
  } = process.env;
  const files = { caFile, certFile, keyFile };
  const tls = caFile || certFile || keyFile ? tlsFiles(files) : false;
  return new HousingClient(target, apiKey ? { apiKey, tls } : { tls });
}

async function info(client) {
  const model = await client.info();
  const kind = `${model.modelType}, ${model.preprocessing}`;
  const { name, unit } = model.target;
  console.log(`info:     ${model.name} version ${model.version} (${kind}), predicts ${name} in ${unit}`);
}

async function predict(client) {
  // A feature that is left out is filled in by the model.
  const answer = await client.predict({ CRIM: 0.00632, RM: 6.575, LSTAT: 4.98, TAX: 900 });
  console.log(`predict:  ${answer.prediction.toFixed(2)} by version ${answer.modelVersion}`);
  console.log(`  filled in: ${answer.imputedFeatures.join(" ")}`);
  for (const warning of answer.warnings) {
    console.log(`  warning: ${warning}`);
  }
  console.log(`  as JSON: ${JSON.stringify(toJson(answer))}`);
}

async function refused(client) {
  try {
    await client.predict({ RM: 6.5, CHAS: 2, RAD: 1.5 }, { requestId: "example-1" });
  } catch (error) {
    if (!(error instanceof HousingError && error.reason === "FEATURE_DOMAIN")) {
      throw error;
    }
    console.log(`refused:  ${error.status}, reason ${error.reason}, request ${error.requestId}`);
    for (const { field, description } of error.violations) {
      console.log(`  ${field}: ${description}`);
    }
    return;
  }
  throw new Error("a house with CHAS 2 was not refused");
}

function tell(title, price, { level, lower, upper }, { pValue }, { base, contributions }) {
  const signed = (amount) => (amount < 0 ? "" : "+") + amount.toFixed(4);
  const parts = contributions.map(
    ({ feature, amount, imputed }) => `${signed(amount)} ${feature}${imputed ? "*" : ""}`,
  );
  const ends = `${lower.toFixed(4)} to ${upper.toFixed(4)}, p-value ${pValue.toFixed(4)}`;
  const sum = [base.toFixed(4), ...parts].join(" ");
  console.log(`${title} ${price.toFixed(4)}, in ${level.toFixed(2)} of cases ${ends}, ${sum}`);
}

/**
 * Asks how sure a price is, how unusual the house is and what makes the price, twice: as a message
 * and as raw numbers. A model may be unable to tell.
 */
async function sure(client) {
  const house = { CRIM: 0.00632, RM: 6.575, LSTAT: 4.98 };
  const asked = { explain: true, level: 0.8 };
  try {
    const { prediction, interval, applicability, explanation } = await client.predict(house, asked);
    tell("sure:    ", prediction, interval, applicability, explanation);
  } catch (error) {
    if (!(error instanceof HousingError && error.reason === "NOT_IN_BUNDLE")) {
      throw error;
    }
    console.log(`sure:     ${error.message}`);
    return;
  }
  const answers = client.scoreMatrix(Object.keys(house), [Object.values(house)], asked);
  for await (const { price, interval, applicability, explanation } of answers) {
    tell("  matrix:", price, interval, applicability, explanation);
  }
}

function* houses(count) {
  for (let i = 0; i < count; i++) {
    const house = { RM: 4 + (i % 50) / 10, LSTAT: i % 30 };
    yield i === 1234 ? { ...house, NOX: Infinity } : house;
  }
}

/** Streams 2,500 houses, one of which is bad. */
async function score(client) {
  let count = 0;
  let failed = 0;
  let sum = 0;
  for await (const { row, price, error } of client.score(houses(2500), { chunkRows: 500 })) {
    if (row !== count++) {
      throw new Error(`row ${row} came in the place of ${count - 1}`);
    }
    if (error) {
      failed++;
      // People count from 1.
      console.log(`  row ${row + 1}: ${error.reason}: ${error.message}`);
    } else {
      sum += price;
    }
  }
  const mean = (sum / (count - failed)).toFixed(2);
  console.log(`score:    ${count} houses in order, ${failed} refused, mean price ${mean}`);
}

function* rows(count) {
  for (let i = 0; i < count; i++) {
    yield [4 + (i % 50) / 10, i % 30, NaN];
  }
}

/** Sends the same as raw numbers, in which NaN means missing. */
async function scoreMatrix(client) {
  let count = 0;
  let sum = 0;
  const versions = new Set(); // more than one if another model goes live meanwhile
  const features = ["RM", "LSTAT", "NOX"];
  for await (const { row, price, modelVersion } of client.scoreMatrix(features, rows(many))) {
    if (row !== count++) {
      throw new Error(`row ${row} came in the place of ${count - 1}`);
    }
    sum += price;
    versions.add(modelVersion);
  }
  const mean = (sum / count).toFixed(2);
  const live = [...versions].join(" ");
  console.log(`matrix:   ${count} houses in order, mean price ${mean}, versions ${live}`);
}

async function main() {
  const client = connect();
  try {
    for (const show of [info, predict, refused, sure, score, scoreMatrix]) {
      await show(client);
    }
  } finally {
    client.close();
  }
}

try {
  await main();
} catch (error) {
  const kind = error instanceof HousingError ? `${error.status}: ` : "";
  console.error(`${target}: ${kind}${error.message}`);
  process.exitCode = 1;
}

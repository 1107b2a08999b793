// Asks the server, and says in words what it refuses.

const byId = (id) => document.getElementById(id);

export async function ask(path, body, signal) {
  const response = await send(path, body, "application/json", signal);
  const answer = await response.json().catch(() => null);
  if (response.ok && answer) return answer;
  throw refusal(answer, response);
}

// Gives the answers to houses that are sent as lines of JSON; no more of them than a connection holds.
export async function askLines(path, lines, signal) {
  const response = await send(path, lines.join("\n"), "application/x-ndjson", signal);
  const text = await response.text();
  if (!response.ok) throw refusal(parsed(text), response);
  const answers = text.split("\n").filter(Boolean).map(parsed);
  const last = answers.at(-1);
  if (last?.error && last.row === undefined) throw refusal(last, response);
  if (answers.length !== lines.length || answers.includes(null)) throw new Error("The server's answer is cut off: try again.");
  return answers;
}

async function send(path, body, type, signal) {
  const headers = { accept: type };
  const key = byId("key").value.trim();
  // A browser would send no such header, and say of it what it says of a server that is away.
  if (/[^ -~]/.test(key)) throw Object.assign(new Error("The API key has characters that no key has: copy it anew."), { key: true });
  if (key) headers["x-api-key"] = key;
  if (body) headers["content-type"] = type;
  return fetch(path, { method: body ? "POST" : "GET", headers, body, signal }).catch(unreached);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function refusal(answer, response) {
  const error = answer?.error ?? { message: `Something else than the server has answered (HTTP ${response.status}).` };
  const details = error.details ?? [];
  return Object.assign(new Error(explain(error, response)), {
    violations: details.flatMap((detail) => detail.field_violations ?? []),
    reason: details.find((detail) => detail.reason)?.reason,
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

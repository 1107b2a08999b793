// What is wrong with an address that gRPC would try all the same, or that leads to port 443.

const USUAL_PORT = "50051";
const WEB = /^(https?|grpcs?|tcp):\/\/([^/]*)/i;
// What has a port: a name or addresses, behind dns: and a name server, ipv4: or ipv6:.
const WITH_PORTS = /^(?:dns:(?:\/\/[^/]*\/)?|ipv[46]:)?([^/]*)$/i;
const OTHER = /^(?!dns:|ipv[46]:)[a-z][a-z0-9+.-]*:(\/\/|[^0-9])/i;
const ADDRESS = /^(\[[^\]]*\]|[^:]*)(?::(\d+))?$/;

/** Throws a TypeError that says what to write instead. */
export function checkTarget(target: string): void {
  const [, scheme, place] = WEB.exec(target) ?? [];
  if (scheme !== undefined && place !== undefined) {
    const encrypted = /s$/i.test(scheme) ? ", and for encryption set tls: true" : "";
    throw new TypeError(
      `the target "${target}" has a scheme that gRPC does not know; write ${withPort(place)}${encrypted}`,
    );
  }
  if (OTHER.test(target)) {
    return;
  }
  for (const address of WITH_PORTS.exec(target)?.[1]?.split(",") ?? []) {
    if (ADDRESS.exec(address)?.[2] === undefined) {
      throw new TypeError(`the target "${target}" has no port; write ${withPort(address)}`);
    }
  }
}

function withPort(address: string): string {
  const found = ADDRESS.exec(address.replace(/:$/, ""));
  // What has more colons is an address of IPv6.
  const host = found === null ? `[${address}]` : found[1] || "HOST";
  return `${host}:${found?.[2] ?? USUAL_PORT}`;
}

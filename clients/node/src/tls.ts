// Encryption: whom to trust, and who we are.
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";

/** Whom to trust, and who we are; in PEM. `tlsFiles` reads it from files. */
export interface Tls {
  /** Who may have signed the server's certificate; by default those whom Node trusts. */
  readonly rootCertificates?: Buffer;
  /** Both or none: only some servers ask. */
  readonly privateKey?: Buffer;
  readonly certificateChain?: Buffer;
  /** Name in the server's certificate, if it is not the target's. */
  readonly serverName?: string;
}

/** The same by the paths of PEM files. */
export interface TlsFiles {
  readonly caFile?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly serverName?: string | undefined;
}

/**
 * Reads certificates from files.
 *
 * @throws Error if one cannot be read, holds something else, or the key is another's: later
 *   that would show only as a server that cannot be reached.
 */
export function tlsFiles({ caFile, certFile, keyFile, serverName }: TlsFiles): Tls {
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new Error("a client certificate needs its key, and a key its certificate");
  }
  const [ca, cert, key] = [caFile, certFile, keyFile].map((file) => file && readFileSync(file));
  check(() => ca && new X509Certificate(ca), `${caFile}: holds no certificate in PEM`);
  check(
    () => createSecureContext({ cert, key }),
    `${certFile} and ${keyFile}: are no certificate and its key in PEM`,
  );
  return {
    ...(ca && { rootCertificates: ca }),
    ...(cert && { certificateChain: cert }),
    ...(key && { privateKey: key }),
    ...(serverName && { serverName }),
  };
}

function check(use: () => unknown, fault: string): void {
  try {
    use();
  } catch (cause) {
    throw new Error(fault, { cause });
  }
}

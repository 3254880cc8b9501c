/** Shared vaults over TLS: a server whose certificate isn't to be trusted is not used, and why is said. */

import { beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { openVault } from "../../src/vault/store.ts";
import { CERTIFICATES } from "../platform/certificates.ts";
import { type Authority, makeAuthority } from "../support/authority.ts";
import { lacking } from "../support/needs.ts";
import { tempFolder } from "../support/program.ts";
import { put, refusal } from "./home.ts";
import { BACKENDS, sharedHomes } from "./shared-home.ts";

const homeAt = sharedHomes();

function refused(address: string): Promise<{ code: string; text: string }> {
  const home = homeAt(address);
  return refusal(openVault(home.context()));
}

describe("over TLS", () => {
  let authority: Authority;
  beforeAll(async () => {
    authority = await makeAuthority();
  });

  for (const [name, { needs, start }] of Object.entries(BACKENDS))
    test.skipIf(lacking(...needs, "openssl"))(
      `${name}: a certificate that is trusted, for the name that was asked for, or nothing`,
      async () => {
        const server = await start({ tls: await authority.issue("localhost"), host: "localhost" });
        const trusting = (address: string): string =>
          `${address}&${name === "Redis" ? "ca" : "sslrootcert"}=${encodeURIComponent(authority.file)}`;
        try {
          const address = server.address("sealed");
          const vault = await homeAt(trusting(address)).open();
          await vault.commit([put("a:x", 1, "1")]);
          await vault.close();
          const untrusted = await refused(address);
          expect(untrusted.code).toBe("vault_unreachable");
          expect(untrusted.text).toContain("its certificate isn't trusted");
          expect(untrusted.text).toContain(name === "Redis" ? "at rediss://localhost" : "at postgres://localhost");
          const missing = await refused(trusting(address).replace("ca.", "no-ca."));
          expect(missing).toEqual({ code: "usage", text: expect.stringContaining(`can't be read: /`) });
          expect(missing.text).toContain(name === "Redis" ? " ca=/full" : " sslrootcert=/full");
          expect(untrusted.text).toContain(name === "Redis" ? " ca=/" : " sslrootcert=/");
          expect((await refused(trusting(address.replace("localhost", "127.0.0.1")))).text).toContain(
            "for another name",
          );
        } finally {
          await server.stop();
        }
      },
    );

  for (const [name, { needs, start }] of Object.entries(BACKENDS))
    for (const [kind, words] of [
      ["expired", "its certificate has expired"],
      ["name", "for another name"],
      ["good", "its certificate isn't trusted"],
    ] as const)
      test.skipIf(lacking(...needs))(
        `${name}: ${kind === "good" ? "a self-signed certificate" : `one that is trusted itself, ${words}`}`,
        async () => {
          const server = await start({ tls: CERTIFICATES[kind], host: "localhost" });
          const file = join(tempFolder(), "trusted.pem");
          writeFileSync(file, CERTIFICATES[kind].cert);
          const trusting = `&${name === "Redis" ? "ca" : "sslrootcert"}=${encodeURIComponent(file)}`;
          try {
            const found = await refused(server.address("bad") + (kind === "good" ? "" : trusting));
            expect(found.code).toBe("vault_unreachable");
            expect(found.text).toContain(words);
          } finally {
            await server.stop();
          }
        },
      );

  for (const [name, { needs, start }] of Object.entries(BACKENDS))
    test.skipIf(lacking(...needs))(
      `${name}: a server that doesn't speak it is not spoken to in the clear`,
      async () => {
        const server = await start();
        try {
          const plain = server.address("clear");
          const address = name === "Redis" ? plain.replace("redis:", "rediss:") : `${plain}&sslmode=verify-full`;
          const found = await refused(address);
          expect(found.code).toBe("vault_unreachable");
          // Redis just ends such a connection.
          if (name === "PostgreSQL") expect(found.text).toContain("sslmode=disable");
        } finally {
          await server.stop();
        }
      },
    );
});

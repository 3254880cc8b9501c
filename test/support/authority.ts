/** A certificate authority of a test's own, and server certificates that it issued (openssl). */
import { join } from "node:path";
import { run, tempFolder } from "./program.ts";

export interface Authority {
  /** The authority's certificate file (PEM). */
  readonly file: string;
  /** A server certificate for these DNS names and IPv4 addresses. */
  issue(...names: string[]): Promise<{ key: string; cert: string }>;
}

export async function makeAuthority(): Promise<Authority> {
  const folder = tempFolder();
  const at = (name: string): string => join(folder, name);
  const openssl = async (...args: string[]): Promise<void> => {
    const { code, stderr } = await run(["openssl", ...args], { cwd: folder });
    if (code !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
  };
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl("req", "-x509", ...key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "30", "-subj", "/CN=Test CA");
  let issued = 0;
  return {
    file: at("ca.pem"),
    issue: async (...names) => {
      const id = `server${++issued}`;
      await openssl("req", ...key, "-keyout", `${id}.key`, "-out", `${id}.csr`, "-subj", "/CN=server");
      await Bun.write(
        at(`${id}.ext`),
        `subjectAltName=${names.map((name) => `${/^[\d.]+$/.test(name) ? "IP" : "DNS"}:${name}`).join(",")}\n`,
      );
      const ca = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
      const into = ["-out", `${id}.pem`, "-days", "30", "-extfile", `${id}.ext`];
      await openssl("x509", "-req", "-in", `${id}.csr`, ...ca, ...into);
      return { key: await Bun.file(at(`${id}.key`)).text(), cert: await Bun.file(at(`${id}.pem`)).text() };
    },
  };
}

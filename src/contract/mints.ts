/** Logins without a person, with a key that is thrown away: by each proof that the description names. */

import { tokenOf } from "../connections/outcome.ts";
import { refreshConnection } from "../connections/refresh.ts";
import { Secret } from "../platform/secret.ts";
import type { Minting, MintingFlow } from "../providers/minting.ts";
import { type Body, put } from "./bodies.ts";
import { type CheckCase, insist, Mismatch, Skip } from "./check.ts";
import { type Harness, type Subject, withHarness } from "./harness.ts";
import { checkJwt, keyFor, SUBJECT_TOKEN } from "./minted.ts";

export const MINTS: readonly CheckCase[] = [
  { name: "client-credentials: the client's secret", flow: "client-credentials", run: bySecret },
  { name: "client-credentials: another issuer's token", flow: "client-credentials", run: byAssertion },
  { name: "client-credentials: a certificate", flow: "client-credentials", run: byCertificate },
  { name: "jwt: a private key", flow: "jwt", run: byKey },
  { name: "jwt: key files", flow: "jwt", run: byKeyFile },
  { name: "exchange: another issuer's token", flow: "exchange", run: byExchange },
];

function mintingFor(subject: Subject, flow: MintingFlow): Minting {
  const minting = subject.definition.minting?.[flow];
  if (minting === undefined) throw new Mismatch(`minting.${flow} is missing`);
  return minting;
}

const FOREIGN = { subjectToken: { secret: new Secret(SUBJECT_TOKEN), source: null } };

function bySecret(subject: Subject): Promise<string> {
  mintingFor(subject, "client-credentials");
  return withHarness(subject, true, (harness) => twice(harness, "client-credentials"));
}

function byAssertion(subject: Subject): Promise<string> {
  if (mintingFor(subject, "client-credentials").audience === undefined) throw new Skip("no audience is declared");
  return withHarness(subject, false, (harness) => twice(harness, "client-credentials", FOREIGN));
}

function byCertificate(subject: Subject): string {
  const { sign } = mintingFor(subject, "client-credentials");
  throw new Skip(sign === undefined ? "nothing is signed" : "needs a certificate, which no test makes up");
}

function byExchange(subject: Subject): Promise<string> {
  mintingFor(subject, "exchange");
  return withHarness(subject, true, (harness) => twice(harness, "exchange", FOREIGN));
}

/** A bare key will do where no claim needs what only a file holds. */
async function byKey(subject: Subject): Promise<string> {
  const minting = mintingFor(subject, "jwt");
  const named = JSON.stringify([minting.sign?.claims, minting.sign?.header]);
  if (minting.files !== undefined && /\{(email|keyId)\}/.test(named)) throw new Skip("its claims need a key file");
  const key = await pemOf(minting);
  return withHarness(subject, false, async (harness) => {
    const how = { key: new Secret(key) };
    if (minting.use !== "bearer") return twice(harness, "jwt", how);
    const { record } = await harness.login("jwt", { credential: how });
    await checkJwt(minting, record.tokens?.accessToken.reveal() ?? "", "minting.jwt");
    insist(harness.issuer.calls.length === 0, "a token that is signed here is asked for");
    return "signed here, nobody is asked";
  });
}

/** One file of each kind that is declared, made up with the fields it needs. */
async function byKeyFile(subject: Subject): Promise<string> {
  const minting = mintingFor(subject, "jwt");
  const { files = [] } = minting;
  if (files.length === 0) throw new Skip("none are declared");
  for (const file of files) {
    const key = minting.sign === undefined ? "" : await pemOf(minting);
    await withHarness(subject, true, async (harness) => {
      const json: Body = { type: file.type };
      const path = `minting.jwt.files(${file.type})`;
      if (file.login === undefined) put(json, file.key ?? "key", key, path);
      for (const [name, at] of Object.entries(file.values ?? {})) put(json, at, `check-${name}`, path);
      if (file.endpoint !== undefined) put(json, file.endpoint, harness.issuer.endpoints.token, path);
      if (file.login !== undefined) {
        const grant = { scopes: [], flow: "browser", nonce: null, dead: false } as const;
        put(json, file.login.refreshToken, harness.issuer.grants.addRefresh(grant), path);
        put(json, file.login.clientId, harness.issuer.client.id, path);
        put(json, file.login.clientSecret, harness.issuer.client.secret, path);
      }
      const { record } = await harness.login("jwt", { credential: { key: new Secret(JSON.stringify(json)) } });
      insist(record.tokens !== null, `a file of the type ${file.type} brings no token`);
    });
  }
  return files.map(({ type }) => type).join(", ");
}

/** Logs in, then has a new token minted. */
async function twice(harness: Harness, flow: MintingFlow, credential: object = {}): Promise<string> {
  const stored = await harness.login(flow, { credential });
  const demand = { minTtl: 0, force: true, rejected: null, implicit: false };
  const outcome = await refreshConnection(harness.services, stored.ref, demand);
  if (outcome.kind === "failed") throw outcome.error;
  const [first, second] = [tokenOf(stored), tokenOf(outcome.stored)];
  const { grants } = harness.issuer;
  insist(grants.isLive(first.reveal()) && grants.isLive(second.reveal()), "what came isn't the provider's token");
  insist(!first.equals(second), "a second one isn't minted");
  return "a token, and a new one when it is due";
}

async function pemOf({ sign }: Minting): Promise<string> {
  if (sign === undefined) throw new Mismatch("minting.jwt.sign is missing");
  const { privateKey } = await keyFor(sign.algorithm);
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  return `-----BEGIN PRIVATE KEY-----\n${der.toBase64()}\n-----END PRIVATE KEY-----\n`;
}

/** Logins without a person, by each declared proof, with a throw-away key. */
import { tokenOf } from "../connections/outcome.ts";
import { Secret } from "../platform/secret.ts";
import type { Minting, MintingFlow } from "../providers/minting.ts";
import { type Body, put } from "./bodies.ts";
import { type CheckCase, insist, Mismatch, Skip, type Subject } from "./check.ts";
import { atIssuer, type Harness, withHarness } from "./harness.ts";
import { checkJwt, keyFor, SUBJECT_TOKEN } from "./minted.ts";

const FOREIGN = { subjectToken: { secret: new Secret(SUBJECT_TOKEN), source: null } };

export const MINTS: readonly CheckCase[] = [
  {
    name: "client-credentials: the client's secret",
    flow: "client-credentials",
    run: atIssuer((harness) => mintTwice(harness, "client-credentials"), true),
  },
  { name: "client-credentials: another issuer's token", flow: "client-credentials", run: atIssuer(byAssertion, false) },
  { name: "jwt: a private key", flow: "jwt", run: atIssuer(byKey, false) },
  { name: "jwt: key files", flow: "jwt", run: byKeyFiles },
  {
    name: "exchange: another issuer's token",
    flow: "exchange",
    run: atIssuer((harness) => mintTwice(harness, "exchange", FOREIGN), true),
  },
];

function mintingFor({ definition }: Subject, flow: MintingFlow): Minting {
  const minting = definition.minting?.[flow];
  if (minting === undefined) throw new Mismatch(`minting.${flow} is missing`);
  return minting;
}

async function byAssertion(harness: Harness): Promise<string> {
  if (mintingFor(harness, "client-credentials").audience === undefined) throw new Skip("no audience is declared");
  return mintTwice(harness, "client-credentials", FOREIGN);
}

/** A bare key is enough where no claim needs a field of a key file. */
async function byKey(harness: Harness): Promise<string> {
  const minting = mintingFor(harness, "jwt");
  const { use, sign, files } = minting;
  if (files !== undefined && /\{(email|keyId)\}/.test(JSON.stringify([sign?.claims, sign?.header])))
    throw new Skip("its claims need a key file");
  const credential = { key: new Secret(await pemOf(minting)) };
  if (use !== "bearer") return mintTwice(harness, "jwt", credential);
  const stored = await harness.login("jwt", { credential });
  await checkJwt(minting, tokenOf(stored).reveal(), "minting.jwt");
  insist(harness.issuer.calls.length === 0, "a request is sent for a token that is signed here");
  return "signed here, without a request";
}

/** A sample key file of each declared kind. */
async function byKeyFiles(subject: Subject): Promise<string> {
  const minting = mintingFor(subject, "jwt");
  const { files = [] } = minting;
  if (files.length === 0) throw new Skip("none are declared");
  const key = minting.sign === undefined ? "" : await pemOf(minting);
  for (const { type, key: keyPath = "key", values = {}, endpoint, login: stored } of files) {
    const path = `minting.jwt.files(${type})`;
    const run = async ({ issuer, login }: Harness): Promise<void> => {
      const json: Body = { type };
      for (const [name, at] of Object.entries(values)) put(json, at, `check-${name}`, path);
      if (endpoint !== undefined) put(json, endpoint, issuer.endpoints.token, path);
      if (stored === undefined) put(json, keyPath, key, path);
      else {
        const grant = { scopes: [], flow: "browser", nonce: null, dead: false } as const;
        put(json, stored.refreshToken, issuer.grants.addRefresh(grant), path);
        put(json, stored.clientId, issuer.client.id, path);
        put(json, stored.clientSecret, issuer.client.secret, path);
      }
      const { record } = await login("jwt", { credential: { key: new Secret(JSON.stringify(json)) } });
      insist(record.tokens !== null, `a file of the type ${type} brings no token`);
    };
    await withHarness(subject, run, true);
  }
  return files.map(({ type }) => type).join(", ");
}

/** Logs in, then has a new token minted. */
async function mintTwice(harness: Harness, flow: MintingFlow, credential: object = {}): Promise<string> {
  mintingFor(harness, flow);
  const first = await harness.login(flow, { credential });
  const second = await harness.refresh(first);
  insist(harness.isLive(first) && harness.isLive(second), "what came isn't the provider's token");
  insist(!tokenOf(first).equals(tokenOf(second)), "a second one isn't minted");
  return "a token, and a new one when it is due";
}

async function pemOf({ sign }: Minting): Promise<string> {
  if (sign === undefined) throw new Mismatch("minting.jwt.sign is missing");
  const { privateKey } = await keyFor(sign.algorithm);
  const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", privateKey));
  return `-----BEGIN PRIVATE KEY-----\n${der.toBase64()}\n-----END PRIVATE KEY-----\n`;
}

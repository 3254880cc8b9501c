/** Logins by every declared flow, their accounts, and their revocation. */
import { companionsOf } from "../connections/companions.ts";
import { logout } from "../connections/logout.ts";
import { tokenOf } from "../connections/outcome.ts";
import type { Stored } from "../connections/store.ts";
import { AuthError } from "../platform/errors.ts";
import { Secret } from "../platform/secret.ts";
import { flowsOf, scopesBeyond } from "../providers/flows.ts";
import type { Flow } from "../providers/schema.ts";
import { type CheckCase, errorOf, insist, Skip, type Subject } from "./check.ts";
import { pollCode } from "./device.ts";
import { atIssuer, type Harness, withHarness } from "./harness.ts";
import { sampleOf } from "./sample.ts";

export const LOGINS: readonly CheckCase[] = [
  { name: "login by device", flow: "device", run: atIssuer((harness) => loginWithin(harness, "device")) },
  { name: "device: waiting, slowing down, refusal, a code that ran out", flow: "device", run: deviceDecisions },
  { name: "login by browser", flow: "browser", run: atIssuer((harness) => loginWithin(harness, "browser")) },
  { name: "browser: refusal", flow: "browser", run: atIssuer(browserRefusal) },
  { name: "login by code", flow: "code", run: atIssuer(loginByCode) },
  { name: "login by token", flow: "token", run: atIssuer(loginByToken) },
  { name: "login without a secret", run: loginWithoutSecret },
  { name: "login with the client's key", run: (subject) => loginProvedBy(subject, "private_key_jwt", "key") },
  {
    name: "login with the client's certificate",
    run: (subject) => loginProvedBy(subject, "tls_client_auth", "certificate"),
  },
  { name: "account", run: atIssuer(accountIsKnown) },
  { name: "companions", run: atIssuer(companionsAreSent) },
  { name: "scopes", run: atIssuer(scopesAreGranted) },
  { name: "revocation", run: atIssuer(logoutRevokes) },
];

/** Any flow with a person, for cases that aren't about the flow. @throws Skip where there is none */
export function anyFlow({ definition }: Subject): "device" | "browser" {
  for (const { flow } of flowsOf(definition)) if (flow === "device" || flow === "browser") return flow;
  throw new Skip("no flow with a person");
}

async function loginWithin(harness: Harness, flow: "device" | "browser"): Promise<string> {
  const beyond = scopesBeyond(harness.definition, flow, harness.provider.dialect.scopes.default);
  insist(beyond.length === 0, `scopes.default has ${beyond.join(", ")}, which the flow '${flow}' can't ask for`);
  return works(harness, await harness.login(flow));
}

async function deviceDecisions(subject: Subject): Promise<string> {
  const [pending, slow, denied, expired] = await withHarness(subject, async ({ provider }) =>
    (["pending", "slow_down", "denied", "expired"] as const).map((means) => pollCode(provider.dialect, means)),
  );
  await withHarness(subject, async ({ issuer, pauses, login }) => {
    issuer.decisions = ["pending", ...(slow === undefined ? [] : ["slow_down" as const]), "pending"];
    await login("device");
    const [before = 0, , , after = 0] = pauses;
    insist(slow === undefined || after > before, `${slow} doesn't slow the polls down`);
  });
  for (const [decision, code, wanted] of [
    ["denied", denied, "access_denied"],
    ["expired", expired, "login_timeout"],
  ] as const)
    if (code !== undefined)
      await withHarness(subject, async ({ issuer, login }) => {
        issuer.decisions = [decision];
        const error = await errorOf(AuthError, login("device"), `${code} doesn't end the wait`);
        insist(error.code === wanted, `${code} is reported as ${error.code}`);
      });
  return [pending, slow, denied, expired].filter((code) => code !== undefined).join(", ");
}

async function browserRefusal({ login }: Harness): Promise<string> {
  const attempt = login("browser", { decision: "deny" });
  const error = await errorOf(AuthError, attempt, "access_denied in the browser's answer isn't taken for a refusal");
  insist(error.code === "access_denied", `access_denied in the browser's answer is reported as ${error.code}`);
  return "reported as one";
}

async function loginByCode(harness: Harness): Promise<string> {
  const { issuer, provider, settings } = harness;
  const given = settings.redirectUri ?? null;
  const redirectUri = given === null ? null : (provider.dialect.authorize.redirect.value ?? given);
  const scopes = provider.dialect.scopes.default;
  const grant = { scopes, flow: "code", nonce: null, redirectUri, dead: false } as const;
  const code = issuer.grants.addCode({ grant, redirectUri, challenge: null });
  return works(harness, await harness.login("code", { credential: { code: new Secret(code) } }));
}

/** A pasted token: accepted where the provider knows it, else refused. */
async function loginByToken({ issuer, provider, login }: Harness): Promise<string> {
  const pattern = provider.apiKey.pattern;
  const token = pattern === null ? issuer.grants.fresh("token") : sampleOf(pattern);
  insist(token !== null, `no key that matches ${pattern} could be made up`);
  issuer.grants.addAccess(null, token);
  const stored = await login("token", { token: new Secret(token) });
  insist(tokenOf(stored).reveal() === token, "another token is kept than was pasted");
  // A token for a single API isn't sent to the account endpoint.
  if (issuer.endpoints.userinfo === undefined || provider.dialect.account.from === "id_token")
    return "kept; there is no endpoint to ask whose it is";
  const unknown = new Secret(token.replace(/.$/, (last) => (last === "1" ? "2" : "1")));
  const why = "a token that the provider refuses is";
  const error = await errorOf(AuthError, login("token", { token: unknown }), `${why} taken`);
  insist(error.code === "token_rejected", `${why} reported as ${error.code}: ${error.message}`);
  return "kept; one that the provider doesn't know is refused";
}

/** Where a client may have no secret, it logs in without. */
function loginWithoutSecret(subject: Subject): Promise<string> {
  const { definition } = subject;
  const kind = definition.client?.kind ?? "either";
  if (kind !== "either") throw new Skip(`client.kind is ${kind}`);
  const choice = flowsOf(definition).find(
    ({ flow, when }) => (flow === "device" || flow === "browser") && when !== "secret",
  );
  if (choice === undefined) throw new Skip("no flow for a client without a secret");
  const run = async (harness: Harness): Promise<string> => {
    works(harness, await harness.login(choice.flow));
    return `by ${choice.flow}`;
  };
  return withHarness(subject, run, false);
}

/** RFC 7523 §2.2, RFC 8705 §2: for the first tokens and for the next. */
function loginProvedBy(
  subject: Subject,
  method: "private_key_jwt" | "tls_client_auth",
  proof: "key" | "certificate",
): Promise<string> {
  if (!subject.definition.client?.methods?.includes(method)) throw new Skip(`client.methods has no ${method}`);
  const run = async (harness: Harness): Promise<string> => {
    const flow = flowsOf(subject.definition).find((one) => PROVING.includes(one.flow))?.flow;
    if (flow === undefined) throw new Skip("no flow to try it with");
    const renewed = await harness.refresh(await harness.login(flow));
    insist(harness.isLive(renewed), `a refresh with the client's ${proof} brought no token`);
    if (flow === "client-credentials" || harness.issuer.endpoints.revocation === undefined)
      return `by ${flow}, and a refresh`;
    const { revoked } = await logout(harness.services, renewed, LOGOUT);
    insist(revoked === true && !harness.isLive(renewed), `a logout with the client's ${proof} revokes nothing`);
    return `by ${flow}, a refresh, and a logout`;
  };
  return withHarness(subject, run, proof);
}

const PROVING: readonly Flow[] = ["browser", "device", "client-credentials"];

async function accountIsKnown(harness: Harness): Promise<string> {
  const flow = anyFlow(harness);
  const { account, scopes } = harness.provider.dialect;
  const { from, id, label } = account;
  const { account: found } = (await harness.login(flow)).record;
  // The endpoint may be known only from the login.
  if (from === "userinfo" && harness.issuer.endpoints.userinfo === undefined)
    throw new Skip("nothing says whose a login is: there is no endpoints.userinfo");
  const why =
    from === "id_token" && !scopes.default.includes("openid")
      ? "an id_token comes only for the scope openid, which scopes.default lacks"
      : "look at account";
  insist(found !== null, `it isn't known who logged in: ${why}`);
  insist(id.length === 0 || Boolean(found.id), `account.id leads nowhere in what account.from names (${from})`);
  insist(label.length === 0 || Boolean(found.label), `account.label leads nowhere in ${from}`);
  return `${found.label ?? found.id}, by ${from}`;
}

/** The companions of a token, each from the login's data. */
async function companionsAreSent(harness: Harness): Promise<string> {
  const { dialect } = harness.provider;
  const names = Object.keys(dialect.companions);
  if (names.length === 0) throw new Skip("nothing goes along with a token");
  const { record } = await harness.login(anyFlow(harness));
  const headers = companionsOf(dialect, record).map(({ name }) => name);
  for (const name of names)
    insist(
      headers.includes(dialect.companions[name]?.header.split(":", 1)[0] ?? ""),
      `companions.${name} goes along with no token: its header lacks something, or no header can carry it`,
    );
  return headers.join(", ");
}

/** The requested scopes are reported as granted. */
async function scopesAreGranted(harness: Harness): Promise<string> {
  const { record } = await harness.login(anyFlow(harness));
  const { default: own, offline } = harness.provider.dialect.scopes;
  if (own.length === 0) throw new Skip("scopes.default is empty");
  const granted = record.tokens?.scopes ?? [];
  insist(
    own.every((scope) => granted.includes(scope)),
    `asked for ${own.join(", ")}, granted were ${granted.join(", ")}: look at scopes.separator and scopes.replySeparator`,
  );
  return offline === undefined ? granted.join(" ") : `${granted.join(" ")} (${offline} asks for a refresh token)`;
}

const LOGOUT = {
  keepSettings: false,
  interruption: new AbortController().signal,
  forgetClient: false,
  revoke: true,
};

async function logoutRevokes(harness: Harness): Promise<string> {
  const flow = anyFlow(harness);
  const stored = await harness.login(flow);
  if (harness.issuer.endpoints.revocation === undefined)
    throw new Skip("no endpoints.revocation: a logout only erases here");
  const { revoked } = await logout(harness.services, stored, LOGOUT);
  insist(revoked === true, `a logout isn't taken for one (${revoked})`);
  insist(!harness.isLive(stored), "the access token lives on after a logout");
  return harness.provider.dialect.revocation.endsGrant ? "ends the whole grant" : "ends the login";
}

function works(harness: Harness, stored: Stored): string {
  insist(harness.isLive(stored), "the login brought no token of the provider's");
  return stored.record.tokens?.refreshToken ? "with a refresh token" : "without a refresh token";
}

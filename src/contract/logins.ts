/** Logins by every declared flow, whose they are, and how they end at the provider. */

import { logout } from "../connections/logout.ts";
import { tokenOf } from "../connections/outcome.ts";
import type { Stored } from "../connections/store.ts";
import { Secret } from "../platform/secret.ts";
import { flowsOf, scopesBeyond } from "../providers/flows.ts";
import type { Flow } from "../providers/schema.ts";
import { codesOf } from "./bodies.ts";
import { type CheckCase, insist, refusalOf, Skip } from "./check.ts";
import { type Harness, type Subject, withHarness } from "./harness.ts";
import { LIFETIME } from "./issuer.ts";
import { sampleOf } from "./sample.ts";

export const LOGINS: readonly CheckCase[] = [
  { name: "login by device", flow: "device", run: byDevice },
  { name: "device: waiting, slowing down, refusal, a code that ran out", flow: "device", run: deviceDecisions },
  { name: "login by browser", flow: "browser", run: byBrowser },
  { name: "browser: refusal", flow: "browser", run: browserRefusal },
  { name: "login by code", flow: "code", run: byCode },
  { name: "login by token", flow: "token", run: byToken },
  { name: "login without a secret", run: withoutSecret },
  { name: "account", run: account },
  { name: "scopes", run: scopes },
  { name: "expiry", run: expiry },
  { name: "revocation", run: revocation },
];

/** Whether the client of a test has a secret: wherever it may have one. */
export function hasSecret({ definition }: Subject): boolean {
  return definition.client?.kind !== "public";
}

/** A flow that a person takes part in, for what isn't about the flow. */
export function anyFlow(subject: Subject): "device" | "browser" {
  const flows = flowsOf(subject.definition).map(({ flow }) => flow);
  const flow = flows.find((one) => one === "device" || one === "browser");
  if (flow === "device" || flow === "browser") return flow;
  throw new Skip("no flow with a person");
}

function byDevice(subject: Subject): Promise<string> {
  return withHarness(subject, hasSecret(subject), async (harness) => {
    refuseBeyond(harness, "device");
    const stored = await harness.login("device");
    return works(harness, stored);
  });
}

async function deviceDecisions(subject: Subject): Promise<string> {
  const { dialect } = await withHarness(subject, hasSecret(subject), async ({ provider }) => provider);
  const [slow, denied, expired] = (["slow_down", "denied", "expired"] as const).map((one) => codesOf(dialect, one)[0]);
  await withHarness(subject, hasSecret(subject), async (harness) => {
    harness.issuer.decisions = ["pending", ...(slow === undefined ? [] : ["slow_down" as const]), "pending"];
    await harness.login("device");
    const [before = 0, , , after = 0] = harness.pauses;
    insist(slow === undefined || after > before, `${slow} doesn't slow the polls down`);
  });
  for (const [decision, code] of [
    ["denied", denied],
    ["expired", expired],
  ] as const)
    await withHarness(subject, hasSecret(subject), async (harness) => {
      if (code === undefined) return;
      harness.issuer.decisions = [decision];
      const error = await refusalOf(harness.login("device"), `${code} doesn't end the wait`);
      const wanted = decision === "denied" ? "access_denied" : "login_timeout";
      insist(error.code === wanted, `${code} is told as ${error.code}`);
    });
  return [codesOf(dialect, "pending")[0], slow, denied, expired].filter((code) => code !== undefined).join(", ");
}

function byBrowser(subject: Subject): Promise<string> {
  return withHarness(subject, hasSecret(subject), async (harness) => {
    refuseBeyond(harness, "browser");
    return works(harness, await harness.login("browser"));
  });
}

function browserRefusal(subject: Subject): Promise<string> {
  return withHarness(subject, hasSecret(subject), async (harness) => {
    const attempt = harness.login("browser", { decision: "deny" });
    const error = await refusalOf(attempt, "access_denied in the browser's answer isn't taken for a refusal");
    insist(error.code === "access_denied", `access_denied in the browser's answer is told as ${error.code}`);
    return "told as one";
  });
}

function byCode(subject: Subject): Promise<string> {
  return withHarness(subject, hasSecret(subject), async (harness) => {
    const grant = { scopes: harness.provider.dialect.scopes.default, flow: "code", nonce: null, dead: false } as const;
    const redirectUri = harness.settings.redirectUri ?? null;
    const code = harness.issuer.grants.addCode({ grant, redirectUri, challenge: null });
    return works(harness, await harness.login("code", { credential: { code: new Secret(code) } }));
  });
}

/** A token made by hand: taken where the provider knows it, refused where it doesn't. */
function byToken(subject: Subject): Promise<string> {
  return withHarness(subject, hasSecret(subject), async (harness) => {
    const pattern = harness.provider.apiKey?.pattern ?? null;
    const token = pattern === null ? harness.issuer.grants.fresh("token") : sampleOf(pattern);
    insist(token !== null, `no key that matches ${pattern} could be made up`);
    harness.issuer.grants.addAccess(null, token ?? "");
    const stored = await harness.login("token", { token: new Secret(token ?? "") });
    insist(tokenOf(stored).reveal() === token, "another token is kept than was pasted");
    if (harness.issuer.endpoints.userinfo === undefined) return "kept; nobody can be asked whose it is";
    const stranger = harness.login("token", {
      token: new Secret(`${token}`.replace(/.$/, (last) => (last === "1" ? "2" : "1"))),
    });
    const error = await refusalOf(stranger, "a token that the provider refuses is taken");
    insist(
      error.code === "token_rejected",
      `a token that the provider refuses is told as ${error.code}: ${error.message}`,
    );
    return "kept; one that the provider doesn't know is refused";
  });
}

/** Where a client may have no secret, it logs in without. */
function withoutSecret(subject: Subject): Promise<string> {
  const { definition } = subject;
  const kind = definition.client?.kind ?? "either";
  if (kind !== "either") throw new Skip(`client.kind is ${kind}`);
  const flow = flowsOf(definition).find(
    ({ flow, when }) => (flow === "device" || flow === "browser") && when !== "secret",
  );
  if (flow === undefined) throw new Skip("no flow for a client without a secret");
  return withHarness(subject, false, async (harness) => {
    const stored = await harness.login(flow.flow);
    insist(harness.issuer.grants.isLive(tokenOf(stored).reveal()), "the login brought no token");
    return `by ${flow.flow}`;
  });
}

function account(subject: Subject): Promise<string> {
  const flow = anyFlow(subject);
  return withHarness(subject, hasSecret(subject), async (harness) => {
    const { dialect } = harness.provider;
    const { from, id, label } = dialect.account;
    const asks = harness.issuer.endpoints.userinfo !== undefined;
    if (from === "userinfo" && !asks) throw new Skip("nothing says whose a login is: there is no endpoints.userinfo");
    const { record } = await harness.login(flow);
    const openid = from === "id_token" && !harness.provider.dialect.scopes.default.includes("openid");
    const why = openid ? "an id_token comes only for the scope openid, which scopes.default lacks" : "look at account";
    insist(record.account !== null, `nobody is known to have logged in: ${why}`);
    insist(
      id.length === 0 || Boolean(record.account?.id),
      `account.id leads nowhere in what account.from names (${from})`,
    );
    insist(label.length === 0 || Boolean(record.account?.label), `account.label leads nowhere in ${from}`);
    return `${record.account?.label ?? record.account?.id}, by ${from}`;
  });
}

/** Those that were asked for come back as those that were granted. */
function scopes(subject: Subject): Promise<string> {
  const flow = anyFlow(subject);
  return withHarness(subject, hasSecret(subject), async (harness) => {
    const { record } = await harness.login(flow);
    const { default: own, offline } = harness.provider.dialect.scopes;
    if (own.length === 0) throw new Skip("scopes.default is empty");
    const granted = record.tokens?.scopes ?? [];
    const lost = own.filter((scope) => !granted.includes(scope));
    insist(
      lost.length === 0,
      `asked for ${own.join(", ")}, granted were ${granted.join(", ")}: look at scopes.separator and scopes.replySeparator`,
    );
    return offline === undefined ? granted.join(" ") : `${granted.join(" ")} (${offline} asks for a refresh token)`;
  });
}

async function expiry(subject: Subject): Promise<string> {
  const flow = anyFlow(subject);
  const left = async (silent: boolean): Promise<{ seconds: number | null; harness: Harness }> =>
    withHarness(subject, hasSecret(subject), async (harness) => {
      harness.issuer.silentAboutExpiry = silent;
      const { tokens } = (await harness.login(flow)).record;
      const seconds = tokens?.expiresAt == null ? null : Math.round((tokens.expiresAt - tokens.obtainedAt) / 1000);
      return { seconds, harness };
    });
  const { seconds, harness } = await left(false);
  const { path, unit, absent } = harness.provider.dialect.reply.expiry;
  insist(
    seconds !== null && Math.abs(seconds - LIFETIME) <= 5,
    `an hour in ${path} (${unit}) is read as ${seconds ?? "unknown"}`,
  );
  const silent = (await left(true)).seconds;
  insist(
    silent === (absent === "never" ? null : absent),
    `without ${path} a token lives ${silent ?? "an unknown time"}`,
  );
  return `${path} in ${unit}; absent: ${absent}`;
}

function revocation(subject: Subject): Promise<string> {
  const flow = anyFlow(subject);
  return withHarness(subject, hasSecret(subject), async (harness) => {
    if (harness.issuer.endpoints.revocation === undefined)
      throw new Skip("no endpoints.revocation: a logout only erases here");
    const stored = await harness.login(flow);
    const { revoked } = await logout(harness.services, stored, {
      keepSettings: false,
      interruption: new AbortController().signal,
      forgetClient: false,
      revoke: true,
    });
    insist(revoked === true, `a logout isn't taken for one (${revoked})`);
    insist(!harness.issuer.grants.isLive(tokenOf(stored).reveal()), "the access token lives on after a logout");
    return harness.provider.dialect.revocation.endsGrant ? "ends the whole grant" : "ends the login";
  });
}

function refuseBeyond({ definition, provider }: Harness, flow: Flow): void {
  const beyond = scopesBeyond(definition, flow, provider.dialect.scopes.default);
  insist(beyond.length === 0, `scopes.default has ${beyond.join(", ")}, which the flow '${flow}' can't ask for`);
}

function works(harness: Harness, stored: Stored): string {
  insist(harness.issuer.grants.isLive(tokenOf(stored).reveal()), "the login brought no token of the provider's");
  const { tokens } = stored.record;
  return tokens?.refreshToken ? "with a refresh token" : "without a refresh token";
}

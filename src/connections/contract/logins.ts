/** Logins by every declared flow, whose they are, and how they end at the provider. */
import { Secret } from "../../platform/secret.ts";
import { flowsOf, scopesBeyond } from "../../providers/flows.ts";
import type { Flow } from "../../providers/schema.ts";
import { logout } from "../logout.ts";
import { tokenOf } from "../outcome.ts";
import type { Stored } from "../store.ts";
import { codesOf } from "./bodies.ts";
import { insist, refusalOf, Skip, type Trial } from "./check.ts";
import { LIFETIME } from "./issuer.ts";
import { sampleOf } from "./sample.ts";
import { onStage, type Stage, type Subject } from "./stage.ts";

export const LOGINS: readonly Trial[] = [
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
  return onStage(subject, hasSecret(subject), async (stage) => {
    refuseBeyond(stage, "device");
    const stored = await stage.login("device");
    return works(stage, stored);
  });
}

async function deviceDecisions(subject: Subject): Promise<string> {
  const { dialect } = await onStage(subject, hasSecret(subject), async ({ provider }) => provider);
  const [slow, denied, expired] = (["slow_down", "denied", "expired"] as const).map((one) => codesOf(dialect, one)[0]);
  await onStage(subject, hasSecret(subject), async (stage) => {
    stage.issuer.decisions = ["pending", ...(slow === undefined ? [] : ["slow_down" as const]), "pending"];
    await stage.login("device");
    const [before = 0, , , after = 0] = stage.pauses;
    insist(slow === undefined || after > before, `${slow} doesn't slow the polls down`);
  });
  for (const [decision, code] of [
    ["denied", denied],
    ["expired", expired],
  ] as const)
    await onStage(subject, hasSecret(subject), async (stage) => {
      if (code === undefined) return;
      stage.issuer.decisions = [decision];
      const error = await refusalOf(stage.login("device"), `${code} doesn't end the wait`);
      const wanted = decision === "denied" ? "access_denied" : "login_timeout";
      insist(error.code === wanted, `${code} is told as ${error.code}`);
    });
  return [codesOf(dialect, "pending")[0], slow, denied, expired].filter((code) => code !== undefined).join(", ");
}

function byBrowser(subject: Subject): Promise<string> {
  return onStage(subject, hasSecret(subject), async (stage) => {
    refuseBeyond(stage, "browser");
    return works(stage, await stage.login("browser"));
  });
}

function browserRefusal(subject: Subject): Promise<string> {
  return onStage(subject, hasSecret(subject), async (stage) => {
    const attempt = stage.login("browser", { decision: "deny" });
    const error = await refusalOf(attempt, "access_denied in the browser's answer isn't taken for a refusal");
    insist(error.code === "access_denied", `access_denied in the browser's answer is told as ${error.code}`);
    return "told as one";
  });
}

function byCode(subject: Subject): Promise<string> {
  return onStage(subject, hasSecret(subject), async (stage) => {
    const grant = { scopes: stage.provider.dialect.scopes.default, flow: "code", nonce: null, dead: false } as const;
    const redirectUri = stage.settings.redirectUri ?? null;
    const code = stage.issuer.grants.addCode({ grant, redirectUri, challenge: null });
    return works(stage, await stage.login("code", { credential: { code: new Secret(code) } }));
  });
}

/** A token made by hand: taken where the provider knows it, refused where it doesn't. */
function byToken(subject: Subject): Promise<string> {
  return onStage(subject, hasSecret(subject), async (stage) => {
    const pattern = stage.provider.apiKey?.pattern ?? null;
    const token = pattern === null ? stage.issuer.grants.fresh("token") : sampleOf(pattern);
    insist(token !== null, `no key that matches ${pattern} could be made up`);
    stage.issuer.grants.addAccess(null, token ?? "");
    const stored = await stage.login("token", { token: new Secret(token ?? "") });
    insist(tokenOf(stored).reveal() === token, "another token is kept than was pasted");
    if (stage.issuer.endpoints.userinfo === undefined) return "kept; nobody can be asked whose it is";
    const stranger = stage.login("token", {
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
  return onStage(subject, false, async (stage) => {
    const stored = await stage.login(flow.flow);
    insist(stage.issuer.grants.isLive(tokenOf(stored).reveal()), "the login brought no token");
    return `by ${flow.flow}`;
  });
}

function account(subject: Subject): Promise<string> {
  const flow = anyFlow(subject);
  return onStage(subject, hasSecret(subject), async (stage) => {
    const { dialect } = stage.provider;
    const { from, id, label } = dialect.account;
    const asks = stage.issuer.endpoints.userinfo !== undefined;
    if (from === "userinfo" && !asks) throw new Skip("nothing says whose a login is: there is no endpoints.userinfo");
    const { record } = await stage.login(flow);
    const openid = from === "id_token" && !stage.provider.dialect.scopes.default.includes("openid");
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
  return onStage(subject, hasSecret(subject), async (stage) => {
    const { record } = await stage.login(flow);
    const { default: own, offline } = stage.provider.dialect.scopes;
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
  const left = async (silent: boolean): Promise<{ seconds: number | null; stage: Stage }> =>
    onStage(subject, hasSecret(subject), async (stage) => {
      stage.issuer.silentAboutExpiry = silent;
      const { tokens } = (await stage.login(flow)).record;
      const seconds = tokens?.expiresAt == null ? null : Math.round((tokens.expiresAt - tokens.obtainedAt) / 1000);
      return { seconds, stage };
    });
  const { seconds, stage } = await left(false);
  const { path, unit, absent } = stage.provider.dialect.reply.expiry;
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
  return onStage(subject, hasSecret(subject), async (stage) => {
    if (stage.issuer.endpoints.revocation === undefined)
      throw new Skip("no endpoints.revocation: a logout only erases here");
    const stored = await stage.login(flow);
    const { revoked } = await logout(stage.services, stored, {
      keepSettings: false,
      interruption: new AbortController().signal,
      forgetClient: false,
      revoke: true,
    });
    insist(revoked === true, `a logout isn't taken for one (${revoked})`);
    insist(!stage.issuer.grants.isLive(tokenOf(stored).reveal()), "the access token lives on after a logout");
    return stage.provider.dialect.revocation.endsGrant ? "ends the whole grant" : "ends the login";
  });
}

function refuseBeyond({ definition, provider }: Stage, flow: Flow): void {
  const beyond = scopesBeyond(definition, flow, provider.dialect.scopes.default);
  insist(beyond.length === 0, `scopes.default has ${beyond.join(", ")}, which the flow '${flow}' can't ask for`);
}

function works(stage: Stage, stored: Stored): string {
  insist(stage.issuer.grants.isLive(tokenOf(stored).reveal()), "the login brought no token of the provider's");
  const { tokens } = stored.record;
  return tokens?.refreshToken ? "with a refresh token" : "without a refresh token";
}

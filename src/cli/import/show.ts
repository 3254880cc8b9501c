/** Shows a find and its plan to a person, or as JSON. Never a secret. */
import { display } from "../../connections/ref.ts";
import { duration, iso } from "../../connections/view.ts";
import type { FoundAt, Looked } from "../../import/look.ts";
import type { Credential } from "../../import/source.ts";
import type { Planned } from "./plan.ts";

const KINDS: Readonly<Record<Credential["kind"], string>> = {
  login: "login",
  "access token": "access token",
  key: "token or key",
  "key file": "key file",
};

export const HEADING = ["SOURCE", "ACCOUNT", "WHAT", "ENDS", "BECOMES", "PLACE"];

export function rowOf({ found, ref, action, reason }: Planned, now: number): string[] {
  const { source, account, path } = found;
  const becomes =
    ref === null || action === "leave"
      ? `stays: ${reason ?? ""}`
      : `${display(ref)}${action === "held" ? " (is here already)" : ""}`;
  return [source.id, account ?? whose(found), kindOf(found), endsOf(found, now), becomes, path];
}

/** Where an account isn't named: the host, variable or server. */
function whose({ target }: FoundAt): string {
  if (target.by === "host") return target.host;
  if (target.by === "variable") return target.variable;
  return target.by === "server" ? target.url : "";
}

function kindOf({ credential }: FoundAt): string {
  return kindWords(credential?.kind ?? null);
}

export function kindWords(kind: Credential["kind"] | null): string {
  return kind === null ? "" : KINDS[kind];
}

/** What is imported: only the access token of a copied login. */
export function takenKind({ found: { credential }, action }: Planned): Credential["kind"] | null {
  return action === "copy" && credential?.kind === "login" ? "access token" : (credential?.kind ?? null);
}

function endsOf({ credential }: FoundAt, now: number): string {
  const end = credential?.expiresAt;
  if (end === undefined) return "";
  if (end > now) return `in ${duration(end - now)}`;
  return credential?.refreshToken === undefined ? "over" : "renewed when used";
}

/** A line of the plan: `access token of octocat in ~/.config/gh/hosts.yml is copied to github:octocat`. */
export function planLine(planned: Planned): string {
  const { found, ref, action, reason } = planned;
  const who = found.account ?? whose(found);
  const what = `${kindOf(found) || (found.target.by === "variable" ? "secret" : "login")}${who === "" ? "" : ` of ${who}`} in ${found.path}`;
  if (ref === null || action === "leave") return `${what} stays: ${reason ?? "it can't be taken"}.`;
  return `${what} ${whatHappens(planned)} ${display(ref)}${reason === null ? "" : ` (${reason})`}`;
}

function whatHappens({ action, goes }: Planned): string {
  if (action === "held") return "is here already:";
  if (action === "remove") return "is taken out there, since it is here already:";
  return goes ? "moves to" : "is copied to";
}

export function entryOf({ found, ref, action, goes, reason }: Planned) {
  const { source, account, path, credential, target } = found;
  return {
    source: source.id,
    account,
    host: target.by === "host" ? target.host : target.by === "server" ? (URL.parse(target.url)?.host ?? null) : null,
    variable: target.by === "variable" ? target.variable : null,
    kind: credential?.kind ?? null,
    refreshable: credential?.refreshToken !== undefined,
    expiresAt: credential?.expiresAt === undefined ? null : iso(credential.expiresAt),
    connection: ref === null ? null : display(ref),
    action,
    moves: goes,
    reason,
    place: path,
  };
}

export function refusedEntries(looked: readonly Looked[]) {
  return looked.flatMap(({ source, refused }) =>
    refused.map(({ path, error }) => ({
      source: source.id,
      place: path,
      reason: error.message,
      hint: error.hint ?? null,
    })),
  );
}

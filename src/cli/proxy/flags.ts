/** The rule flags of `auth proxy` and `run --proxy`. `run` always loads this file: it imports nothing heavy. */
import { usage } from "../../platform/errors.ts";
import { addressFault, originOf } from "../../platform/url.ts";
import { type Args, list } from "../command.ts";
import type { ProxySettings } from "./prepare.ts";

export const RULES = {
  allow: {
    type: "string",
    valueHint: "METHOD path",
    repeatable: true,
    description: "Only these requests get a token: 'GET /repos/*'; may be repeated",
  },
  deny: {
    type: "string",
    valueHint: "METHOD path",
    repeatable: true,
    description: "These get none: '* /admin/*'; goes before --allow; may be repeated",
  },
  "read-only": { type: "boolean", description: "Only GET, HEAD and OPTIONS, and what git fetches with" },
  strict: { type: "boolean", description: "Nothing but the connections' own APIs is reached through the proxy" },
  origin: {
    type: "string",
    valueHint: "url",
    repeatable: true,
    description: "Another place to which the token of the one connection may go; may be repeated",
  },
} as const satisfies Args;

/** What the flags of `RULES` say. @throws AuthError `usage` */
export function settingsOf(args: RuleArgs): Pick<ProxySettings, "rules" | "strict" | "also"> {
  return {
    also: list(args.origin).map(checkedOrigin),
    strict: args.strict ?? false,
    rules: { allow: list(args.allow), deny: list(args.deny), readOnly: args["read-only"] ?? false },
  };
}

export interface RuleArgs {
  readonly allow?: string | undefined;
  readonly deny?: string | undefined;
  readonly origin?: string | undefined;
  readonly strict?: boolean | undefined;
  readonly "read-only"?: boolean | undefined;
}

/** `--origin`. @throws AuthError `usage` */
export function checkedOrigin(given: string): string {
  const fault = addressFault(given);
  if (fault !== null) throw usage(`The origin ${fault}.`, "For example: --origin https://api.example");
  return originOf(given);
}

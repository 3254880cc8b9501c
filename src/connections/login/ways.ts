/** How to log in at a provider that wants a client, for someone who has none: what asks for least comes first. */
import { flowsOf } from "../../providers/flows.ts";
import { keyPage, layVariant, type ResolvedProvider } from "../../providers/resolve.ts";
import type { LoginRequest } from "./request.ts";

export interface Ways {
  /** By which another tool prints a token that it has: `gh auth token`. */
  readonly command: string | null;
  /** A token made by hand, and the page for it. null: the provider takes none. */
  readonly token: { readonly page: string | null } | null;
}

export function waysWithoutClient({ definition, settings }: ResolvedProvider, request: LoginRequest): Ways {
  if (!flowsOf(definition).some(({ flow }) => flow === "token")) return { command: null, token: null };
  const described = layVariant(definition, settings);
  const scopes = request.scopes ?? definition.scopes?.default ?? [];
  // Another tool's command speaks of the host that it takes for the default.
  const elsewhere = Object.entries(definition.settings ?? {}).some(
    ([name, setting]) => setting.kind === "host" && settings[name] !== setting.default,
  );
  return {
    command: elsewhere ? null : (described.apiKey?.command ?? null),
    token: { page: keyPage(described, settings, scopes) },
  };
}

/** Lines of a hint. @param paste the command that takes a token @param app how to use an app of one's own, its command last */
export function waysInWords({ command, token }: Ways, paste: string, app: readonly string[]): string[] {
  if (token === null) return [...app];
  // Where no page says how a token is made it is for the few who have one.
  const ways: (readonly string[])[] = [
    ...(command === null ? [] : [["The login that another tool has:", `${command} | ${paste}`]]),
    ...(token.page === null ? [] : [[`A token, made at ${token.page}`, paste]]),
    ["An app of your own:", ...app],
    ...(token.page === null ? [["A token that you have already:", paste]] : []),
  ];
  return ways.flatMap(([title, ...lines], i) => [`${i + 1}. ${title}`, ...lines.map((line) => `   ${line}`)]);
}

/** What a connection's settings make of the texts that a dialect sends along. `{token}` is filled in by who sends it. */
import type { Dialect } from "./defaults.ts";
import { fill, type Values } from "./template.ts";

/** One whose setting has no value is left out. */
export function fillDialect(dialect: Dialect, settings: Values): Dialect {
  const { authorize, request, refresh } = dialect;
  return {
    ...dialect,
    header: fill(dialect.header, { ...settings, token: "{token}", basic: "{basic}" }) ?? dialect.header,
    ...(dialect.basic !== undefined && {
      basic: fill(dialect.basic, { ...settings, token: "{token}" }) ?? dialect.basic,
    }),
    authorize: {
      ...authorize,
      parameters: filled(authorize.parameters, settings),
      offlineParameters: filled(authorize.offlineParameters, settings),
    },
    refresh: {
      ...refresh,
      ...(refresh.request?.headers && {
        request: { ...refresh.request, headers: filled(refresh.request.headers, settings) },
      }),
    },
    request: {
      ...request,
      headers: filled(request.headers, settings),
      tokenParameters: filled(request.tokenParameters, settings),
      refreshParameters: filled(request.refreshParameters, settings),
    },
  };
}

function filled(templates: Values, settings: Values): Record<string, string> {
  const all = Object.entries(templates).map(([name, template]) => [name, fill(template, settings)] as const);
  return Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== null));
}

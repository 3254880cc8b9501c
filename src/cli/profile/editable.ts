/**
 * A connection's settings as `key=value`. Editing a field that pins where tokens go sets them aside, unused,
 * until a login or until the edit is undone (RULES.md 3.1).
 */
import type { Connection } from "../../connections/record.ts";
import { usage } from "../../platform/errors.ts";
import { parseEndpoints } from "../../providers/overrides.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { address, flowOf } from "../login-flags.ts";

export type Editable = Record<string, string>;

/** Besides the provider's own settings, and `endpoint.<name>`. */
export const EDITABLE = ["scopes", "flow", "clientId", "issuer"] as const;

export function editable(record: Connection, definition: ProviderDefinition): Editable {
  const known = Object.keys(definition.settings ?? {});
  return {
    ...Object.fromEntries(Object.entries(record.settings).filter(([name]) => known.includes(name))),
    ...(record.scopes === null ? {} : { scopes: record.scopes.join(" ") }),
    ...(record.flow === null ? {} : { flow: record.flow }),
    ...(record.clientId === null ? {} : { clientId: record.clientId }),
    ...(record.issuer === null ? {} : { issuer: record.issuer }),
    ...Object.fromEntries(Object.entries(record.endpoints).map(([name, url]) => [`endpoint.${name}`, url])),
  };
}

export function withEditable(record: Connection, definition: ProviderDefinition, values: Editable): Connection {
  if (values.issuer === "" || values.clientId === "") throw usage("An empty value is given as --unset.");
  const known = Object.keys(definition.settings ?? {});
  const endpoints = Object.entries(values).filter(([key]) => key.startsWith("endpoint."));
  const next: Connection = {
    ...record,
    settings: Object.fromEntries(Object.entries(values).filter(([key]) => known.includes(key))),
    scopes: values.scopes === undefined ? null : values.scopes.split(/[\s,]+/).filter((scope) => scope !== ""),
    flow: flowOf(values.flow),
    clientId: values.clientId ?? null,
    issuer: address(values.issuer, "issuer"),
    endpoints: {
      ...parseEndpoints(endpoints.map(([key, url]) => `${key.slice("endpoint.".length)}=${url}`)),
    } as Record<string, string>,
  };
  return { ...next, ...pinnedAfter(record, next) };
}

/** The pinned fields go with the settings they were made from; they come back when those do. */
function pinnedAfter(before: Connection, after: Connection): Pick<Connection, "pinned" | "aside"> {
  const of = ({ settings, clientId, issuer, endpoints }: Connection): string =>
    JSON.stringify([Object.entries(settings).sort(), clientId, issuer, Object.entries(endpoints).sort()]);
  const mark = of(after);
  if (before.pinned !== null)
    return of(before) === mark
      ? { pinned: before.pinned, aside: before.aside }
      : { pinned: null, aside: { madeFrom: of(before), pinned: before.pinned } };
  return before.aside?.madeFrom === mark
    ? { pinned: before.aside.pinned, aside: null }
    : { pinned: null, aside: before.aside };
}

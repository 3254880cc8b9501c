/**
 * What an edit of a connection's settings does to its tokens (RULES.md 3.1), for every setting of every provider: only an
 * edit that changes where tokens go, or whose client's they are, sets them aside; undoing it brings them back.
 */
import { describe, expect, test } from "bun:test";
import { catalog } from "../../providers/catalog/index.ts";
import { chosenBy, type Editable, editable } from "../../src/cli/profile/editable.ts";
import { access } from "../../src/connections/access.ts";
import { settingsChanged, withSettings } from "../../src/connections/pin.ts";
import { type Connection, encodeRecord, newConnection } from "../../src/connections/record.ts";
import { stateOf } from "../../src/connections/status.ts";
import { Secret } from "../../src/platform/secret.ts";
import { flowsOf } from "../../src/providers/flows.ts";
import { applyOverrides } from "../../src/providers/overrides.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { checkSetting, type Setting } from "../../src/providers/settings.ts";
import { definitions as builtIns } from "../providers/builtin.ts";
import { REQUIRED } from "../providers/required-settings.ts";
import { MemoryVault } from "./memory-vault.ts";
import { pinnedTo, putRecord, START, servicesOf, tokensOf } from "./support.ts";

const NOW = START;
const definitions = [
  ...builtIns,
  ...(await Promise.all(Object.values(catalog).map(async (load) => (await load()).default))),
];

/** What a login with these settings pins, by the code that plans one. */
function pins(definition: ProviderDefinition, record: Pick<Connection, "settings" | "issuer" | "endpoints">) {
  const resolved = resolveProvider(definition, record.settings);
  const { origins, endpoints, issuer, resource, environment } = applyOverrides(resolved, {
    endpoints: record.endpoints,
  });
  const handedOver = Object.entries(environment.write).filter(([, value]) => value !== "{token}");
  return { origins: [...origins].sort(), endpoints, issuer: record.issuer ?? issuer, resource, handedOver };
}

function loggedIn(definition: ProviderDefinition, kind: Connection["kind"]): Connection {
  const { settings } = resolveProvider(definition, REQUIRED[definition.id] ?? {});
  const { origins, endpoints, issuer } = pins(definition, { settings, issuer: null, endpoints: {} });
  const flow = flowsOf(definition)[0]?.flow ?? null;
  return {
    ...newConnection(definition.id, "work", NOW),
    settings,
    flow,
    kind,
    clientId: kind === "oauth" ? "client" : null,
    pinned: pinnedTo({
      origins,
      endpoints,
      issuer,
      clientId: kind === "oauth" ? "client" : null,
      madeFrom: { settings, issuer: null, endpoints: {}, flow },
    }),
    tokens: tokensOf({ accessToken: new Secret("the-token"), obtainedAt: NOW, refreshToken: null }),
  };
}

/** Values that the setting takes, other than the one it has; undefined: unset. */
function otherValues(setting: Setting, held: string | undefined): (string | undefined)[] {
  const tried = [
    ...(setting.choices ?? []),
    ...["other.example", "https://other.example/x", "other", "OTHER_TOKEN", "X-Key: {token}", "7", "2026-01-01"],
    ...(held === undefined ? [] : [`${held}x`, `x${held}`, held.replace(/[a-z0-9]/, "b"), held.replace(/[0-9]/, "8")]),
    ...[
      "eu",
      "org-1",
      "ABCDEFGHIJ",
      "SCWYYYYYYYYYYYYYYYYY",
      "a".repeat(32),
      `AC${"a".repeat(32)}`,
      "11111111-2222-4333-8444-555555555555",
      "acme.pipedrive.com",
    ],
  ];
  const taken = tried.filter((value) => {
    const checked = checkSetting(setting, value);
    return "value" in checked && checked.value === value && value !== held;
  });
  return [...new Set(taken), ...(held !== undefined && !setting.required ? [undefined] : [])];
}

/** Single edits, as `profile edit` takes them. */
function* editsOf(definition: ProviderDefinition, record: Connection): Generator<Editable> {
  for (const [name, setting] of Object.entries(definition.settings ?? {}))
    for (const value of otherValues(setting, record.settings[name])) yield { [name]: value ?? "" };
  for (const { flow } of flowsOf(definition)) yield { flow };
  yield { scopes: "some thing" };
  yield { clientId: "another" };
  yield { clientId: "" };
  if (definition.settings?.issuer === undefined) yield { issuer: "https://issuer.other.example" };
  for (const [name, url] of Object.entries(record.pinned?.endpoints ?? {})) {
    yield { [`endpoint.${name}`]: `${url}-other` };
    yield { [`endpoint.${name}`]: "https://other.example/path" };
  }
}

function apply(definition: ProviderDefinition, record: Connection, edit: Editable): Connection {
  const values = { ...editable(record, definition), ...edit };
  for (const [key, value] of Object.entries(values)) if (value === "") delete values[key];
  return withSettings(definition, record, chosenBy(values, definition));
}

/** Back to what was there, as a person would: by the values that were shown before. */
function restore(definition: ProviderDefinition, record: Connection, before: Connection): Connection {
  return withSettings(definition, record, chosenBy(editable(before, definition), definition));
}

async function tokenOf(definition: ProviderDefinition, record: Connection): Promise<string | null> {
  const vault = new MemoryVault();
  await putRecord(vault, record);
  const services = servicesOf(vault, definition);
  const options = { minTtl: 0, mustAgree: false };
  try {
    const { stored } = await access(services, { provider: definition.id, name: "work" }, options);
    return stored.record.tokens?.accessToken.reveal() ?? null;
  } catch (error) {
    expect(error).toMatchObject({ code: "login_required", message: settingsChanged(record).message });
    return null;
  }
}

const plain = (record: Connection): unknown => JSON.parse(encodeRecord(record));

for (const definition of definitions)
  describe(definition.id, () => {
    const kinds: Connection["kind"][] = flowsOf(definition).every(({ flow }) => flow === "token")
      ? ["api-key"]
      : ["oauth", ...(flowsOf(definition).some(({ flow }) => flow === "token") ? (["token"] as const) : [])];

    test("every setting can be edited to something else", () => {
      const { settings } = loggedIn(definition, "oauth");
      for (const [name, setting] of Object.entries(definition.settings ?? {}))
        expect({ name, values: otherValues(setting, settings[name]) }).not.toEqual({ name, values: [] });
    });

    for (const kind of kinds)
      test(`${kind}: the tokens are used as long as what they are pinned to is the same, and again after an undo`, async () => {
        const before = loggedIn(definition, kind);
        const { pinned } = before;
        const held = pins(definition, before);
        expect(await tokenOf(definition, before)).toBe("the-token");
        let previous: Editable = {};
        for (const edit of editsOf(definition, before)) {
          const after = apply(definition, before, edit);
          const now = pins(definition, after);
          const same =
            (after.clientId === null || pinned?.clientId === null || after.clientId === pinned?.clientId) &&
            JSON.stringify([now.origins, now.issuer, now.resource, now.handedOver]) ===
              JSON.stringify([held.origins, held.issuer, held.resource, held.handedOver]) &&
            Object.entries(held.endpoints).every(([name, url]) => url === now.endpoints[name as "token"]);
          const token = await tokenOf(definition, after);
          expect({ edit, token }).toEqual({ edit, token: same ? "the-token" : null });
          expect({ edit, reason: stateOf(after, NOW).reason }).toEqual({
            edit,
            reason: same ? null : "settings_changed",
          });
          expect({ edit, record: plain(restore(definition, after, before)) }).toEqual({ edit, record: plain(before) });
          // Several edits, one upon the other, are undone as one.
          const both = apply(definition, after, previous);
          expect(plain(restore(definition, both, before))).toEqual(plain(before));
          previous = edit;
        }
      });
  });

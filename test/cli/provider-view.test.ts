/** What is shown of a provider before it is added: a host that the provider itself names is shown with its bounds. */
import { expect, test } from "bun:test";
import { described, inWords } from "../../src/cli/provider/view.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";

test("where tokens can go when the provider says the host, and where it says it", () => {
  const definition: ProviderDefinition = {
    id: "acme",
    title: "Acme",
    settings: {
      accounts: {
        title: "Accounts",
        kind: "host",
        default: "a.acme.example",
        choices: ["a.acme.example", "a.acme.test"],
        from: { answer: "accounts-server", reply: "accounts" },
      },
      api: { title: "API", kind: "host", pattern: "[a-z]+\\.acme\\.example", from: { reply: "api_domain" } },
      label: { title: "Label", pattern: "[a-z]+", from: { reply: "label" } },
      own: { title: "Own", kind: "host", pattern: "[a-z]+\\.acme\\.example" },
    },
    endpoints: { authorization: "https://{accounts}/authorize", token: "https://{accounts}/token" },
    origins: ["https://{api}", "https://{own}", "https://{label}.{own}"],
    flows: ["browser"],
  };
  const view = { id: "acme", origin: "file" as const, source: null, replaces: false, ...described(definition) };
  const text = inWords(view).join("\n");
  expect(text).toContain("https://{api} (as the provider says; api: [a-z]+\\.acme\\.example)");
  expect(text).toContain("https://{own} (any host)");
  // Attack: a part that the provider says is no less its word than a whole.
  expect(text).toContain("https://{label}.{own} (as the provider says; label: [a-z]+)");
  expect(text).toContain("https://{accounts} (as the provider says; accounts: a.acme.example, a.acme.test)");
  expect(text).toContain(
    "Setting accounts: Accounts (--accounts; a.acme.example; one of a.acme.example, a.acme.test; the provider says it in the browser's answer (accounts-server) and in the token reply (accounts))",
  );
  expect(text).toContain("Setting api: API (--api; optional; the provider says it in the token reply (api_domain))");
  expect(view.settings[1]).toMatchObject({ pattern: "[a-z]+\\.acme\\.example", from: { reply: "api_domain" } });
});

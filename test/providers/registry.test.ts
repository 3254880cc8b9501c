import { expect, test } from "bun:test";
import { builtIn } from "../../providers/index.ts";
import { AuthError } from "../../src/platform/errors.ts";
import { isProviderId } from "../../src/providers/names.ts";
import { createRegistry } from "../../src/providers/registry.ts";
import { definitions, registry } from "./builtin.ts";

test("the built-in providers are those promised, in the order people are offered them", async () => {
  expect(await registry.ids()).toEqual([
    "github",
    "google",
    "sentry",
    "sentry-app",
    "entra",
    "azure-devops",
    "appstoreconnect",
    "oidc",
    "mcp",
    "apikey",
  ]);
});

test("each provider is registered under its own id", async () => {
  expect(definitions.map(({ id }) => id)).toEqual(await registry.ids());
});

test("a description is read only when someone asks for it, and then once", async () => {
  const reads: string[] = [];
  const counted = Object.fromEntries(
    Object.entries(builtIn).map(([id, load]) => {
      const counting = () => {
        reads.push(id);
        return load();
      };
      return [id, counting];
    }),
  );
  const lazy = createRegistry({ builtIn: counted });
  expect(reads).toEqual([]);
  await lazy.get("sentry");
  await lazy.get("sentry");
  expect(reads).toEqual(["sentry"]);
});

test("an unknown provider names the nearest one and how many there are", async () => {
  const error = await registry.get("gihtub").catch((thrown: unknown) => thrown as AuthError);
  expect(error).toBeInstanceOf(AuthError);
  expect(error).toMatchObject({ code: "provider_not_found", message: "There is no provider 'gihtub'." });
  expect((error as AuthError).hint).toContain("Did you mean 'github'?");
  expect((error as AuthError).hint).toContain(`The ${Object.keys(builtIn).length} that there are`);
});

test("attack: a name that objects have by birth, or with control characters, is just unknown", async () => {
  for (const id of ["constructor", "__proto__", "toString", "\u001b[2Jgithub", "x".repeat(100_000)]) {
    const error = (await registry.get(id).catch((thrown: unknown) => thrown)) as AuthError;
    expect(error.code).toBe("provider_not_found");
    expect(error.message).toMatch(/^[\x20-\x7e]{1,120}$/);
  }
});

test("an id has 32 characters at most, a letter first", () => {
  expect(isProviderId("a".repeat(32))).toBe(true);
  for (const text of ["", "a".repeat(33), "0a", "-a", "A", "a\n"]) expect(isProviderId(text)).toBe(false);
});

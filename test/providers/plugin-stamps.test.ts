/** A command that names no provider reads no plugin whose variables aren't set: what it knows of them, and when not. */
import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Pin } from "../../src/providers/plugins/trust.ts";
import { createRegistry, type Sources } from "../../src/providers/registry.ts";
import { tempFolder } from "../support/program.ts";

function home(pins: Record<string, Pin> = {}) {
  const folder = join(tempFolder(), "providers");
  mkdirSync(folder, { mode: 0o700 });
  const told: string[] = [];
  const asked: string[] = [];
  const sources: Sources = {
    builtIn: {},
    plugins: {
      folder: () => folder,
      pin: async (id) => {
        asked.push(id);
        return pins[id] ?? null;
      },
      passedOver: ({ message }) => told.push(message),
    },
  };
  const put = (name: string, text: string): void => writeFileSync(join(folder, name), text, { mode: 0o600 });
  const manifest = (id: string, variable: string): void =>
    put(`${id}.toml`, `id = "${id}"\ntitle = "T"\nflows = ["token"]\nenvironment.read = ["${variable}"]\n`);
  /** As the next command would see it. @returns ids, and which files were read for them */
  const readers = async (env: Record<string, string>): Promise<{ ids: string[]; read: string[] }> => {
    asked.length = 0;
    const found = await createRegistry(sources).readers(env);
    return { ids: found.map(({ id }) => id), read: [...asked] };
  };
  return { folder, told, put, manifest, readers };
}

test("the first command reads them all, the next only those whose variable is set", async () => {
  const { manifest, readers } = home();
  manifest("a", "A_KEY");
  manifest("b", "B_KEY");
  expect(await readers({ A_KEY: "x" })).toEqual({ ids: ["a"], read: ["a", "b"] });
  expect(await readers({ A_KEY: "x" })).toEqual({ ids: ["a"], read: ["a"] });
  expect(await readers({})).toEqual({ ids: [], read: [] });
});

test("a file that is changed, added or removed is noticed", async () => {
  const { folder, manifest, readers } = home();
  manifest("a", "A_KEY");
  await readers({});
  manifest("a", "ANOTHER_KEY");
  expect((await readers({ ANOTHER_KEY: "x" })).ids).toEqual(["a"]);
  manifest("c", "C_KEY");
  expect(await readers({ C_KEY: "x" })).toEqual({ ids: ["c"], read: ["c"] });
  rmSync(join(folder, "a.toml"));
  await readers({});
  expect(Object.keys(JSON.parse(readFileSync(join(folder, ".index.json"), "utf8")))).toEqual(["c"]);
});

test("one that can't be used is warned of each time, and the others can be used", async () => {
  const { put, manifest, readers, told } = home();
  put("broken.toml", "id = ");
  manifest("a", "A_KEY");
  expect((await readers({ A_KEY: "x" })).ids).toEqual(["a"]);
  expect((await readers({ A_KEY: "x" })).ids).toEqual(["a"]);
  expect(told).toHaveLength(2);
  expect(told[1]).toContain("broken.toml");
});

test("attack: an index that was tampered with, or is none, sends no token to another provider", async () => {
  const { folder, manifest, readers } = home();
  manifest("a", "A_KEY");
  await readers({});
  for (const text of ["", "{", "[]", '{"a":{"stamp":"x","reads":["GH_TOKEN"]}}', '{"__proto__":{"x":1}}']) {
    writeFileSync(join(folder, ".index.json"), text);
    expect((await readers({ GH_TOKEN: "x" })).ids).toEqual([]);
    expect((await readers({ A_KEY: "x" })).ids).toEqual(["a"]);
  }
  // Even where the stamp is right: the file itself says what it reads.
  const index = JSON.parse(readFileSync(join(folder, ".index.json"), "utf8"));
  writeFileSync(join(folder, ".index.json"), JSON.stringify({ a: { ...index.a, reads: ["GH_TOKEN"] } }));
  const [only] = await createRegistryFor(folder).readers({ GH_TOKEN: "x" });
  expect(only?.environment?.read).toEqual(["A_KEY"]);
});

test("a folder that can't be written is read all the same, and left without a trace", async () => {
  const { folder, manifest, readers } = home();
  manifest("a", "A_KEY");
  mkdirSync(join(folder, ".index.json"));
  expect((await readers({ A_KEY: "x" })).ids).toEqual(["a"]);
  expect(readdirSync(folder).sort()).toEqual([".index.json", "a.toml"]);
});

function createRegistryFor(folder: string) {
  const plugins = { folder: () => folder, pin: async () => null, passedOver: () => {} };
  return createRegistry({ builtIn: {}, plugins });
}

import { describe, expect, test } from "bun:test";
import { injectedConnection, injectedEntry, withEntries } from "../../src/inject/injected.ts";

describe("AUTH_INJECTED", () => {
  test("a variable that holds what we put there is answered from its connection", async () => {
    const mark = withEntries(undefined, [await injectedEntry("ACME_TOKEN", "acme:work", "t1")]);
    expect(await injectedConnection(mark, "acme", "ACME_TOKEN", "t1")).toEqual({ provider: "acme", name: "work" });
  });
  test("a variable that was set anew is an ordinary environment token", async () => {
    const mark = withEntries(undefined, [await injectedEntry("ACME_TOKEN", "acme:work", "t1")]);
    expect(await injectedConnection(mark, "acme", "ACME_TOKEN", "t2")).toBeNull();
  });
  test("an entry for another variable or provider does not count", async () => {
    const mark = withEntries(undefined, [await injectedEntry("ACME_TOKEN", "acme:work", "t1")]);
    expect(await injectedConnection(mark, "acme", "OTHER_TOKEN", "t1")).toBeNull();
    expect(await injectedConnection(mark, "other", "ACME_TOKEN", "t1")).toBeNull();
  });
  test("attack: an entry renamed to another connection does not count", async () => {
    const mark = (await injectedEntry("ACME_TOKEN", "acme:work", "t1")).replace("acme:work", "acme:admin");
    expect(await injectedConnection(mark, "acme", "ACME_TOKEN", "t1")).toBeNull();
  });
  test("an inner run adds to the outer one and replaces its own variable", async () => {
    const outer = withEntries(undefined, [
      await injectedEntry("A", "acme:a", "1"),
      await injectedEntry("B", "acme:b", "2"),
    ]);
    const inner = withEntries(outer, [await injectedEntry("B", "acme:c", "3")]);
    expect(await injectedConnection(inner, "acme", "A", "1")).toEqual({ provider: "acme", name: "a" });
    expect(await injectedConnection(inner, "acme", "B", "2")).toBeNull();
    expect(await injectedConnection(inner, "acme", "B", "3")).toEqual({ provider: "acme", name: "c" });
  });
  test("garbage is ignored", async () => {
    for (const mark of ["", ";;;", "A", "A acme:x", "A acme:x nothex", "\0"])
      expect(await injectedConnection(mark, "acme", "A", "1")).toBeNull();
  });
});

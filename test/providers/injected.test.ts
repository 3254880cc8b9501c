import { describe, expect, test } from "bun:test";
import { injectedConnection, injectedEntry, withEntries } from "../../src/providers/injected.ts";

describe("AUTH_INJECTED", () => {
  test("a variable that holds what we put there is answered from its connection", () => {
    const mark = withEntries(undefined, [injectedEntry("ACME_TOKEN", "acme:work", "t1")]);
    expect(injectedConnection(mark, "acme", "ACME_TOKEN", "t1")).toEqual({ provider: "acme", name: "work" });
  });
  test("a variable that was set anew is an ordinary environment token", () => {
    const mark = withEntries(undefined, [injectedEntry("ACME_TOKEN", "acme:work", "t1")]);
    expect(injectedConnection(mark, "acme", "ACME_TOKEN", "t2")).toBeNull();
  });
  test("an entry for another variable or provider does not count", () => {
    const mark = withEntries(undefined, [injectedEntry("ACME_TOKEN", "acme:work", "t1")]);
    expect(injectedConnection(mark, "acme", "OTHER_TOKEN", "t1")).toBeNull();
    expect(injectedConnection(mark, "other", "ACME_TOKEN", "t1")).toBeNull();
  });
  test("attack: an entry renamed to another connection does not count", () => {
    const mark = injectedEntry("ACME_TOKEN", "acme:work", "t1").replace("acme:work", "acme:admin");
    expect(injectedConnection(mark, "acme", "ACME_TOKEN", "t1")).toBeNull();
  });
  test("an inner run adds to the outer one and replaces its own variable", () => {
    const outer = withEntries(undefined, [injectedEntry("A", "acme:a", "1"), injectedEntry("B", "acme:b", "2")]);
    const inner = withEntries(outer, [injectedEntry("B", "acme:c", "3")]);
    expect(injectedConnection(inner, "acme", "A", "1")).toEqual({ provider: "acme", name: "a" });
    expect(injectedConnection(inner, "acme", "B", "2")).toBeNull();
    expect(injectedConnection(inner, "acme", "B", "3")).toEqual({ provider: "acme", name: "c" });
  });
  test("garbage is ignored", () => {
    for (const mark of ["", ";;;", "A", "A acme:x", "A acme:x nothex", "\0"])
      expect(injectedConnection(mark, "acme", "A", "1")).toBeNull();
  });
});

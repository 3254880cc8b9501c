/** Paths that an API may read differently from the rules, so that nothing is sent there. */
import { expect, test } from "bun:test";
import { pathFault } from "../../src/proxy/path.ts";

test("'..' is refused in every reading of a path", () => {
  for (const target of [
    "/x/../oauth/token",
    "/x/%2e%2E/oauth/token",
    "/x/%252e%252e/oauth/token",
    "/x/%25252e./oauth/token",
    "/x/.%252e;a/oauth/token",
    "/x%2f..%2foauth/token",
    "/x%252f..%252foauth/token",
    "/x%255c..%255coauth/token",
    "/x%3f/%252e%252e/oauth/token",
    "/x/..%253f/oauth/token",
  ])
    expect([target, pathFault(target)]).toEqual([target, "has '.' or '..' as a part"]);
});

test("dots within a part are no fault, nor are escapes that are escaped", () => {
  for (const target of [
    "/compare/main...next",
    "/files/.gitignore",
    "/a%2Fb..c",
    "/files/100%25",
    "/a%2520b",
    "/a?b=/../c",
  ])
    expect([target, pathFault(target)]).toEqual([target, null]);
});

/** pnpm's `tokenHelper`: https://pnpm.io/npmrc#urltokenhelper */
import { expect, test } from "bun:test";
import pnpm from "../../../src/inject/helpers/pnpm.ts";
import { Secret } from "../../../src/platform/secret.ts";
import { credential, told } from "./support.ts";

test("prints the whole value of the header: pnpm 10 sends what it reads as it is", async () => {
  expect(await told(pnpm, [], "")).toEqual({ stdout: "Bearer t0ken\n" });
});

test("a token that goes in another header is none for a registry", async () => {
  const headers = async () => [{ name: "X-Api-Key", value: new Secret("t0ken") }];
  await expect(told(pnpm, [], "", credential({ headers }))).rejects.toThrow("another header");
});

test("the registry isn't told: the connection has to be named", () => {
  expect(pnpm.needsConnection).toBe(true);
  expect(pnpm.none(null as never)).toMatchObject({ exitCode: 1 });
});

/** The protocol of Vault and OpenBao: https://developer.hashicorp.com/vault/docs/commands/token-helper */
import { expect, test } from "bun:test";
import vault from "../../../src/inject/helpers/vault.ts";
import { asked, told } from "./support.ts";

const place = async (env: Record<string, string>) => {
  const request = await asked(vault, ["get"], "", env);
  return request?.kind === "token" ? request.place?.origin : null;
};

test("get prints the token alone, without a line end, which Vault would take for a part of it", async () => {
  expect(await told(vault, ["get"], "", undefined, { VAULT_ADDR: "https://vault.example:8200" })).toEqual({
    stdout: "t0ken",
  });
});

test("the server is the one of the environment, an agent before it, else Vault's default", async () => {
  const VAULT_ADDR = "https://vault.example:8200/";
  expect(await place({ VAULT_ADDR })).toBe("https://vault.example:8200");
  expect(await place({ BAO_ADDR: "https://bao.example:8200" })).toBe("https://bao.example:8200");
  expect(await place({ VAULT_ADDR, VAULT_AGENT_ADDR: "http://127.0.0.1:8100" })).toBe("http://127.0.0.1:8100");
  expect(await place({ VAULT_ADDR, BAO_ADDR: "https://vault.example:8200" })).toBe("https://vault.example:8200");
  expect(await place({})).toBe("https://127.0.0.1:8200");
  expect(await place({ VAULT_ADDR: "" })).toBe("https://127.0.0.1:8200");
});

test("what can't be told apart, and what is no address for a token, is refused", async () => {
  await expect(place({ VAULT_ADDR: "https://a.example", BAO_ADDR: "https://b.example" })).rejects.toThrow(
    "two servers",
  );
  for (const VAULT_ADDR of [
    "http://vault.example:8200",
    "vault.example:8200",
    "unix:///run/vault.sock",
    "https://user@vault.example",
    "https://vault.example\r\nx",
    "https://vault.example\0",
    `https://${"x".repeat(65_536)}:0443`,
  ])
    await expect(place({ VAULT_ADDR })).rejects.toThrow("asked for");
});

test("none is nothing; store and erase say that there is nothing to store or erase", async () => {
  expect(vault.none(null as never)).toEqual({});
  await expect(asked(vault, ["store"], "hvs.new\n")).rejects.toThrow("Nothing is stored");
  await expect(asked(vault, ["erase"], "")).rejects.toThrow("Nothing is erased");
  await expect(asked(vault, ["list"], "")).rejects.toThrow("get, store, erase");
});

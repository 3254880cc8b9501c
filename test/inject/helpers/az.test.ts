/** `az account get-access-token`: https://learn.microsoft.com/cli/azure/account#az-account-get-access-token */
import { describe, expect, test } from "bun:test";
import az from "../../../src/inject/helpers/az.ts";
import { asked, credential, told } from "./support.ts";

const CALL = ["account", "get-access-token"];
const END = new Date(2026, 0, 2, 3, 4, 5, 678).getTime();
const login = credential({ expiresAt: END, settings: { tenant: "common" }, organization: "Tenant-1" });

describe("get-access-token", () => {
  test("as the libraries call it: the resource, and an answer with both of az's ends", async () => {
    const words = [...CALL, "--output", "json", "--resource", "https://vault.azure.net", "--tenant", "tenant-1"];
    expect(await asked(az, words, "")).toMatchObject({
      place: { origin: "https://login.microsoftonline.com", user: null },
      resource: "https://vault.azure.net",
    });
    expect(JSON.parse((await told(az, words, "", login)).stdout ?? "")).toEqual({
      accessToken: "t0ken",
      expiresOn: "2026-01-02 03:04:05.000000",
      expires_on: Math.floor(END / 1000),
      tenant: "Tenant-1",
      tokenType: "Bearer",
    });
  });

  test("a resource by its scope, by an application's id, and az's own default", async () => {
    const resources: [string[], string][] = [
      [["--scope", "https://management.azure.com/.default"], "https://management.azure.com"],
      [["--scope=https://management.azure.com//.default"], "https://management.azure.com/"],
      [["--resource", "api://0f0f0f0f/x"], "api://0f0f0f0f/x"],
      [["--resource", "00000003-0000-0000-c000-000000000000"], "00000003-0000-0000-c000-000000000000"],
      [["-o", "json", "--subscription", "a name", "--only-show-errors"], "https://management.core.windows.net/"],
    ];
    for (const [words, resource] of resources)
      expect(await asked(az, [...CALL, ...words], "")).toMatchObject({ resource });
  });

  test("the connection is the one for the authority, which the environment may name", async () => {
    for (const AZURE_AUTHORITY_HOST of ["login.microsoftonline.us", "https://login.microsoftonline.us/"])
      expect(await asked(az, CALL, "", { AZURE_AUTHORITY_HOST })).toMatchObject({
        place: { origin: "https://login.microsoftonline.us" },
      });
    for (const AZURE_AUTHORITY_HOST of ["http://login.example", "evil@login.example", "login.example\r\n", "\0"])
      await expect(asked(az, CALL, "", { AZURE_AUTHORITY_HOST })).rejects.toThrow();
  });

  test("the token alone, as scripts ask for it", async () => {
    const words = [...CALL, "--query", "accessToken", "-o", "tsv"];
    expect(await told(az, words, "", login)).toEqual({ stdout: "t0ken\n" });
  });

  test("another tenant's token, and one whose end isn't known, aren't handed out", async () => {
    await expect(told(az, [...CALL, "--tenant", "other"], "", login)).rejects.toThrow("another tenant");
    await expect(told(az, CALL, "")).rejects.toThrow("when this token ends");
  });
});

test("'az login' is named where a person has to log in, as the libraries look for it, and nowhere else", () => {
  expect(az.failure("auth: no.", null as never, "login_required").stderr).toMatch(/az login/);
  expect(az.failure("auth: no.", null as never, "login_required").stderr).not.toMatch(/az login --scope/);
  expect(az.failure("auth: no.", null as never, "network")).toEqual({ stderr: "auth: no.", exitCode: 1 });
  expect(az.none(null as never).stderr).toMatch(/az login/);
});

test("what else there is of az is refused, and nothing of it is repeated", async () => {
  for (const words of [
    [],
    ["account"],
    ["account", "show"],
    ["evil"],
    [...CALL, "--evil"],
    [...CALL, "evil"],
    [...CALL, "--resource"],
    [...CALL, "--resource", "http://evil.example"],
    [...CALL, "--resource", "https://evil.example\r\n"],
    [...CALL, "--resource", "https://user@evil.example"],
    [...CALL, "--resource", "evil"],
    [...CALL, "--resource", `https://${"evil".repeat(16_384)}`],
    [...CALL, "--resource", "https://a.example", "--scope", "https://b.example/.default"],
    [...CALL, "--scope", "https://evil.example/User.Read"],
    [...CALL, "--resource-type", "ms-graph"],
    [...CALL, "--output", "yaml"],
    [...CALL, "--query", "evil"],
  ]) {
    const error = await asked(az, words, "").catch((thrown: Error) => thrown);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).not.toContain("evil");
  }
});

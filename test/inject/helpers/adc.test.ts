/** Google's executables for external accounts: https://google.aip.dev/auth/4117 */
import { expect, test } from "bun:test";
import adc from "../../../src/inject/helpers/adc.ts";
import { Secret } from "../../../src/platform/secret.ts";
import { asked, credential, told } from "./support.ts";

const JWT = "eyJh.eyJp.c2ln";
const env = (type: string) => ({ GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE: type });
const ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token";

test("answers with the type that was asked for, and the end in whole seconds", async () => {
  const login = credential({ token: new Secret(JWT), expiresAt: 1_800_000_000_900 });
  for (const type of [ID_TOKEN, "urn:ietf:params:oauth:token-type:jwt"]) {
    const { stdout = "", stderr, exitCode } = await told(adc, [], "", login, env(type));
    const answer = { version: 1, success: true, token_type: type, id_token: JWT, expiration_time: 1_800_000_000 };
    expect(JSON.parse(stdout)).toEqual(answer);
    expect({ stderr, exitCode }).toEqual({ stderr: undefined, exitCode: undefined });
  }
});

test("an opaque token is refused: Google takes JWTs", async () => {
  for (const token of ["t0ken", "a.b", "a.b.c.d", "a.b.c d", ""])
    await expect(told(adc, [], "", credential({ token: new Secret(token) }), env(ID_TOKEN))).rejects.toThrow("no JWT");
});

test("a failure is an answer, with nothing on stderr, which some of the libraries read too", () => {
  const { stdout = "", stderr, exitCode } = adc.failure("auth: no", null as never, "login_required");
  expect(JSON.parse(stdout)).toEqual({ version: 1, success: false, code: "login_required", message: "auth: no" });
  expect({ stderr, exitCode }).toEqual({ stderr: undefined, exitCode: 1 });
  expect(JSON.parse(adc.failure("auth: no", null as never).stdout ?? "")).toHaveProperty("code", "helper_failed");
  expect(JSON.parse(adc.none(null as never).stdout ?? "")).toMatchObject({ success: false });
});

test("another type is refused, and not repeated", async () => {
  for (const type of ["", "urn:ietf:params:oauth:token-type:saml2", `${ID_TOKEN}\r\nevil`, "evil".repeat(16_384)]) {
    const error = await asked(adc, [], "", env(type)).catch((thrown: Error) => thrown);
    expect((error as Error).message).toContain("no type of a JWT");
    expect((error as Error).message).not.toContain("evil");
  }
  await expect(asked(adc, [], "", {})).rejects.toThrow("no type of a JWT");
});

/** The answer to a browser login, pasted by the person. */
import { describe, expect, test } from "bun:test";
import { WrongPaste } from "../../src/oauth/answer.ts";
import { closeLogins, ISSUER, parametersOf, settled, start, stateOf } from "./browser-login.ts";
import { thrown } from "./support.ts";

closeLogins();

describe("the final URL, pasted", () => {
  test("is as good as the browser's own visit", async () => {
    const login = await start({}, {}, { issuer: ISSUER, issRequired: true });
    const iss = encodeURIComponent(ISSUER);
    const got = login.accept(`  ${login.redirectUri}?code=c%2F1&state=${stateOf(login)}&iss=${iss}\n`);
    expect(got.code.reveal()).toBe("c/1");
    login.close();
    expect(await settled(login)).toBe("waiting");
  });

  test("gets the same checks: address, state, issuer, error", async () => {
    const login = await start({}, {}, { issuer: ISSUER, issRequired: true });
    const good = `code=c&state=${stateOf(login)}&iss=${encodeURIComponent(ISSUER)}`;
    const wrong = [
      "",
      "c",
      "y",
      `c ${stateOf(login)}`,
      `https://attacker.example/callback?${good}`,
      `${login.redirectUri.replace("/callback", "/other")}?${good}`,
      `${login.redirectUri}?code=c&state=wrong`,
      `${login.redirectUri}?code=c`,
      `${login.redirectUri}?code=c&state=${stateOf(login)}`,
      `${login.redirectUri}?error=access_denied&state=${stateOf(login)}&iss=${encodeURIComponent(ISSUER)}`,
    ];
    for (const pasted of wrong)
      expect(await thrown(() => login.accept(pasted))).toMatchObject({ code: "access_denied" });
    expect(login.accept(`${login.redirectUri}?${good}`).code.reveal()).toBe("c");
  });
});

describe("the answer, pasted in short", () => {
  test("is taken as the address's query, and as the code and the state", async () => {
    for (const short of [
      (state: string) => `?code=c&state=${state}`,
      (state: string) => `state=${state}&code=c`,
      (state: string) => `c ${state}`,
      (state: string) => `c#${state}`,
      (state: string) => `'c\t${state}'`,
    ]) {
      const login = await start();
      expect(login.accept(short(stateOf(login))).code.reveal()).toBe("c");
    }
    const other = await start({ authorize: { codeParameter: "auth_code", names: { state: "tag" } } });
    const state = parametersOf(other).tag ?? "";
    expect(other.accept(`c ${state}`).code.reveal()).toBe("c");
  });

  test("says what is wrong with it, and shows none of it", async () => {
    const login = await start();
    for (const [pasted, why] of [
      ["y", `not the final address: that begins with ${login.redirectUri}`],
      ["4/0AVGzR1Bsecretcode", "without its state"],
      ["4/0AVGzR1Bsecretcode another-state", "another login"],
      ["https://attacker.example/?code=secretcode&state=x", `begins with ${login.redirectUri}`],
      ["code=secretcode&state=x", "another login"],
    ] as const) {
      const error = await thrown(() => login.accept(pasted));
      expect(error).toBeInstanceOf(WrongPaste);
      expect((error as WrongPaste).message).toContain(why);
      expect(`${(error as WrongPaste).message}${(error as WrongPaste).hint}`).not.toContain("secretcode");
    }
    expect(await settled(login)).toBe("waiting");
  });

  test("without the issuer's name is not enough where the issuer always gives it", async () => {
    const login = await start({}, {}, { issuer: ISSUER, issRequired: true });
    expect(await thrown(() => login.accept(`c ${stateOf(login)}`))).toBeInstanceOf(WrongPaste);
  });
});

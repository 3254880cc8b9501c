/** The page at the end of a browser login, in a real browser: success and failure differ at a glance. */
import { afterAll, describe, expect, test } from "bun:test";
import { CONNECTION, type LoggedIn, loggedIn, PROVIDER } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, tempFolder } from "../support/program.ts";

const homes: LoggedIn[] = [];
afterAll(() => Promise.all(homes.map((home) => home.stop())));

/** Logs in with chromium as the browser. @returns what it shows at the end, and how `auth` ended */
async function loginInChromium(
  decision: "approve" | "deny",
): Promise<{ page: string; code: number; events: unknown[] }> {
  const at = await loggedIn({}, null);
  homes.push(at);
  at.issuer.decisions.authorize = decision;
  const args = ["login", PROVIDER, "--flow", "browser", ...at.places, "--json"];
  const child = Bun.spawn([AUTH, ...args], { env: at.env, stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  const decoder = new TextDecoder();
  const events: { event: string; url?: string }[] = [];
  let text = "";
  let page = "";
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const event = JSON.parse(line) as { event: string; url?: string };
      events.push(event);
      if (event.url !== undefined) page = await dump(event.url);
    }
  }
  return { page, code: await child.exited, events };
}

async function dump(url: string): Promise<string> {
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", `--user-data-dir=${tempFolder()}`, "--dump-dom"];
  const chromium = Bun.spawn(["chromium", ...flags, url], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
  return chromium.stdout.text();
}

describe("in chromium", () => {
  test.skipIf(lacking("chromium"))(
    "an approved login ends on a page of success, at an address without the code",
    async () => {
      const { page, code, events } = await loginInChromium("approve");
      expect(code).toBe(0);
      expect(events.at(-1)).toMatchObject({ event: "connected", connection: CONNECTION });
      expect(page).toContain("Logged in to Sentry");
      expect(page).toMatch(/As grace@example\.com, at 127\.0\.0\.1:\d+\./);
      expect(page).not.toContain("code=");
      expect(page).not.toContain("<script");
    },
    120_000,
  );

  test.skipIf(lacking("chromium"))(
    "a refused login ends on a page of failure, which says why",
    async () => {
      const { page, code } = await loginInChromium("deny");
      expect(code).toBe(7);
      expect(page).toContain("The login to Sentry failed");
      expect(page).toContain("access_denied");
    },
    120_000,
  );
});

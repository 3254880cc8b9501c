import { expect, test } from "bun:test";
import { colors, colorsFor, deviceText, surfaceFor } from "../../src/platform/terminal.ts";
import { onTerminal, run } from "../support/program.ts";

const code = {
  userCode: "WDJB-MJHT",
  verificationUri: "https://issuer.example/device",
  verificationUriComplete: null,
  app: "my-cli",
  host: "issuer.example",
};
const plain = colors(false);
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is looked for
const ESCAPES = /\x1b/;

test("the code is shown in a box, its letters spaced, and is there to be copied as well", async () => {
  const text = await deviceText(code, { colors: plain, width: 100, drawn: true, qr: false });
  const lines = text.split("\n").map((line) => line.trim());
  const at = lines.indexOf("│   W D J B - M J H T   │");
  expect([lines[at - 1], lines[at + 1]]).toEqual(["┌───────────────────────┐", "└───────────────────────┘"]);
  expect(lines).toContain("WDJB-MJHT");
  expect(text).toContain("https://issuer.example/device");
});

test("in a narrow terminal the code is only written, and there is no QR code to wrap", async () => {
  const text = await deviceText(code, { colors: plain, width: 30, drawn: true, qr: true });
  expect(text).toContain("WDJB-MJHT");
  expect(text).not.toContain("█");
  const wide = await deviceText(code, { colors: plain, width: 100, drawn: true, qr: true });
  expect(wide.split("\n").length).toBeGreaterThan(text.split("\n").length + 10);
});

test("beside the code are the app, the host, and when to go on", async () => {
  for (const drawn of [true, false]) {
    const text = await deviceText(code, { colors: plain, width: 60, drawn, qr: false });
    expect(text).toContain("It lets the app my-cli use your account at issuer.example.");
    expect(text).toContain("Only go on if you started this login.");
  }
});

test("where nothing can be drawn, two lines say all", async () => {
  const text = await deviceText(code, { colors: plain, width: 80, drawn: false, qr: true });
  expect(text.split("\n")[0]).toBe("Open https://issuer.example/device and enter the code WDJB-MJHT");
  expect(text.split("\n")).toHaveLength(2);
});

test("a QR code is offered where the browser is on another machine, or when it is asked for", () => {
  expect(surfaceFor({}, plain, false).qr).toBe(false);
  expect(surfaceFor({ SSH_TTY: "/dev/pts/1" }, plain, false).qr).toBe(true);
  expect(surfaceFor({}, plain, true).qr).toBe(true);
});

test("no colour without a terminal", () => {
  expect(colorsFor(2, { TERM: "xterm" }, true).red("x")).not.toMatch(ESCAPES);
  expect(colors(true).red("x")).toBe("\x1b[31mx\x1b[39m");
});

const WAIT = `
import { colorsFor, startWaiting } from "./src/platform/terminal.ts";
const waiting = startWaiting("Waiting for approval", Date.now() + 90_000, process.env, colorsFor(2, process.env, true));
await Bun.sleep(400);
await waiting.stop();
`;
const cwd = `${import.meta.dir}/../..`;

test("waiting is drawn in one line that is gone afterwards", async () => {
  const terminal = onTerminal([process.execPath, "-e", WAIT], { cwd });
  await terminal.ended;
  const screen = terminal.screen();
  expect(screen.match(/Waiting for approval \(1:/g)?.length ?? 0).toBeGreaterThan(2);
  expect(screen).not.toContain("\n");
  expect(screen).toEndWith("\r\x1b[K");
  expect(screen).toContain("\x1b[36m");
});

test("a line that is drawn again never wraps", async () => {
  const terminal = onTerminal([process.execPath, "-e", WAIT], { cwd, columns: 20 });
  await terminal.ended;
  for (const frame of terminal.screen().split("\r\x1b[K")) expect(Bun.stringWidth(frame)).toBeLessThan(20);
});

test("a dumb terminal gets one plain line; NO_COLOR takes colour alone", async () => {
  const dumb = onTerminal([process.execPath, "-e", WAIT], { cwd, env: { TERM: "dumb" } });
  await dumb.ended;
  expect(dumb.screen()).toBe("Waiting for approval (1:30 left)\r\n");
  const colourless = onTerminal([process.execPath, "-e", WAIT], { cwd, env: { NO_COLOR: "1" } });
  await colourless.ended;
  expect(colourless.screen()).not.toContain("\x1b[36m");
  expect(colourless.screen()).toContain("\r\x1b[K");
});

test("in a pipe waiting is one line", async () => {
  expect((await run([process.execPath, "-e", WAIT], { cwd })).stderr).toBe("Waiting for approval (1:30 left)\n");
});

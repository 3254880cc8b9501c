/** `auth agent` as a service of the user's: systemd's on Linux, launchd's on macOS. What comes after -- are flags of its start. */
import { usage } from "../../platform/errors.ts";
import { configFolder, inFolder, inHome } from "../../platform/places.ts";
import { showsPassword, withoutPassword } from "../../vault/address.ts";
import type { Wanted } from "../engine.ts";
import { requirePlace } from "../needs.ts";
import { launchdEnding, systemdEnding } from "../service.ts";
import type { SetupCall, Tool } from "../tool.ts";

export default {
  async plan(call) {
    const make = SERVICES[call.platform];
    if (make === undefined)
      throw usage("There is no service manager here that auth knows.", "Start it by hand: auth agent start");
    const { wanted, notes } = make(call, [call.auth, "agent", "start", "--foreground", ...call.rest]);
    return {
      wanted: [wanted],
      notes: [
        "End one that runs already, which the service can't start beside: auth agent stop",
        ...notes,
        ...(hasPassword(call) ? [PASSWORD_LEFT_OUT] : []),
        "Where the vault has a passphrase, unlock it once: auth agent start",
      ],
    };
  },
  endingOf(where, path) {
    if (where.platform === "linux") return systemdEnding(where, UNIT, path);
    return where.platform === "darwin" ? launchdEnding(where, LABEL) : null;
  },
} satisfies Tool;

const UNIT = "auth-agent.service";
const LABEL = "auth.agent";

interface Service {
  readonly wanted: Wanted;
  readonly notes: readonly string[];
}

const SERVICES: Partial<Record<NodeJS.Platform, (call: SetupCall, words: readonly string[]) => Service>> = {
  linux(call, words) {
    const path = requirePlace(inFolder(call, "", configFolder(call, "systemd"), "user", UNIT));
    const text = [
      "[Unit]",
      "Description=The agent of auth, which keeps its vault open",
      "",
      "[Service]",
      `ExecStart=${words.map(systemdWord).join(" ")}`,
      ...placesOf(call).map(([name, value]) => `Environment=${systemdText(`${name}=${value}`)}`),
      "Restart=on-failure",
      "",
      "[Install]",
      "WantedBy=default.target",
      "",
    ].join("\n");
    const notes = ["Start it, now and at each login: systemctl --user enable --now auth-agent"];
    return { wanted: { name: "systemd", path, change: { kind: "whole", text, mode: 0o644 } }, notes };
  },
  darwin(call, words) {
    const path = requirePlace(inHome(call, "Library", "LaunchAgents", `${LABEL}.plist`));
    const texts = (values: readonly string[]): string =>
      values.map((value) => `<string>${xmlText(value)}</string>`).join("");
    const places = placesOf(call).map(([name, value]) => `<key>${name}</key>${texts([value])}`);
    const text = [
      '<?xml version="1.0" encoding="UTF-8"?>',
      '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
      '<plist version="1.0"><dict>',
      `<key>Label</key><string>${LABEL}</string>`,
      `<key>ProgramArguments</key><array>${texts(words)}</array>`,
      `<key>EnvironmentVariables</key><dict>${places.join("")}</dict>`,
      "<key>RunAtLoad</key><true/>",
      "<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>",
      "</dict></plist>",
      "",
    ].join("\n");
    const notes = ["It starts at the next login; now: launchctl load -w ~/Library/LaunchAgents/auth.agent.plist"];
    return { wanted: { name: "launchd", path, change: { kind: "whole", text, mode: 0o644 } }, notes };
  },
};

/** Where the vault is, for one that isn't where it usually is. */
function placesOf({ env }: SetupCall): [string, string][] {
  const store = env.AUTH_STORE ? withoutPassword(env.AUTH_STORE) : null;
  return Object.entries({ ...(env.AUTH_HOME && { AUTH_HOME: env.AUTH_HOME }), ...(store && { AUTH_STORE: store }) });
}

/** Others may read the file. */
const PASSWORD_LEFT_OUT =
  "The password in AUTH_STORE was not written into it: give the service AUTH_STORE from a file that only you can read.";

function hasPassword({ env }: SetupCall): boolean {
  const store = env.AUTH_STORE;
  return store !== undefined && (showsPassword(store) || withoutPassword(store) === null);
}

/** systemd.service(5), "Command lines": `$` begins a variable there. */
function systemdWord(word: string): string {
  return systemdText(word.replaceAll("$", "$$$$"));
}

/** systemd.syntax(7), "Quoting"; `%` begins a specifier (systemd.unit(5)). */
function systemdText(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("%", "%%").replaceAll("\n", "\\n")}"`;
}

function xmlText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

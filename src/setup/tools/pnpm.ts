/** The user's .npmrc: pnpm reads a helper from there only, as a path without arguments. */
import { inFolder, inHome } from "../../platform/places.ts";
import { hostIn, requireConnection, requirePlace } from "../needs.ts";
import { plainLine, scriptFor } from "../program.ts";
import { refused } from "../refused.ts";
import type { SetupCall, Tool } from "../tool.ts";

export default {
  async plan(call) {
    requireConnection(call, "pnpm");
    const path = placeOf(call);
    const text = (await call.textOf(path)) ?? "";
    const wanted = (await call.origins()).map(hostIn).flatMap((host) => {
      if (text.split(/\r?\n/).some((line) => line.trim().startsWith(`//${host}/:_authToken`)))
        throw refused(`${path} has a token for ${host} of its own.`, "Take it over first: auth import npmrc --move");
      const script = scriptFor(call, "pnpm", `auth-pnpm-${host.replace(":", "-")}`, host);
      const setting = `//${host}/:tokenHelper`;
      const lines = [`${setting}=${plainLine([script.path], "pnpm")}`];
      const change = { kind: "lines", label: `pnpm ${host}`, lines, section: null, setting } as const;
      return [script, { name: host, path, change }];
    });
    return { wanted };
  },
} satisfies Tool;

function placeOf(call: SetupCall): string {
  const variable = call.env.NPM_CONFIG_USERCONFIG ? "NPM_CONFIG_USERCONFIG" : "npm_config_userconfig";
  return requirePlace(inFolder(call, variable, inHome(call, ".npmrc")));
}

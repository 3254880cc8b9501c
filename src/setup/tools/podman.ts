/**
 * containers-auth.json(5): the file that isn't gone after a restart. What `podman login` has put into the other one goes
 * first.
 */
import { configFolder, inFolder, inHome } from "../../platform/places.ts";
import { requirePlace } from "../needs.ts";
import { registryParts } from "../registry.ts";
import type { SetupCall, Tool } from "../tool.ts";

export default {
  plan: (call) => registryParts(call, placeOf(call)),
} satisfies Tool;

function placeOf(call: SetupCall): string {
  if (call.env.REGISTRY_AUTH_FILE) return requirePlace(inFolder(call, "REGISTRY_AUTH_FILE", []));
  const usual = inHome(call, ".config", "containers");
  const folders = call.platform === "linux" ? configFolder(call, "containers") : usual;
  return requirePlace(inFolder(call, "", folders, "auth.json"));
}

/** `credHelpers` in the file of docker, and of podman: the helper of each registry, a program of that name on PATH. */
import { configFolder, inFolder, inHome } from "../../platform/places.ts";
import { hostIn, requirePlace } from "../needs.ts";
import { linkTo, pathNotes } from "../program.ts";
import type { Planned, SetupCall, Tool } from "../tool.ts";

/** Helm, ORAS and others read docker's file, too. */
export const docker: Tool = {
  plan: (call) => helpersIn(call, inFolder(call, "DOCKER_CONFIG", inHome(call, ".docker"), "config.json")),
};

/**
 * containers-auth.json(5): the file that is still there after a restart. What `podman login` has written into the other
 * one is read first.
 */
export const podman: Tool = {
  plan(call) {
    if (call.env.REGISTRY_AUTH_FILE) return helpersIn(call, inFolder(call, "REGISTRY_AUTH_FILE", []));
    const usual = inHome(call, ".config", "containers");
    const folders = call.platform === "linux" ? configFolder(call, "containers") : usual;
    return helpersIn(call, inFolder(call, "", folders, "auth.json"));
  },
};

const PROGRAM = "docker-credential-auth";

async function helpersIn(call: SetupCall, places: readonly string[]): Promise<Planned> {
  const path = requirePlace(places);
  const registries = (await call.origins()).map(hostIn);
  const links = registries.map((name) => linkTo(call, PROGRAM, name));
  const wanted = registries.map(
    (name) => ({ name, path, change: { kind: "json", path: ["credHelpers", name], value: "auth" } }) as const,
  );
  return { wanted: [...links, ...wanted], notes: pathNotes(call, PROGRAM) };
}

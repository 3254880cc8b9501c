/** `credHelpers` of a file like docker's: the helper of each registry, a program of that name on PATH. */
import { hostIn } from "./needs.ts";
import { linkTo, pathNotes } from "./program.ts";
import type { Planned, SetupCall } from "./tool.ts";

const PROGRAM = "docker-credential-auth";

export async function registryParts(call: SetupCall, path: string): Promise<Planned> {
  const registries = (await call.origins()).map(hostIn);
  const links = registries.map((name) => linkTo(call, PROGRAM, name));
  const wanted = registries.map(
    (name) => ({ name, path, change: { kind: "json", path: ["credHelpers", name], value: "auth" } }) as const,
  );
  return { wanted: [...links, ...wanted], notes: pathNotes(call, PROGRAM) };
}

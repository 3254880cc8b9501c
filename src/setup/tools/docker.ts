/** docker's own file, which Helm, ORAS and others read, too: each registry by its name. */
import { inFolder, inHome } from "../../platform/places.ts";
import { requirePlace } from "../needs.ts";
import { registryParts } from "../registry.ts";
import type { Tool } from "../tool.ts";

export default {
  plan: (call) =>
    registryParts(call, requirePlace(inFolder(call, "DOCKER_CONFIG", inHome(call, ".docker"), "config.json"))),
} satisfies Tool;

/** A line for each host in .bazelrc. Bazel's helper is a path without arguments: a script that auth makes. */
import { inHome } from "../../platform/places.ts";
import { requirePlace } from "../needs.ts";
import { scriptFor } from "../program.ts";
import type { Tool } from "../tool.ts";

export default {
  async plan(call) {
    const path = call.system ? "/etc/bazel.bazelrc" : requirePlace(inHome(call, ".bazelrc"));
    const wanted = (await call.origins()).flatMap((origin) => {
      const { hostname } = new URL(origin);
      const script = scriptFor(call, "bazel", `auth-bazel-${hostname}`, hostname);
      const line = `common "--credential_helper=${hostname}=${script.path.replaceAll("\\", "/")}"`;
      const change = {
        kind: "lines",
        label: `bazel ${hostname}`,
        lines: [line],
        section: null,
        setting: null,
      } as const;
      return [script, { name: hostname, path, change }];
    });
    return { wanted };
  },
} satisfies Tool;

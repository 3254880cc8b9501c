/** The credential provider of one registry. cargo starts it by its name alone, and passes the arguments that come after. */
import { inFolder, inHome, joined } from "../../platform/places.ts";
import { requireBareName, requirePlace } from "../needs.ts";
import { linkTo, pathNotes } from "../program.ts";
import type { Tool } from "../tool.ts";

const PROGRAM = "cargo-credential-auth";

export default {
  async plan(call) {
    const name = requireBareName(call, "cargo", "the registry");
    const folder = requirePlace(inFolder(call, "CARGO_HOME", inHome(call, ".cargo")));
    // `config`, without `.toml`, is the older name, and has precedence.
    const old = joined(call, folder, "config");
    const path = (await call.textOf(old)) === null ? `${old}.toml` : old;
    const words = [PROGRAM, ...(call.connection === null ? [] : [call.connection]), ...call.rest];
    const setting = "credential-provider";
    const lines = [`${setting} = [${words.map((word) => JSON.stringify(word)).join(", ")}]`];
    const section = name === "crates-io" ? "[registry]" : `[registries.${name}]`;
    const change = { kind: "lines", label: `cargo ${name}`, lines, section, setting, syntax: "toml" } as const;
    return { wanted: [linkTo(call, PROGRAM, name), { name, path, change }], notes: pathNotes(call, PROGRAM) };
  },
} satisfies Tool;

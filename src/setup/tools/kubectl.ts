/** A user of a kubeconfig, in the file in which kubectl itself would make one; and a context that uses it. */
import { delimiter } from "node:path";
import { usage } from "../../platform/errors.ts";
import { absolutePath } from "../../platform/paths.ts";
import { inHome } from "../../platform/places.ts";
import { shellWord } from "../../platform/shell-word.ts";
import { Unreadable } from "../change.ts";
import type { Wanted } from "../engine.ts";
import { hasItem } from "../formats/yaml.ts";
import { requireConnection, requireName, requirePlace } from "../needs.ts";
import { helperWords } from "../program.ts";
import { refused } from "../refused.ts";
import type { SetupCall, Tool } from "../tool.ts";

export default {
  async plan(call) {
    requireConnection(call, "kubectl");
    const name = requireName(call, "kubectl", "the user of the kubeconfig");
    const [command = "", ...args] = helperWords(call, "kubectl");
    const exec = {
      apiVersion: "client.authentication.k8s.io/v1",
      command,
      args,
      interactiveMode: "Never",
    };
    const texts = new Map<string, string | null>();
    for (const path of placesOf(call)) texts.set(path, await call.textOf(path));
    const paths = [...texts.keys()];
    const path = requirePlace([...paths.filter((one) => texts.get(one) !== null), ...paths.slice(-1)]);
    const user: Wanted = {
      name,
      path,
      change: { kind: "yaml", list: "users", item: name, path: [], value: { user: { exec } } },
    };
    if (call.context === null)
      return { wanted: [user], notes: [`To use it: kubectl config set-context --current --user ${shellWord(name)}`] };
    return { wanted: [user, contextPart(call.context, name, texts)] };
  },
} satisfies Tool;

/** Gives the context our user; --undo restores the one before. */
function contextPart(context: string, name: string, texts: ReadonlyMap<string, string | null>): Wanted {
  const [path] = [...texts].find(([file, text]) => text !== null && hasContext(file, text, context)) ?? [];
  if (path === undefined)
    throw usage(`There is no kubeconfig with the context '${context}'.`, "kubectl config get-contexts");
  const change = { kind: "yaml", list: "contexts", item: context, path: ["context", "user"], value: name } as const;
  return { name, path, change, replaces: true };
}

function hasContext(path: string, text: string, name: string): boolean {
  try {
    return hasItem(text, "contexts", name);
  } catch (error) {
    if (error instanceof Unreadable) throw refused(`${path} ${error.message}.`, "Look at it with: kubectl config view");
    throw error;
  }
}

function placesOf(call: SetupCall): readonly string[] {
  const named = (call.env.KUBECONFIG ?? "").split(delimiter).filter((path) => path !== "");
  if (named.length > 0) return named.map((path) => absolutePath(path, call.platform, call.folder));
  return inHome(call, ".kube", "config");
}

/** What a program that helps us (a browser, an editor) gets of our environment. */
import type { Environment } from "./context.ts";

/** Neither what opens the vault, nor a switch of the runtime, which would change any program built like us. */
export function helperEnvironment(env: Environment): Record<string, string> {
  const kept = Object.entries(env).filter(([name]) => !/^(AUTH_|BUN_)|^NODE_TLS_REJECT_UNAUTHORIZED$/.test(name));
  return Object.fromEntries(kept.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

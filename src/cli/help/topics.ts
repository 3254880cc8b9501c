/** `auth help <topic>`: help that is about no single command. docs/reference.md is made from the same tables. */
import type { Environment } from "../../platform/context.ts";
import type { Section } from "./layout.ts";

/** One topic's content: text for people, and the same as a JSON document. */
export interface Topic {
  readonly intro: string;
  readonly sections: readonly Section[];
  readonly document: unknown;
}

export interface TopicEntry {
  readonly description: string;
  /** @param env what `paths` depends on */
  readonly load: (env: Environment, platform: NodeJS.Platform) => Promise<Topic>;
}

export const TOPICS: Readonly<Record<string, TopicEntry>> = {
  "exit-codes": {
    description: "What each exit code means, and the error codes behind it",
    load: async () => (await import("./exit-codes.ts")).exitCodes(),
  },
  "error-codes": {
    description: "Each error code of --json, what it means and what to do",
    load: async () => (await import("./exit-codes.ts")).errorCodes(),
  },
  environment: {
    description: "The environment variables that are read and set",
    load: async () => (await import("./environment.ts")).environment(),
  },
  paths: {
    description: "Where the vault, its key, plugins and logs are",
    load: async (env, platform) => (await import("./paths.ts")).paths(env, platform),
  },
  json: {
    description: "The documents that --json prints",
    load: async () => (await import("./json.ts")).json(),
  },
};

/** What is told of a provider: its description in the words of CLI.md. */
import type { ProviderDefinition } from "../../providers/schema.ts";

export interface ProviderView {
  readonly id: string;
  readonly title: string;
  /** Where the description comes from. */
  readonly origin: "built-in";
  readonly docs: string | null;
  /** In order of preference. */
  readonly flows: readonly string[];
  readonly settings: readonly SettingView[];
  readonly variables: { readonly read: readonly string[]; readonly write: readonly string[] };
  readonly trust: "trusted";
}

interface SettingView {
  readonly name: string;
  readonly title: string;
  readonly flag: string;
  readonly env: readonly string[];
  readonly default: string | null;
  readonly required: boolean;
}

export function providerView(definition: ProviderDefinition): ProviderView {
  const { id, title, docs = null, flows, settings = {}, environment, variants = [] } = definition;
  // Which of a variant's apply depends on the settings of a connection: all are named.
  const environments = [environment, ...variants.map((variant) => variant.environment)];
  return {
    id,
    title,
    origin: "built-in",
    docs,
    flows: [...new Set(flows.map((choice) => (typeof choice === "string" ? choice : choice.flow)))],
    settings: Object.entries(settings).map(([name, setting]) => ({
      name,
      title: setting.title,
      flag: `--${setting.flag ?? name}`,
      env: setting.env ?? [],
      default: setting.default ?? null,
      required: setting.required ?? false,
    })),
    variables: {
      read: [...new Set(environments.flatMap((one) => one?.read ?? []))],
      write: [...new Set(environments.flatMap((one) => Object.keys(one?.write ?? {})))],
    },
    trust: "trusted",
  };
}

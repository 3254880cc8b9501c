/** Examples name no provider: `{a}` and `{b}` become two that exist, since `src/` knows none by name. */
import type { Example } from "../command.ts";

export function filledExamples(examples: readonly Example[], providers: readonly string[]): Example[] {
  const [a = "<provider>", b = a] = providers;
  const filled = (text: string): string => text.replaceAll("{a}", () => a).replaceAll("{b}", () => b);
  return examples.map(([line, purpose]) => [filled(line), filled(purpose)]);
}

import { usage } from "../../platform/errors.ts";

/** The default: milliseconds without a request after which the agent locks. */
export const IDLE_MS = 15 * 60_000;

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `15m`, `90s`, `8h`, `never`. @returns milliseconds; null: never @throws AuthError `usage` */
export function idleTime(text: string): number | null {
  if (text === "never") return null;
  const [, number = "", unit = ""] = /^(\d{1,6})(s|m|h|d)$/.exec(text) ?? [];
  const time = Number(number) * (UNITS[unit as keyof typeof UNITS] ?? 0);
  if (time > 0) return time;
  throw usage("--idle takes a time, or 'never'.", "For example: --idle 15m   (s, m, h, d)");
}

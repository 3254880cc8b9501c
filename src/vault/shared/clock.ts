/** This machine's clock against that of a shared vault's server, by which all machines that use the vault can be compared. */
import type { Context } from "../../platform/context.ts";
import type { VaultWarning } from "../status.ts";
import type { SharedStore } from "./store.ts";

/** Milliseconds. As for the providers' clocks (`auth doctor`). */
const TOLERANCE = 60_000;

/** None where the server doesn't tell its time. The question's own time counts for neither. */
export async function clockWarnings(
  { now }: Pick<Context, "now">,
  { time }: Pick<SharedStore, "time">,
): Promise<VaultWarning[]> {
  const asked = now();
  const at = await time();
  const answered = now();
  if (at === null) return [];
  const [behind, ahead] = [at - answered, asked - at];
  if (behind > TOLERANCE)
    return [apart(behind, "behind", "tokens that have ended may be given out for as much longer than they live")];
  if (ahead > TOLERANCE) return [apart(ahead, "ahead of", "tokens are renewed earlier than they have to be")];
  return [];
}

function apart(milliseconds: number, which: "behind" | "ahead of", effect: string): VaultWarning {
  const seconds = Math.round(milliseconds / 1000);
  const text = `This machine's clock is ${seconds} s ${which} that of the shared vault's server: ${effect}.`;
  return { about: "server", text, remedy: "Set the one that is wrong right (NTP)." };
}

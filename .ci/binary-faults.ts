/** What is wrong with a built binary: of another platform, not hardened, with a signature that doesn't fit. */
import { objections } from "./apple-signature.ts";
import { type Binary, describeBinary } from "./binary.ts";
import type { Platform } from "./platforms.ts";
import { switchesIn } from "./runtime.ts";

/** In its version resource. */
const NAME_ON_WINDOWS = Buffer.from("OriginalFilename\0auth.exe\0", "utf16le");

const FORMATS: Readonly<Record<string, Binary["format"]>> = { linux: "elf", darwin: "mach-o", windows: "pe" };

/** What is wrong with a binary of that platform. */
export function faultsOf(platform: Platform, bytes: Buffer): string[] {
  const [system = "", arch = "", libc = system === "linux" ? "glibc" : null] = platform.split("-");
  const found = describeBinary(bytes);
  const wrong: string[] = [];
  if (found.format !== FORMATS[system] || found.arch !== arch || found.libc !== libc) {
    wrong.push(`made for ${found.format} ${found.arch} ${found.libc ?? ""}`.trim());
  }
  if (!found.hardened) wrong.push("not hardened against files of the current folder");
  const switches = switchesIn(bytes.subarray(0, found.runtimeSize));
  if (switches.length > 0) wrong.push(`switches of Bun: ${switches.join(", ")}`);
  if (found.format === "pe" && !bytes.includes(NAME_ON_WINDOWS)) wrong.push("Windows would show another's name");
  if (found.format === "mach-o") wrong.push(...objections(bytes, "auth"));
  return wrong;
}

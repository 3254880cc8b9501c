/** `verify.ts <platform…>`: each dist/<platform>/ holds a hardened binary of that platform. */
import { type Binary, describeBinary } from "./binary.ts";

const FORMATS: Readonly<Record<string, Binary["format"]>> = { linux: "elf", darwin: "mach-o", windows: "pe" };

let wrong = 0;
for (const platform of process.argv.slice(2)) {
  const [system = "", arch = "", libc = system === "linux" ? "glibc" : null] = platform.split("-");
  const path = `dist/${platform}/auth${system === "windows" ? ".exe" : ""}`;
  const found = describeBinary(Buffer.from(await Bun.file(path).arrayBuffer()));
  const right = found.format === FORMATS[system] && found.arch === arch && found.libc === libc && found.hardened;
  if (!right) wrong++;
  const facts = [found.format, found.arch, found.libc ?? "", found.hardened ? "hardened" : "NOT HARDENED"];
  console.log(`${right ? "✓" : "✗"} ${path}: ${facts.filter((fact) => fact !== "").join(", ")}`);
}
process.exit(wrong === 0 ? 0 : 1);

/** A Debian package (deb(5)): an ar archive of the format's version, what is told of the package, and its files. */
import { createHash } from "node:crypto";
import { type Entry, entry, gzip, tarGz } from "../archive.ts";
import { debianPlaces } from "../shell-files.ts";
import { PACKAGE } from "./description.ts";

interface Packed {
  readonly version: string;
  readonly architecture: "amd64" | "arm64";
  readonly program: Entry;
  readonly pages: readonly Entry[];
  readonly shellFiles: readonly Entry[];
  /** Where the release is published. */
  readonly url: string;
  /** The time of every file, in seconds since 1970. */
  readonly seconds: number;
}

export function debPackage({ version, architecture, program, pages, shellFiles, url, seconds }: Packed): Uint8Array {
  const text = (name: string): string =>
    new TextDecoder().decode(pages.find(({ path }) => path === name)?.bytes ?? new Uint8Array());
  // Debian orders 1.0.0~rc.1 before 1.0.0, and would take 1.0.0-rc.1 for a revision.
  const debVersion = version.replace("-", "~");
  const date = new Date(seconds * 1000).toUTCString().replace("GMT", "+0000");
  const changelog = `auth (${debVersion}) stable; urgency=medium\n\n  * Release ${version}: ${url}\n\n -- ${PACKAGE.maintainer}  ${date}\n`;
  const content = [
    entry("usr/bin/auth", program.bytes, true),
    entry("usr/share/doc/auth/README.md", text("README.md")),
    entry("usr/share/doc/auth/changelog.gz", gzip(Buffer.from(changelog))),
    entry("usr/share/doc/auth/copyright", `${text("LICENSE")}\n${text("THIRD-PARTY-LICENSES")}`),
    ...debianPlaces(shellFiles),
  ];
  const size = content.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const control = `Package: ${PACKAGE.name}
Version: ${debVersion}
Architecture: ${architecture}
Maintainer: ${PACKAGE.maintainer}
Installed-Size: ${Math.ceil(size / 1024)}
Depends: libc6 (>= 2.17)
Recommends: ca-certificates
Section: utils
Priority: optional
Homepage: ${url}
Description: ${PACKAGE.description}
 One program that logs in, keeps tokens sealed, refreshes them exactly once
 however many processes ask, and hands them to commands.
`;
  const sums = content.map(({ path, bytes }) => `${createHash("md5").update(bytes).digest("hex")}  ${path}\n`).join("");
  return ar(
    [
      ["debian-binary", Buffer.from("2.0\n")],
      ["control.tar.gz", tarGz([entry("./", ""), entry("./control", control), entry("./md5sums", sums)], seconds)],
      ["data.tar.gz", tarGz(tree(content), seconds)],
    ],
    seconds,
  );
}

/** The files, each folder before what is in it. */
function tree(content: readonly Entry[]): Entry[] {
  const folders = new Set(["./"]);
  for (const { path } of content)
    for (let end = path.indexOf("/"); end > 0; end = path.indexOf("/", end + 1))
      folders.add(`./${path.slice(0, end + 1)}`);
  return [
    ...[...folders].map((path) => entry(path, "")),
    ...content.map((file) => ({ ...file, path: `./${file.path}` })),
  ];
}

/** ar(5), as deb(5) wants it. */
function ar(members: readonly (readonly [string, Uint8Array])[], seconds: number): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from("!<arch>\n")];
  for (const [name, data] of members) {
    const fields = [name.padEnd(16), String(seconds).padEnd(12), "0".padEnd(6), "0".padEnd(6), "100644".padEnd(8)];
    parts.push(Buffer.from(`${fields.join("")}${String(data.length).padEnd(10)}\`\n`), data);
    if (data.length % 2 === 1) parts.push(Buffer.from("\n"));
  }
  return Buffer.concat(parts);
}

// What Windows shows of a program: its name and version, in place of Bun's, and no icon of another. Not in TypeScript, since
// resedit's types bring a browser's with them.
import { NtExecutable, NtExecutableResource, Resource } from "resedit";

const ENGLISH = 1033;
const UTF16 = 1200;
const ICONS = [3, 14];

/** The runtime with our resources. Its makers' signature goes: it covers other bytes. @param version `0.1.0` */
export function withResources(runtime, version) {
  const program = NtExecutable.from(runtime, { ignoreCert: true });
  const resources = NtExecutableResource.from(program);
  resources.entries = resources.entries.filter(({ type }) => !ICONS.includes(type));
  const [info] = Resource.VersionInfo.fromEntries(resources.entries);
  if (info === undefined) throw new Error("the runtime has no version resource");
  info.setFileVersion(`${version}.0`);
  info.setProductVersion(`${version}.0`);
  info.setStringValues(
    { lang: ENGLISH, codepage: UTF16 },
    {
      ProductName: "auth",
      ProductVersion: version,
      FileVersion: version,
      FileDescription: "auth: keeps every token valid",
      InternalName: "auth",
      OriginalFilename: "auth.exe",
      CompanyName: "The auth maintainers",
      LegalCopyright: "MIT License; see THIRD-PARTY-LICENSES",
    },
  );
  info.outputToResourceEntries(resources.entries);
  resources.outputResource(program);
  return Buffer.from(program.generate());
}

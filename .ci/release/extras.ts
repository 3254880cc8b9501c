/** What a release holds beyond its archives: packages and scripts that install them. Each writes its files into the release. */
import type { Keys } from "./keys.ts";
import type { ReleaseFile } from "./manifest.ts";
import { writePackages } from "./packages/index.ts";

export interface SoFar {
  readonly version: string;
  /** Where the files of this release will be served: `<url>/<file name>`. */
  readonly url: string;
  /** The archives, as the manifest names them. */
  readonly files: readonly ReleaseFile[];
  /** The release's folder: the archives lie there. Whatever is added is summed and signed. */
  readonly folder: string;
  /** The binary of each platform, unpacked: `<binaries>/<platform>/auth`. */
  readonly binaries: string;
  readonly keys: Pick<Keys, "publicKeys" | "minisign">;
  /** The time of every file, in seconds since 1970. */
  readonly seconds: number;
}

export type Extra = (release: SoFar) => void | Promise<void>;

export const EXTRAS: readonly Extra[] = [writePackages];

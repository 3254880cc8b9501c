/** auth as package managers describe it; the one place for its names there. */
import { description, license } from "../../../package.json";

export const PACKAGE = {
  name: "auth",
  /** On npm: the launcher, and the scope of the packages that hold the binaries. */
  npm: "auth-cli",
  npmScope: "@auth-cli",
  description,
  license,
  /** Debian wants one: whoever publishes the release. */
  maintainer: "The auth developers <auth@auth.invalid>",
} as const;

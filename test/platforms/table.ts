/** The platforms on which the suite can be run here, and how. docs/install.md tells users the same. */
import { ARM64, linkLibstdcxx, type Toolchain, X64 } from "./musl.ts";
import { isNative, type Platform, posixMachine } from "./platform.ts";
import { WINDOWS, windowsMachine } from "./wine.ts";

const EMULATORS = "Debian: qemu-user-static";
const ARM64_EMULATOR = "/usr/bin/qemu-aarch64-static";

export const PLATFORMS = {
  "linux-x64": native("linux-x64"),
  /** The oldest processor that has SSE4.2, which is what the builds ask for (x86-64-v2). */
  "linux-x64-old-cpu": emulated("linux-x64-old-cpu", "linux-x64", ["/usr/bin/qemu-x86_64-static", "-cpu", "Nehalem"]),
  "linux-arm64": isNative("linux-arm64")
    ? native("linux-arm64")
    : emulated("linux-arm64", "linux-arm64", [ARM64_EMULATOR, "-L", "/usr/aarch64-linux-gnu"], {
        "/usr/aarch64-linux-gnu/lib/ld-linux-aarch64.so.1": "Debian: libc6-arm64-cross",
      }),
  "linux-x64-musl": musl("linux-x64-musl", X64, {
    "/lib/ld-musl-x86_64.so.1": "Debian: musl",
    [`${X64.libraries}/libstdc++_pic.a`]: "Debian: libstdc++-12-pic",
    [`${X64.prefix}-ld`]: "Debian: binutils",
  }),
  "linux-arm64-musl": musl(
    "linux-arm64-musl",
    ARM64,
    {
      [ARM64_EMULATOR]: EMULATORS,
      "/lib/ld-musl-aarch64.so.1": "Debian: musl:arm64",
      [`${ARM64.libraries}/libstdc++_pic.a`]: "Debian: libstdc++-12-pic-arm64-cross",
      [`${ARM64.prefix}-ld`]: "Debian: binutils-aarch64-linux-gnu",
    },
    [ARM64_EMULATOR],
  ),
  "windows-x64": { ...WINDOWS, prepare: windowsMachine },
  "darwin-x64": native("darwin-x64"),
  "darwin-arm64": native("darwin-arm64"),
} as const satisfies Readonly<Record<string, Platform>>;

function native(name: string): Platform {
  return { name, build: name, needs: null, prepare: (binary) => posixMachine(binary, []) };
}

function emulated(
  name: string,
  build: string,
  under: readonly [emulator: string, ...args: string[]],
  needs: Readonly<Record<string, string>> = {},
): Platform {
  return {
    name,
    build,
    needs: { [under[0]]: EMULATORS, ...needs },
    prepare: (binary) => posixMachine(binary, under),
  };
}

function musl(
  name: string,
  toolchain: Toolchain,
  needs: Readonly<Record<string, string>>,
  under: readonly string[] = [],
): Platform {
  return {
    name,
    build: name,
    needs,
    prepare: (binary) => posixMachine(binary, under, { LD_LIBRARY_PATH: linkLibstdcxx(binary, toolchain) }),
  };
}

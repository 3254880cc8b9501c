/** What other package managers fetch the archives by: a Homebrew formula, a Scoop manifest, a Nix expression. */
import type { ReleaseFile } from "../manifest.ts";
import { COMPLETIONS } from "../shell-files.ts";
import { PACKAGE } from "./description.ts";

interface Source {
  readonly version: string;
  /** Of the folder that holds the release's files. */
  readonly url: string;
  readonly files: readonly ReleaseFile[];
}

export function homebrewFormula({ version, files, url }: Source): string {
  const source = (platform: string, indent: string): string => {
    const { name, sha256 } = fileOf(files, platform);
    return `${indent}url "${url}/${name}"\n${indent}sha256 "${sha256}"`;
  };
  const system = (name: string, arm: string, intel: string): string =>
    `  on_${name} do
    on_arm do
${source(arm, "      ")}
    end
    on_intel do
${source(intel, "      ")}
    end
  end`;
  return `class Auth < Formula
  desc "${PACKAGE.description}"
  homepage "${url}"
  version "${version}"
  license "${PACKAGE.license}"

${system("macos", "darwin-arm64", "darwin-x64")}

${system("linux", "linux-arm64", "linux-x64")}

  def install
    bin.install "auth"
    bash_completion.install "${COMPLETIONS.bash}" => "auth"
    zsh_completion.install "${COMPLETIONS.zsh}"
    fish_completion.install "${COMPLETIONS.fish}"
    man1.install Dir["man/*.1"]
  end

  test do
    assert_equal "auth #{version}\\n", shell_output("#{bin}/auth --version")
  end
end
`;
}

export function scoopManifest({ version, files, url }: Source): string {
  const source = (platform: string): object => {
    const { name, sha256 } = fileOf(files, platform);
    return { url: `${url}/${name}`, hash: sha256, extract_dir: name.replace(/\.zip$/, "") };
  };
  const { description, license } = PACKAGE;
  const architecture = { "64bit": source("windows-x64"), arm64: source("windows-arm64") };
  return `${JSON.stringify({ version, description, homepage: url, license, architecture, bin: "auth.exe" }, null, 4)}\n`;
}

/**
 * Only the path of the program interpreter is changed, by which the C library comes too. M (patchelf 0.14): a change of the
 * search path as well, which the usual hook and the fixup phase make, leaves a program that crashes.
 */
export function nixExpression({ version, files, url }: Source): string {
  const sources = {
    "x86_64-linux": "linux-x64",
    "aarch64-linux": "linux-arm64",
    "x86_64-darwin": "darwin-x64",
    "aarch64-darwin": "darwin-arm64",
  };
  const lines = Object.entries(sources).map(([system, platform]) => {
    const { name, sha256 } = fileOf(files, platform);
    return `    ${system} = fetchurl {\n      url = "${url}/${name}";\n      sha256 = "${sha256}";\n    };`;
  });
  return `{ lib, stdenv, fetchurl, patchelf }:

stdenv.mkDerivation {
  pname = "${PACKAGE.name}";
  version = "${version}";

  src = {
${lines.join("\n")}
  }.\${stdenv.hostPlatform.system} or (throw "auth is not made for \${stdenv.hostPlatform.system}");

  nativeBuildInputs = lib.optional stdenv.hostPlatform.isLinux patchelf;

  # The program carries its own code at its end, and crashes where more than its interpreter is changed.
  dontStrip = true;
  dontPatchELF = true;

  installPhase = ''
    install -Dm755 auth $out/bin/auth
    install -Dm644 ${COMPLETIONS.bash} $out/share/bash-completion/completions/auth
    install -Dm644 ${COMPLETIONS.zsh} $out/share/zsh/site-functions/_auth
    install -Dm644 ${COMPLETIONS.fish} $out/share/fish/vendor_completions.d/auth.fish
    install -Dm644 -t $out/share/man/man1 man/*.1
  '' + lib.optionalString stdenv.hostPlatform.isLinux ''
    patchelf --set-interpreter "$(cat $NIX_CC/nix-support/dynamic-linker)" $out/bin/auth
  '';

  doInstallCheck = true;
  installCheckPhase = ''
    [ "$($out/bin/auth --version)" = "auth ${version}" ]
  '';

  meta = {
    description = "${PACKAGE.description}";
    license = lib.licenses.mit;
    mainProgram = "auth";
    platforms = [ ${Object.keys(sources)
      .map((system) => `"${system}"`)
      .join(" ")} ];
  };
}
`;
}

function fileOf(files: readonly ReleaseFile[], platform: string): ReleaseFile {
  const file = files.find((file) => file.platform === platform);
  if (file === undefined) throw new Error(`The release lacks ${platform}.`);
  return file;
}

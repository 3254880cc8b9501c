/**
 * What the runtime is made of: the libraries that Bun links, with their licences (SPDX).
 * Source: LICENSE.md of https://github.com/oven-sh/bun. To be looked at with each new Bun.
 */
export interface Component {
  readonly name: string;
  readonly license: string;
  readonly url: string;
}

export const BUN: Component = { name: "bun", license: "MIT", url: "https://github.com/oven-sh/bun" };

export const BUN_COMPONENTS: readonly Component[] = [
  { name: "JavaScriptCore (WebKit)", license: "LGPL-2.0-only", url: "https://github.com/oven-sh/webkit" },
  {
    name: "boringssl",
    license: "Apache-2.0 AND ISC AND OpenSSL",
    url: "https://boringssl.googlesource.com/boringssl/",
  },
  { name: "brotli", license: "MIT", url: "https://github.com/google/brotli" },
  { name: "libarchive", license: "BSD-2-Clause", url: "https://github.com/libarchive/libarchive" },
  { name: "lol-html", license: "BSD-3-Clause", url: "https://github.com/cloudflare/lol-html" },
  { name: "ls-hpack", license: "MIT", url: "https://github.com/litespeedtech/ls-hpack" },
  { name: "ls-qpack", license: "MIT", url: "https://github.com/litespeedtech/ls-qpack" },
  { name: "lsquic", license: "MIT AND BSD-3-Clause", url: "https://github.com/litespeedtech/lsquic" },
  { name: "mimalloc", license: "MIT", url: "https://github.com/microsoft/mimalloc" },
  { name: "picohttpparser", license: "MIT", url: "https://github.com/h2o/picohttpparser" },
  { name: "zstd", license: "BSD-3-Clause", url: "https://github.com/facebook/zstd" },
  { name: "simdutf", license: "Apache-2.0", url: "https://github.com/simdutf/simdutf" },
  { name: "tinycc", license: "LGPL-2.1-only", url: "https://github.com/tinycc/tinycc" },
  { name: "uSockets", license: "Apache-2.0", url: "https://github.com/uNetworking/uSockets" },
  { name: "zlib-ng", license: "Zlib", url: "https://github.com/zlib-ng/zlib-ng" },
  { name: "c-ares", license: "MIT", url: "https://github.com/c-ares/c-ares" },
  { name: "icu", license: "ICU", url: "https://github.com/unicode-org/icu" },
  { name: "base64", license: "BSD-2-Clause", url: "https://github.com/aklomp/base64" },
  { name: "libuv", license: "MIT", url: "https://github.com/libuv/libuv" },
  { name: "libdeflate", license: "MIT", url: "https://github.com/ebiggers/libdeflate" },
  {
    name: "libjpeg-turbo",
    license: "BSD-3-Clause AND IJG AND Zlib",
    url: "https://github.com/libjpeg-turbo/libjpeg-turbo",
  },
  { name: "libspng", license: "BSD-2-Clause", url: "https://github.com/randy408/libspng" },
  { name: "libwebp", license: "BSD-3-Clause", url: "https://github.com/webmproject/libwebp" },
  { name: "highway", license: "Apache-2.0", url: "https://github.com/google/highway" },
  { name: "uucode", license: "MIT", url: "https://github.com/jacobsandlund/uucode" },
  { name: "uWebSockets", license: "Apache-2.0", url: "https://github.com/jarred-sumner/uwebsockets" },
  { name: "tigerbeetle", license: "Apache-2.0", url: "https://github.com/tigerbeetle/tigerbeetle" },
  { name: "libc++abi", license: "Apache-2.0 WITH LLVM-exception", url: "https://github.com/llvm/llvm-project" },
  { name: "esbuild", license: "MIT", url: "https://github.com/evanw/esbuild" },
  ...polyfills(
    "acorn acorn-walk assert browserify-zlib buffer constants-browserify crypto-browserify domain-browser events",
    "https-browserify os-browserify path-browserify process punycode querystring-es3 stream-browserify stream-http",
    "string_decoder timers-browserify tty-browserify url util vm-browserify",
  ),
];

/** Packages of npm inside Bun that stand in for modules of Node. */
function polyfills(...lines: readonly string[]): Component[] {
  const names = lines.join(" ").split(" ");
  return names.map((name) => ({ name, license: "MIT", url: `https://www.npmjs.com/package/${name}` }));
}

import { expect, test } from "bun:test";
import { isPrivateHost } from "../../src/platform/private-host.ts";

const hostOf = (url: string): string => new URL(url).hostname;

test.each([
  ...["https://127.0.0.1", "https://0x7f.1", "https://0.0.0.0", "https://10.0.0.1", "https://100.64.0.1"],
  ...["https://169.254.169.254", "https://172.16.0.1", "https://172.31.255.255", "https://192.168.1.1"],
  ...[
    "https://192.0.0.1",
    "https://198.18.0.1",
    "https://198.19.255.255",
    "https://224.0.0.1",
    "https://255.255.255.255",
  ],
  ...[
    "https://[::]",
    "https://[::1]",
    "https://[fc00::1]",
    "https://[fd12::1]",
    "https://[fe80::1]",
    "https://[fec0::1]",
  ],
  ...["https://[ff02::1]", "https://[::ffff:10.0.0.1]", "https://[::ffff:0:a00:1]", "https://[64:ff9b::a00:1]"],
  ...["https://[64:ff9b::7f00:1]", "https://[64:ff9b:1::a00:1]", "https://[2002:a00:1::]", "https://[2001:0:a00:1::]"],
  ...["https://[::10.0.0.1]", "https://[100::1]"],
  ...["https://localhost", "https://a.localhost", "https://localhost.localdomain", "https://ip6-localhost"],
])("%s is private", (url) => expect(isPrivateHost(hostOf(url))).toBe(true));

test.each([
  ...["https://8.8.8.8", "https://172.32.0.1", "https://100.128.0.1", "https://192.0.1.1", "https://198.20.0.1"],
  ...["https://223.255.255.255", "https://example.com", "https://10.example.com", "https://localhost.example.com"],
  ...["https://[2001:db8::1]", "https://[2606:4700::1111]", "https://[2001:4860::8888]"],
])("%s is public", (url) => expect(isPrivateHost(hostOf(url))).toBe(false));

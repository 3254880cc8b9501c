/** Hosts that nothing on the internet leads to: this machine, and the networks that it is in. */
import { isLoopback } from "./url.ts";

/** Names of this machine, beside those of RFC 6761 §6.3, in the hosts files of Linux distributions. */
const NAMES: readonly string[] = [
  ...["localhost.localdomain", "localhost4", "localhost6", "localhost4.localdomain4", "localhost6.localdomain6"],
  ...["ip6-localhost", "ip6-loopback"],
];

/**
 * What isn't globally reachable: https://www.iana.org/assignments/iana-ipv4-special-registry and
 * https://www.iana.org/assignments/iana-ipv6-special-registry, multicast, and site-local addresses (RFC 3879). Prefixes that
 * hold an IPv4 address (RFC 4291 §2.5.5, 6052, 6145, 3056, 4380) are among them, whichever address it is: no server has to be
 * named by one. Not the networks of documentation, which are nobody's.
 */
const IPV4: readonly [string, number][] = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
];
const IPV6: readonly [string, number][] = [
  ["::", 3],
  ["2001::", 32],
  ["2002::", 16],
  ["fc00::", 7],
  ["fe80::", 9],
  ["ff00::", 8],
];

/**
 * An address of this machine or of a private network, as `URL.hostname` writes it. A name that a resolver turns into one isn't
 * known before it is asked.
 */
export function isPrivateHost(hostname: string): boolean {
  if (isLoopback(hostname) || hostname.endsWith(".localhost") || NAMES.includes(hostname)) return true;
  // Loaded here: only a login at a server that names others needs it.
  const { BlockList, isIP } = process.getBuiltinModule("node:net");
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  const family = isIP(address);
  if (family === 0) return false;
  const [networks, type] = family === 4 ? ([IPV4, "ipv4"] as const) : ([IPV6, "ipv6"] as const);
  const list = new BlockList();
  for (const [network, prefix] of networks) list.addSubnet(network, prefix, type);
  return list.check(address, type);
}

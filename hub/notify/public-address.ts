/**
 * Which addresses a webhook may go to: those of the public Internet. Everything else is somebody's inside (RFC 6890 and the
 * IANA registries of special-purpose addresses), the cloud's metadata service at 169.254.169.254 first of all.
 */
import { BlockList, isIP } from 'node:net';

/** Special-purpose IPv4 blocks. */
const INSIDE_V4: readonly (readonly [string, number])[] = [
  ['0.0.0.0', 8], // this network
  ['10.0.0.0', 8], // private
  ['100.64.0.0', 10], // carrier-grade NAT
  ['127.0.0.0', 8], // loopback
  ['169.254.0.0', 16], // link-local
  ['172.16.0.0', 12], // private
  ['192.0.0.0', 24], // protocol assignments
  ['192.0.2.0', 24], // documentation
  ['192.31.196.0', 24], // AS112
  ['192.52.193.0', 24], // AMT
  ['192.88.99.0', 24], // 6to4 relays
  ['192.168.0.0', 16], // private
  ['192.175.48.0', 24], // AS112
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24], // documentation
  ['203.0.113.0', 24], // documentation
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
];

/** The only IPv6 addresses that are routed globally, and the blocks in it that are not, or that hide an IPv4 address. */
const GLOBAL_V6 = ['2000::', 3] as const;
const INSIDE_V6: readonly (readonly [string, number])[] = [
  ['2001::', 23], // protocol assignments, Teredo and ORCHID among them
  ['2001:db8::', 32], // documentation
  ['2002::', 16], // 6to4: an IPv4 address in the middle
  ['2620:4f:8000::', 48], // AS112
  ['3fff::', 20], // documentation
];

function listOf(blocks: readonly (readonly [string, number])[], family: 'ipv4' | 'ipv6'): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of blocks) list.addSubnet(network, prefix, family);
  return list;
}

const insideV4 = listOf(INSIDE_V4, 'ipv4');
const insideV6 = listOf(INSIDE_V6, 'ipv6');
const globalV6 = listOf([GLOBAL_V6], 'ipv6');

/** Whether an address, as text, is of the public Internet. What is no address is not. */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return !insideV4.check(address, 'ipv4');
    case 6:
      // An address with a zone (`fe80::1%eth0`) is of a link, never public; BlockList would not know it.
      return !address.includes('%') && globalV6.check(address, 'ipv6') && !insideV6.check(address, 'ipv6');
    default:
      return false;
  }
}

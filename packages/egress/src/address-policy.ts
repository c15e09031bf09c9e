import { networkInterfaces } from 'node:os';
import ipaddr from 'ipaddr.js';

type Cidr<T> = [T, number];

// Addresses that ipaddr.js calls unicast although they are no public host of a vendor.
const refusedV4: Cidr<ipaddr.IPv4>[] = [
  '0.0.0.0/8', // "this network", RFC 791: Linux connects 0.0.0.0 to itself
  '168.63.129.16/32', // Azure's host agent, reachable from every Azure machine
  '192.0.0.0/24', // RFC 6890; 192.0.0.192 is Oracle Cloud's metadata service
  '192.31.196.0/24', // RFC 7535, AS112
  '192.52.193.0/24', // RFC 7450, AMT relays
  '192.88.99.0/24', // RFC 7526, 6to4 relays
  '192.175.48.0/24', // RFC 7534, AS112
].map((text) => ipaddr.IPv4.parseCIDR(text));

// RFC 4291 section 2.4: global unicast is handed out from 2000::/3 alone. All of NAT64 (64:ff9b::/96 and 64:ff9b:1::/48),
// IPv4-compatible (::/96), unique local, link-local and site-local addresses lie outside of it.
const globalV6 = ipaddr.IPv6.parseCIDR('2000::/3');
const refusedV6: Cidr<ipaddr.IPv6>[] = [
  '2001::/23', // RFC 2928, protocol assignments: Teredo, ORCHID, benchmarking
  '2001:db8::/32', // RFC 3849, documentation
  '2002::/16', // RFC 3056, 6to4 carries an IPv4 address
  '2620:4f:8000::/48', // RFC 7534, AS112
  '3ffe::/16', // RFC 3701, the former 6bone
  '3fff::/20', // RFC 9637, documentation
].map((text) => ipaddr.IPv6.parseCIDR(text));

/** Undefined for a public address; otherwise why it is refused. Takes canonical text, an IPv6 address without brackets. */
export function addressRefusal(text: string): string | undefined {
  if (!ipaddr.isValid(text) || text.includes('%')) return 'not an address';
  const address = ipaddr.parse(text);
  if (address instanceof ipaddr.IPv6) {
    if (address.isIPv4MappedAddress()) return addressRefusal(address.toIPv4Address().toString());
    if (!address.match(globalV6) || refusedV6.some((range) => address.match(range))) return 'not a global IPv6 address';
  } else if (refusedV4.some((range) => address.match(range))) {
    return 'a reserved IPv4 address';
  }
  const range = address.range();
  if (range !== 'unicast') return `a ${range} address`;
  return isOwn(address) ? 'an address of this machine' : undefined;
}

// A loop through the broker's own public address would arrive with the broker's own rights.
function isOwn(address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const text = address.toNormalizedString();
  return Object.values(networkInterfaces()).some((list) =>
    list?.some((entry) => ipaddr.isValid(entry.address) && ipaddr.parse(entry.address).toNormalizedString() === text),
  );
}

// RFC 6761, 6762, 8375, 9476 and the names that ICANN holds back because private networks use them.
const privateSuffixes = [
  'localhost',
  'localdomain',
  'local',
  'internal',
  'intranet',
  'private',
  'corp',
  'home',
  'lan',
  'home.arpa',
  'in-addr.arpa',
  'ip6.arpa',
  'test',
  'invalid',
  'alt',
  'onion',
];

/** Undefined for a name that may be looked up; its addresses are judged when they are known. */
export function nameRefusal(hostname: string): string | undefined {
  const name = hostname.toLowerCase();
  if (name === '') return 'no host';
  if (name.endsWith('.')) return 'a name with a trailing dot';
  if (!name.includes('.')) return 'a name without a domain';
  if (!/^[a-z0-9_-]+(\.[a-z0-9_-]+)+$/.test(name)) return 'not a host name';
  return privateSuffixes.some((suffix) => name.endsWith(`.${suffix}`)) ? 'a private name' : undefined;
}

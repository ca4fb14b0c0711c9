import { declare } from './declarations.ts';
import { NETWORK_FUNCTIONS } from './runtime/network.ts';
import { opaque } from './types.ts';

/** IP addresses and CIDR ranges (cel-go ext/network, which Kubernetes shares). */
export const NETWORK = {
  functions: declare(`ip(string) net.IP
isIP(string) bool
ip.isCanonical(string) bool
.family(net.IP) int
.isUnspecified(net.IP) bool
.isLoopback(net.IP) bool
.isLinkLocalMulticast(net.IP) bool
.isLinkLocalUnicast(net.IP) bool
.isGlobalUnicast(net.IP) bool
cidr(string) net.CIDR
isCIDR(string) bool
.containsIP(net.CIDR,net.IP) bool
.containsIP(net.CIDR,string) bool
.containsCIDR(net.CIDR,net.CIDR) bool
.containsCIDR(net.CIDR,string) bool
.ip(net.CIDR) net.IP
.masked(net.CIDR) net.CIDR
.prefixLength(net.CIDR) int
string(net.IP) string
string(net.CIDR) string`),
  implementations: NETWORK_FUNCTIONS,
  types: [
    ['net.IP', opaque('net.IP')],
    ['net.CIDR', opaque('net.CIDR')],
  ] as const,
};

/** The address a pod was given, moved into the guest: what the interface of the pod's namespace has. */
export interface GuestNetwork {
  /** `02:00:…`; the guest answers for the address the network knows. */
  readonly mac: string;
  readonly mtu: number;
  readonly addresses: readonly { readonly address: string; readonly prefix: number }[];
  readonly routes: readonly {
    readonly destination?: string;
    readonly prefix?: number;
    readonly gateway?: string;
    readonly onLink?: boolean;
    readonly family: 4 | 6;
  }[];
  readonly neighbours: readonly { readonly address: string; readonly mac: string }[];
}

const RTM = { setLink: 19, newAddress: 20, newRoute: 24, newNeighbour: 28 } as const;
const REQUEST_CREATE_REPLACE = 0x1 | 0x400 | 0x100;
const AF = { 4: 2, 6: 10 } as const;
/** The loopback device is first, the only card second. */
const LOOPBACK = 1;
const CARD = 2;
const UP = 1;
const NO_DUPLICATE_DETECTION = 2;
const PERMANENT = 0x80;
const UNIVERSE = 0;
const LINK = 253;
const MAIN = 254;
const BY_BOOT = 3;
const UNICAST = 1;
const ON_LINK = 4;

const u8 = (...values: number[]): number[] => values;
const u32 = (value: number): number[] => [0, 8, 16, 24].map(shift => (value >>> shift) & 0xff);
const u16 = (value: number): number[] => [value & 0xff, value >>> 8];

const attribute = (type: number, value: readonly number[]): number[] => {
  const padding = Array.from({ length: (4 - (value.length % 4)) % 4 }, () => 0);
  return [...u16(value.length + 4), ...u16(type), ...value, ...padding];
};

function message(type: number, body: readonly number[]): Uint8Array {
  return Uint8Array.from([
    ...u32(16 + body.length),
    ...u16(type),
    ...u16(REQUEST_CREATE_REPLACE),
    ...u32(1),
    ...u32(0),
    ...body,
  ]);
}

const macBytes = (mac: string): number[] => mac.split(':').map(part => Number.parseInt(part, 16));

/** The bytes of an address as written (RFC 4291 §2.2 for the second family). */
export function addressBytes(address: string): number[] {
  if (!address.includes(':')) return address.split('.').map(Number);
  const [head = '', tail] = address.split('::');
  const words = (text: string): number[] =>
    text
      .split(':')
      .filter(Boolean)
      .flatMap(part => {
        if (!part.includes('.')) return [Number.parseInt(part, 16)];
        const [a = 0, b = 0, c = 0, d = 0] = part.split('.').map(Number);
        return [a * 256 + b, c * 256 + d];
      });
  const [left, right] = [words(head), words(tail ?? '')];
  const zeros = Array.from({ length: tail === undefined ? 0 : 8 - left.length - right.length }, () => 0);
  return [...left, ...zeros, ...right].flatMap(value => [value >>> 8, value & 0xff]);
}

const family = (address: string): 4 | 6 => (address.includes(':') ? 6 : 4);

const linkUp = (index: number, attributes: readonly number[]): Uint8Array =>
  message(RTM.setLink, [...u8(0, 0), ...u16(0), ...u32(index), ...u32(UP), ...u32(UP), ...attributes]);

/** rtnetlink(7) messages that give the guest the pod's address, in order. */
export function networkMessages(network: GuestNetwork): readonly Uint8Array[] {
  const addresses = network.addresses.map(({ address, prefix }) => {
    const bytes = addressBytes(address);
    const head = u8(AF[family(address)], prefix, NO_DUPLICATE_DETECTION, UNIVERSE);
    return message(RTM.newAddress, [...head, ...u32(CARD), ...attribute(2, bytes), ...attribute(1, bytes)]);
  });
  const neighbours = network.neighbours.map(({ address, mac }) => {
    const head = [...u8(AF[family(address)], 0), ...u16(0), ...u32(CARD), ...u16(PERMANENT), ...u8(0, 0)];
    return message(RTM.newNeighbour, [...head, ...attribute(1, addressBytes(address)), ...attribute(2, macBytes(mac))]);
  });
  const routes = network.routes.map(route => {
    const scope = route.gateway === undefined ? LINK : UNIVERSE;
    const flags = u32(route.onLink ? ON_LINK : 0);
    const head = [...u8(AF[route.family], route.prefix ?? 0, 0, 0, MAIN, BY_BOOT, scope, UNICAST), ...flags];
    return message(RTM.newRoute, [
      ...head,
      ...(route.destination === undefined ? [] : attribute(1, addressBytes(route.destination))),
      ...(route.gateway === undefined ? [] : attribute(5, addressBytes(route.gateway))),
      ...attribute(4, u32(CARD)),
    ]);
  });
  return [
    linkUp(LOOPBACK, []),
    linkUp(CARD, [...attribute(1, macBytes(network.mac)), ...attribute(4, u32(network.mtu))]),
    ...addresses,
    ...neighbours,
    ...routes,
  ];
}

interface Shown {
  readonly ifname?: string;
  readonly address?: string;
  readonly mtu?: number;
  readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number; readonly scope: string }[];
}

interface ShownRoute {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev?: string;
  readonly flags?: readonly string[];
}

interface ShownNeighbour {
  readonly dst: string;
  readonly lladdr?: string;
  readonly dev?: string;
  readonly state?: readonly string[];
}

/** Reads what `ip -json` shows of a namespace: the device with the address, its routes, its fixed neighbours. */
export function readNetwork(
  links: readonly Shown[],
  routes: { readonly 4: readonly ShownRoute[]; readonly 6: readonly ShownRoute[] },
  neighbours: readonly ShownNeighbour[],
): (GuestNetwork & { readonly device: string }) | undefined {
  const of = (link: Shown) => (link.addr_info ?? []).filter(({ scope }) => scope === 'global');
  const link = links.find(candidate => candidate.ifname !== 'lo' && of(candidate).length > 0);
  if (!link?.ifname) return undefined;
  const routesOf = (version: 4 | 6): GuestNetwork['routes'] =>
    routes[version]
      .filter(({ dev, dst }) => dev === link.ifname && !dst.startsWith('fe80:') && !dst.startsWith('ff00:'))
      .map(({ dst, gateway, flags }) => {
        const [destination = '', length] = dst.split('/');
        const whole = version === 4 ? 32 : 128;
        return {
          family: version,
          ...(dst === 'default' ? {} : { destination, prefix: length === undefined ? whole : Number(length) }),
          ...(gateway === undefined ? {} : { gateway }),
          ...(flags?.includes('onlink') ? { onLink: true } : {}),
        };
      });
  return {
    device: link.ifname,
    mac: link.address ?? '02:00:00:00:00:01',
    mtu: link.mtu ?? 1500,
    addresses: of(link).map(({ local, prefixlen }) => ({ address: local, prefix: prefixlen })),
    // Routes to gateways need those to the gateways' links first.
    routes: [...routesOf(4), ...routesOf(6)].sort(
      (left, right) => Number(left.gateway !== undefined) - Number(right.gateway !== undefined),
    ),
    neighbours: neighbours.flatMap(({ dst, lladdr, dev, state }) =>
      dev === link.ifname && lladdr && state?.includes('PERMANENT') ? [{ address: dst, mac: lladdr }] : [],
    ),
  };
}

/**
 * Commands that lead everything that arrives at the pod's device to the guest's card and back (tc-mirred(8)): the
 * address stays where the network put it, and its rules on the other end of the device hold for the guest too.
 */
export function bridgeScript(device: string, mtu: number): string {
  const redirect = (from: string, to: string): string =>
    `tc qdisc add dev ${from} ingress && tc filter add dev ${from} parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev ${to}`;
  return [
    'ip tuntap add dev tap0 mode tap vnet_hdr',
    `ip link set dev tap0 mtu ${mtu} up`,
    redirect(device, 'tap0'),
    redirect('tap0', device),
  ].join(' && ');
}

/** wasi:sockets 0.2 of one component: network, names, TCP and UDP, at its pod's address and no other. */
import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import {
  addressOf,
  type Family,
  familyOf,
  type IpAddress,
  type NameServers,
  refuse,
  SocketCount,
  type SocketGrants,
} from './wasm-world-addresses.ts';
import { SocketError } from './wasm-world-connection.ts';
import { Bell, Pollable } from './wasm-world-io.ts';
import { TcpSocket } from './wasm-world-tcp.ts';
import { IncomingDatagramStream, OutgoingDatagramStream, UdpSocket } from './wasm-world-udp.ts';

/** The pod's network: there is one, and sockets know it already. */
class Network {}

const LOOKUP_MS_MAX = 5000;
const ABSENT = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME']);

/** The names to ask for, in order (resolv.conf(5): search, ndots). */
export function candidates(name: string, { searches, ndots }: NameServers): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const longer = searches.map(search => `${name}.${search}`);
  return name.split('.').length - 1 >= ndots ? [name, ...longer] : [...longer, name];
}

/**
 * Addresses of a name of the pod's family, asked of its servers from its own address. Rejects with Node's codes of
 * c-ares; ENOTFOUND where no candidate has one.
 */
export async function lookUp(grants: SocketGrants, name: string): Promise<string[]> {
  const { address, dns } = grants;
  if (address === undefined || dns.servers.length === 0)
    throw Object.assign(new Error('no name server'), { code: 'ECONNREFUSED' });
  const resolver = new Resolver({ timeout: LOOKUP_MS_MAX / 2, tries: 2 });
  resolver.setServers(dns.servers);
  const isSix = familyOf(address) === 'ipv6';
  if (isSix) resolver.setLocalAddress('0.0.0.0', address);
  else resolver.setLocalAddress(address);
  for (const candidate of candidates(name, dns))
    try {
      return await (isSix ? resolver.resolve6(candidate) : resolver.resolve4(candidate));
    } catch (error) {
      if (!ABSENT.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  throw Object.assign(new Error(`no address of ${name}`), { code: 'ENOTFOUND' });
}

const failureOf = ({ code }: NodeJS.ErrnoException): string =>
  ABSENT.has(code ?? '')
    ? 'name-unresolvable'
    : code === 'EREFUSED' || code === 'ENOTIMP' || code === 'EFORMERR'
      ? 'permanent-resolver-failure'
      : 'temporary-resolver-failure';

class ResolveAddressStream {
  readonly #bell = new Bell();
  #addresses: IpAddress[] | undefined;
  #failure: string | undefined;
  private constructor(addresses: Promise<readonly string[]>) {
    addresses
      .then(
        found => void (this.#addresses = found.map(addressOf)),
        (error: Error) => void (this.#failure = failureOf(error)),
      )
      .finally(() => this.#bell.ring());
  }

  static of(addresses: Promise<readonly string[]>): ResolveAddressStream {
    return new ResolveAddressStream(addresses);
  }

  resolveNextAddress(): IpAddress | undefined {
    if (this.#failure !== undefined) return refuse(this.#failure);
    if (!this.#addresses) return refuse('would-block');
    return this.#addresses.shift();
  }

  subscribe(): Pollable {
    return new Pollable(
      () => this.#addresses !== undefined || this.#failure !== undefined,
      () => this.#bell.wait(),
    );
  }
}

/** An address is given back as it is; names are looked up only by pods that were granted somewhere to go. */
function resolveAddresses(grants: SocketGrants, name: string): ResolveAddressStream {
  const bare = /^\[(.+)\]$/.exec(name)?.[1] ?? name;
  if (isIP(bare) !== 0) return ResolveAddressStream.of(Promise.resolve([bare]));
  const ascii = domainToASCII(name);
  if (ascii === '' || isIP(ascii) !== 0 || !/^[a-z0-9_-]+(\.[a-z0-9_-]+)*\.?$/.test(ascii) || ascii.length > 254)
    return refuse('invalid-argument');
  if (grants.destinations.length === 0) return refuse('access-denied');
  return ResolveAddressStream.of(lookUp(grants, ascii));
}

export function socketsWorld(grants: SocketGrants): object {
  const count = new SocketCount();
  const network = new Network();
  const ours = grants.address === undefined ? undefined : familyOf(grants.address);
  const supported = (family: Family): Family => {
    if (ours === undefined) refuse('access-denied');
    return family === ours ? family : refuse('not-supported');
  };
  return {
    'wasi:sockets/instance-network': { instanceNetwork: () => network },
    'wasi:sockets/network': {
      Network,
      networkErrorCode: (error: unknown) => (error instanceof SocketError ? error.code : undefined),
    },
    'wasi:sockets/tcp': { TcpSocket },
    'wasi:sockets/udp': { UdpSocket, IncomingDatagramStream, OutgoingDatagramStream },
    'wasi:sockets/tcp-create-socket': {
      createTcpSocket: (family: Family) => TcpSocket.create(grants, count, supported(family)),
    },
    'wasi:sockets/udp-create-socket': {
      createUdpSocket: (family: Family) => UdpSocket.create(grants, count, supported(family)),
    },
    'wasi:sockets/ip-name-lookup': {
      ResolveAddressStream,
      resolveAddresses: (_network: unknown, name: string) => resolveAddresses(grants, name),
    },
  };
}

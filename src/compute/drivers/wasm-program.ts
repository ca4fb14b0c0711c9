import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { ContainerSpec, Rootfs, SandboxSpec } from '../model.ts';
import type { WasmPlace } from './wasm-protocol.ts';
import type { NameServers } from './wasm-world-addresses.ts';

/** Pod annotation: hosts its components may ask by wasi:http, separated by commas; `*` is every host. */
const OUTGOING = 'tenon.dev/wasm-outgoing';
/** Pod annotation: where its components' sockets may go (`*`, addresses, ranges, each with an optional port). */
const SOCKETS = 'tenon.dev/wasm-sockets';
const DEFAULT_PORT = 8080;

/** What the wasm host must be given to run a container: the module, or a transpiled component's files. */
export async function readProgram(rootfs: Rootfs & { readonly kind: 'wasm' }): Promise<ReadonlyMap<string, Buffer>> {
  const { component } = rootfs;
  if (component === undefined) return new Map([['module.wasm', await readFile(rootfs.module)]]);
  const names = (await readdir(component)).filter(name => name === 'component.js' || name.endsWith('.wasm'));
  return new Map(await Promise.all(names.map(async name => [name, await readFile(join(component, name))] as const)));
}

/** What the container's resolv.conf says (resolv.conf(5)); nothing where it has none. */
function nameServers(spec: ContainerSpec): NameServers {
  const file = spec.mounts.find(({ target }) => target === '/etc/resolv.conf')?.source;
  let text = '';
  try {
    if (file !== undefined) text = readFileSync(file, 'utf8');
  } catch {
    // One that cannot be read names no server: lookups then say so.
  }
  const words = (key: string): string[][] =>
    text.split('\n').flatMap(line => {
      const [first, ...rest] = line.trim().split(/\s+/);
      return first === key ? [rest] : [];
    });
  const servers = words('nameserver').flatMap(([server]) => (server && isIP(server) !== 0 ? [server] : []));
  const ndots = words('options')
    .flat()
    .findLast(option => /^ndots:\d+$/.test(option));
  return { servers, searches: words('search').at(-1) ?? [], ndots: Number(ndots?.slice(6) ?? 1) };
}

/**
 * Where a server listens: the pod's address, and the container's TCP port named `http`, else its first, else the PORT of
 * its environment, else 8080.
 */
export function placeOf(spec: ContainerSpec, sandbox: SandboxSpec | undefined): WasmPlace {
  const ports = (spec.ports ?? []).filter(({ protocol }) => protocol === 'TCP');
  const declared = (ports.find(({ name }) => name === 'http') ?? ports[0])?.port;
  const told = Number(spec.environment.find(([name]) => name === 'PORT')?.[1]);
  const usable = Number.isInteger(told) && told > 0 && told < 65_536 ? told : DEFAULT_PORT;
  const listed = (name: string): string[] =>
    (sandbox?.annotations?.[name] ?? '').split(',').flatMap(grant => grant.trim() || []);
  return {
    ...(sandbox?.address === undefined ? {} : { address: sandbox.address }),
    port: declared ?? usable,
    outgoing: listed(OUTGOING),
    sockets: { address: sandbox?.address, destinations: listed(SOCKETS), dns: nameServers(spec) },
  };
}

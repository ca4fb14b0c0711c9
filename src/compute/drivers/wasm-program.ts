import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerSpec, Rootfs, SandboxSpec } from '../model.ts';
import type { WasmPlace } from './wasm-protocol.ts';

/** Pod annotation: hosts its components may ask by wasi:http, separated by commas; `*` is every host. */
const OUTGOING = 'tenon.dev/wasm-outgoing';
const DEFAULT_PORT = 8080;

/** What the wasm host must be given to run a container: the module, or a transpiled component's files. */
export async function readProgram(rootfs: Rootfs & { readonly kind: 'wasm' }): Promise<ReadonlyMap<string, Buffer>> {
  const { component } = rootfs;
  if (component === undefined) return new Map([['module.wasm', await readFile(rootfs.module)]]);
  const names = (await readdir(component)).filter(name => name === 'component.js' || name.endsWith('.wasm'));
  return new Map(await Promise.all(names.map(async name => [name, await readFile(join(component, name))] as const)));
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
  const grants = sandbox?.annotations?.[OUTGOING] ?? '';
  return {
    ...(sandbox?.address === undefined ? {} : { address: sandbox.address }),
    port: declared ?? usable,
    outgoing: grants.split(',').flatMap(grant => grant.trim() || []),
  };
}

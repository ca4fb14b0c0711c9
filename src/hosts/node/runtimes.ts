import {
  findBinary,
  type Keeper,
  ociDialects,
  openOciRuntime,
  openProcessRuntime,
  openVmRuntime,
  openWasmRuntime,
  type Cgroups,
  type ContainerRuntime,
  type RuntimeRegistry,
} from '../../compute/index.ts';
import { type Clock, type Fault, FaultError } from '../../base/index.ts';
import { hostFaults } from './faults.ts';
import { type Client, isAlreadyExists, type ResourceRef } from '../../kernel/index.ts';

const RUNTIME_CLASSES: ResourceRef = { group: 'node.k8s.io', version: 'v1', resource: 'runtimeclasses' };

export interface RuntimeOptions {
  readonly keeper: Keeper;
  readonly cgroups: Cgroups;
  readonly clock: Clock;
  readonly folder: (handler: string) => string;
  readonly report: (fault: Fault) => void;
  /** Handler of pods that name none; `process` unless said. */
  readonly standard?: string;
  /** Whether somebody else (a kubelet) rotates logs. */
  readonly foreignLogs?: boolean;
}

/** Every runtime this machine can run, by handler; the empty handler, for pods without a RuntimeClass, is `process` or the one asked for. */
export async function openRuntimes(options: RuntimeOptions): Promise<RuntimeRegistry & { close(): void }> {
  const { keeper, cgroups, clock } = options;
  const log = options.foreignLogs ? { logBytes_max: Number.MAX_SAFE_INTEGER } : {};
  const process = await openProcessRuntime({ keeper, cgroups, clock, ...log, folder: options.folder('process') });
  const kept: { dispose(): void }[] = [process];
  const runtimes = new Map<string, ContainerRuntime>([
    ['', process],
    ['process', process],
  ]);
  for (const dialect of ociDialects) {
    if (!findBinary(dialect.binary)) continue;
    const folder = options.folder(dialect.handler);
    const runtime = await openOciRuntime(dialect, { keeper, cgroups, clock, ...log, folder });
    kept.push(runtime);
    runtimes.set(dialect.handler, runtime);
  }
  // Machines whose binary or kernel is not there are named by the pod that asks for them.
  const machines = await openVmRuntime({ keeper, cgroups, clock, ...log, folder: options.folder('microvm') }).catch(
    (error: unknown) => {
      if (!(error instanceof FaultError)) throw error;
      return undefined;
    },
  );
  if (machines) {
    kept.push(machines);
    runtimes.set(machines.handler, machines);
    runtimes.set('kata', machines);
  }
  // One runtime that does not start must not take the others with it.
  const wasm = await openWasmRuntime({ clock, folder: options.folder('wasm') }).catch((error: unknown) => {
    if (!(error instanceof FaultError)) throw error;
    options.report(error.fault);
    return undefined;
  });
  if (wasm) runtimes.set('wasm', wasm);
  const standard = runtimes.get(options.standard ?? '');
  if (!standard) {
    const known = [...runtimes.keys()].filter(Boolean).join(', ');
    throw hostFaults.error('runtime-missing', { runtime: options.standard ?? '', known });
  }
  runtimes.set('', standard);
  return Object.assign(runtimes, {
    close: () => {
      for (const runtime of kept) runtime.dispose();
      wasm?.dispose();
    },
  });
}

/** A RuntimeClass for every handler, so that `runtimeClassName: runc` works without writing one. */
export async function seedRuntimeClasses(client: Client, runtimes: RuntimeRegistry): Promise<void> {
  for (const handler of runtimes.keys()) {
    if (handler === '') continue;
    const object = { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: handler }, handler };
    await client.create(RUNTIME_CLASSES, object).catch((error: unknown) => {
      if (!isAlreadyExists(error)) throw error;
    });
  }
}

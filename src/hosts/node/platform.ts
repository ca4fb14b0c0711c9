import { mkdirSync } from 'node:fs';
import { type Clock, type Fault, FaultError, type Random } from '../../base/index.ts';
import { roleGuard, type RunningApi, startApi } from '../../api/index.ts';
import { serviceAddresses } from '../../cluster/index.ts';
import { type Kernel, openKernel } from '../../kernel/index.ts';
import { sqliteLog } from '../../kernel/drivers/sqlite-log.ts';
import { addressPlan } from './addresses.ts';
import { hostFaults } from './faults.ts';
import { faultEvents } from './fault-events.ts';
import {
  FAULTS_KEPT,
  type FaultSubject,
  type Layer,
  type LayerContext,
  type LayerStatus,
  type RunningLayer,
} from './layer.ts';
import { LAYERS } from './layers.ts';
import { systemClock, systemRandom } from './ports.ts';
import type { StateFolder } from './state.ts';

export interface PlatformOptions {
  readonly state: StateFolder;
  /** 0 picks a free port. */
  readonly apiPort: number;
  /** Names of layers to start; all when absent. `api` is always there. */
  readonly layers?: readonly string[];
  /** Told of every fault as it happens. */
  readonly fault: (fault: Fault, layer: string) => void;
  readonly log: (line: string) => void;
}

/** A running Tenon: the waist and the layers on it. Disposing stops layers in reverse order, then the API, then the store. */
export interface Platform extends AsyncDisposable {
  readonly kernel: Kernel;
  readonly api: RunningApi;
  readonly clock: Clock;
  readonly random: Random;
  readonly layers: ReadonlyMap<string, LayerStatus>;
  /** Resolves when every layer does its work. */
  readonly ready: Promise<void>;
  /** Starts one more layer (a delivery source, the console) on the running platform. */
  add(layer: Layer): Promise<void>;
}

/** The API's failure to listen, in words for a person. */
function listenFault(error: unknown, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'EADDRINUSE' ? hostFaults.error('port-in-use', { port, what: 'API', option: '--api-port' }) : error;
}

/** Starts kernel and API, then the layers; a layer that fails to start is reported and the rest goes on. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { state } = options;
  const clock = systemClock;
  const random = systemRandom();
  const stack = new AsyncDisposableStack();
  const statuses = new Map<string, LayerStatus>();
  try {
    const addresses = serviceAddresses({ random, cidr: addressPlan(state.id).serviceCidr });
    const guard = roleGuard();
    mkdirSync(state.file('store'), { recursive: true, mode: 0o700 });
    const kernel = stack.use(
      await openKernel({ log: sqliteLog(state.file('store')), clock, random, admission: [addresses.step, guard.step] }),
    );
    await addresses.load(kernel.client());
    const api = await startApi({
      registry: kernel.registry,
      catalog: kernel.catalog,
      clock,
      random,
      state: state.path,
      port: options.apiPort,
    }).catch((error: unknown) => {
      throw listenFault(error, options.apiPort);
    });
    stack.use(api);
    statuses.set('api', { ready: true, faults: [] });
    const events = faultEvents(kernel.client(), clock, random);
    const context = (name: string): LayerContext => ({
      kernel,
      api,
      clock,
      random,
      state,
      log: options.log,
      report: (fault: Fault, about?: FaultSubject) => {
        const status = statuses.get(name);
        status?.faults.splice(0, Math.max(0, status.faults.length - FAULTS_KEPT + 1));
        status?.faults.push(fault);
        options.fault(fault, name);
        events.record(fault, about);
      },
    });
    const readies: Promise<void>[] = [];
    const add = async (layer: Layer): Promise<void> => {
      const status: LayerStatus = { ready: false, faults: [] };
      statuses.set(layer.name, status);
      const started = await startLayer(layer, context(layer.name));
      if (!started) return;
      stack.use(started);
      readies.push(started.ready.then(() => void (status.ready = true)));
    };
    for (const layer of LAYERS) if (!options.layers || options.layers.includes(layer.name)) await add(layer);
    return {
      kernel,
      api,
      clock,
      random,
      layers: statuses,
      get ready() {
        return Promise.all(readies).then(() => undefined);
      },
      add,
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

async function startLayer(layer: Layer, context: LayerContext): Promise<RunningLayer | undefined> {
  try {
    return await layer.start(context);
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    context.report(error.fault);
    return undefined;
  }
}

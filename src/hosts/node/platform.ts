import { type Clock, type Fault, FaultError, type Random } from '../../base/index.ts';
import type { RunningApi } from '../../api/index.ts';
import type { Kernel } from '../../kernel/index.ts';
import { startKernelHost } from './kernel-host.ts';
import { watchDisk } from './disk-watch.ts';
import { faultEvents } from './fault-events.ts';
import {
  FAULTS_KEPT,
  type FaultSubject,
  type HostSettings,
  type Layer,
  type LayerContext,
  type LayerStatus,
  type RunningLayer,
  type SharedParts,
} from './layer.ts';
import { LAYERS } from './layers.ts';
import { ledLayer } from './led-layer.ts';
import { systemClock, systemRandom } from './ports.ts';
import type { StateFolder } from './state.ts';

/** Layers of which one runs when several Tenons share a store. */
const ONE_LEADS: ReadonlySet<string> = new Set(['cluster', 'scaling']);

export interface PlatformOptions {
  readonly state: StateFolder;
  /** 0 picks a free port. */
  readonly apiPort: number;
  readonly settings?: Partial<HostSettings>;
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
  readonly parts: SharedParts;
  /** Writes the store to a file; absent where others keep it. */
  readonly backup?: (file: string) => Promise<void>;
  /** Resolves when every layer does its work. */
  readonly ready: Promise<void>;
  /** Starts one more layer (a delivery source, the console) on the running platform. */
  add(layer: Layer): Promise<void>;
}

/** Starts kernel and API, then the layers; a layer that fails to start is reported and the rest goes on. */
export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { state } = options;
  const clock = systemClock;
  const random = systemRandom();
  const stack = new AsyncDisposableStack();
  const statuses = new Map<string, LayerStatus>();
  const settings: HostSettings = { apiHosts: [], offline: false, ingressPort: 0, ...options.settings };
  const parts: SharedParts = {};
  try {
    const { apiHosts } = settings;
    const place = { state, clock, random, log: options.log, apiPort: options.apiPort, apiHosts };
    const { kernel, api, backup, podMetrics } = stack.use(await startKernelHost({ ...settings, ...place }));
    const own: LayerStatus = { ready: true, faults: [] };
    statuses.set('api', own);
    const events = faultEvents(kernel.client(), clock, random);
    const context = (name: string): LayerContext => ({
      kernel,
      api,
      clock,
      random,
      state,
      settings,
      parts,
      podMetrics,
      log: options.log,
      report: (fault: Fault, about?: FaultSubject) => {
        const status = statuses.get(name);
        status?.faults.splice(0, Math.max(0, status.faults.length - FAULTS_KEPT + 1));
        status?.faults.push(fault);
        options.fault(fault, name);
        events.record(fault, about);
      },
    });
    stack.use(watchStateDisk(context('api'), own));
    const readies: Promise<void>[] = [];
    const add = async (layer: Layer): Promise<void> => {
      const status: LayerStatus = { ready: false, faults: [] };
      statuses.set(layer.name, status);
      const started = await startLayer(layer, context(layer.name));
      if (!started) return;
      stack.use(started);
      readies.push(started.ready.then(() => void (status.ready = true)));
    };
    for (const { name, load } of LAYERS) {
      if (options.layers && !options.layers.includes(name)) continue;
      const layer = await load();
      await add(settings.store && ONE_LEADS.has(name) ? ledLayer(layer) : layer);
    }
    return {
      ...(backup ? { backup } : {}),
      kernel,
      api,
      clock,
      random,
      layers: statuses,
      parts,
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

/** A full disk is a fault of the API until there is room again. */
function watchStateDisk({ state, clock, report, log }: LayerContext, status: LayerStatus): Disposable {
  return watchDisk({
    folder: state.path,
    clock,
    full: fault => report(fault),
    over: fault => {
      log('the disk has room again');
      const at = status.faults.indexOf(fault);
      if (at >= 0) status.faults.splice(at, 1);
    },
  });
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

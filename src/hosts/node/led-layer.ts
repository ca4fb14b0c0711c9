import { hostname } from 'node:os';
import { elect } from '../../kernel/index.ts';
import type { Layer, LayerContext, RunningLayer } from './layer.ts';

/** Runs the layer until the office is lost; a layer that cannot start gives it up. */
async function lead(layer: Layer, context: LayerContext, signal: AbortSignal, leads: () => void): Promise<void> {
  await using running = await layer.start(context);
  await running.ready;
  leads();
  if (!signal.aborted) await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }));
}

/** A layer of which one runs however many Tenons share a store: the others stand by until its Lease runs out. */
export function ledLayer(layer: Layer): Layer {
  return {
    name: layer.name,
    async start(context): Promise<RunningLayer> {
      const stop = new AbortController();
      const { promise: ready, resolve } = Promise.withResolvers<void>();
      const { clock, random, kernel, state } = context;
      const client = kernel.client({ name: 'system:kube-controller-manager', groups: ['system:masters'] });
      const lease = { namespace: 'kube-system', name: `tenon-${layer.name}` };
      const held = await client
        .get({ group: 'coordination.k8s.io', version: 'v1', resource: 'leases' }, lease)
        .catch(() => undefined);
      // Standing by is doing one's work, too.
      if ((held?.spec as { holderIdentity?: string } | undefined)?.holderIdentity) resolve();
      const done = elect(
        {
          client,
          clock,
          random,
          lease,
          identity: `${hostname()}_${state.id}`,
          report: error => context.log(`${layer.name}: election: ${String(error)}`),
        },
        signal => lead(layer, context, signal, resolve),
        stop.signal,
      ).catch((error: unknown) => context.log(`${layer.name}: election: ${String(error)}`));
      return {
        ready,
        [Symbol.asyncDispose]: async () => {
          stop.abort();
          await done;
        },
      };
    },
  };
}

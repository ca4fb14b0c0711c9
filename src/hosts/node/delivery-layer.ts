import type { Clock } from '../../base/index.ts';
import { type DeliveryStatus, type Source, startDelivery } from '../../delivery/index.ts';
import type { Layer } from './layer.ts';

/** Delivers one source; ready after the first synchronisation. `statuses` is what `status` and the console read. */
export function deliveryLayer(source: Source, statuses: Map<string, DeliveryStatus>, clock: Clock): Layer {
  return {
    name: 'delivery',
    async start({ kernel, report, log }) {
      const delivery = startDelivery({
        client: kernel.client({ name: 'system:serviceaccount:kube-system:tenon-delivery', groups: ['system:masters'] }),
        catalog: kernel.catalog,
        clock,
        source,
        listener: {
          status: status => {
            statuses.set(status.source, status);
            if (status.phase === 'synced' || status.phase === 'degraded') {
              log(
                `delivery: ${status.source} at ${status.revision}: ${status.applied} of ${status.wanted} objects, ${status.phase}`,
              );
            }
          },
          fault: report,
        },
      });
      return {
        ready: delivery.first.then(() => undefined),
        [Symbol.asyncDispose]: () => delivery[Symbol.asyncDispose](),
      };
    },
  };
}

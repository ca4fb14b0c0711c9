/** The least a run needs below its control plane: nodes that are ready and pods that run as soon as they are bound. For tests of what is above. */
import type { KubeObject } from '../../../kernel/index.ts';
import { NODES, PODS } from '../../../cluster/refs.ts';
import type { RunRooms } from '../run.ts';

export const bareRooms: RunRooms = {
  world: async ({ scenario, simulation }) => {
    const client = simulation.client('kubelets');
    const now = (): string => new Date(simulation.clock.now()).toISOString();
    const ready = (): object[] => [{ type: 'Ready', status: 'True', lastTransitionTime: now() }];
    simulation.observers.push({
      commit: ({ collection, object }) => {
        const pod = object as (KubeObject & { spec: { nodeName?: string }; status?: { phase?: string } }) | undefined;
        if (collection !== 'pods' || !pod?.spec.nodeName) return;
        const { namespace = '', name = '', deletionTimestamp } = pod.metadata;
        if (deletionTimestamp !== undefined)
          return void client.delete(PODS, { namespace, name }, { gracePeriodSeconds: 0 }).catch(() => undefined);
        if (pod.status?.phase === 'Running') return;
        const status = { ...pod.status, phase: 'Running', conditions: ready() };
        void client.update(PODS, { ...pod, status } as KubeObject, { subresource: 'status' }).catch(() => undefined);
      },
    });
    return {
      start: async () => {
        for (const { names, capacity, labels } of scenario.world.nodes)
          for (const name of names) {
            const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels } } as KubeObject;
            const made = await client.create<KubeObject>(NODES, node);
            const status = { capacity, allocatable: capacity, conditions: ready() };
            await client.update(NODES, { ...made, status } as KubeObject, { subresource: 'status' });
          }
      },
      send: () => undefined,
      stop: () => undefined,
      cost: () => 0,
    };
  },
  disruptions: () => ({ begin: () => undefined, heal: () => undefined, storm: () => undefined }),
  expectations: () => ({ begin: () => undefined, once: () => undefined, instant: () => undefined, end: () => [] }),
  invariants: () => ({ observers: [], found: () => [] }),
};

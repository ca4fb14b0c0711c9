import { type Controller, runController, watchOf } from '../../kernel/controller.ts';
import type { KubeObject } from '../../kernel/object.ts';
import { findCondition, setCondition } from '../conditions.ts';
import { carryOut, type ClusterEnv } from '../driver.ts';
import { SERVICE_CIDRS } from '../refs.ts';
import type { Condition } from '../types.ts';

interface ServiceRange extends KubeObject {
  spec?: { cidrs?: string[] };
  status?: { conditions?: Condition[] };
}

const NAME = 'kubernetes';
const COMPONENT = 'default-servicecidr-controller';

/**
 * Keeps ServiceCIDR `kubernetes`, the range cluster addresses are taken from, and says that it is ready (KEP-1880). Ranges that
 * others add stay without the condition: no address is taken from them.
 */
export function startDefaultRangeController(env: ClusterEnv): Controller {
  const ranges = env.informers.of<ServiceRange>(SERVICE_CIDRS);
  const controller = runController({
    name: COMPONENT,
    clock: env.clock,
    watches: [watchOf(ranges, ({ object }) => (object.metadata.name === NAME ? [NAME] : []))],
    report: (error, key) => env.report(error, `${COMPONENT} ${key}`),
    reconcile: async () => {
      const cidr = env.apiEndpoint?.serviceCidr;
      if (cidr === undefined) return undefined;
      const known = ranges.get(NAME);
      if (!known) {
        const object = {
          apiVersion: 'networking.k8s.io/v1',
          kind: 'ServiceCIDR',
          metadata: { name: NAME },
          spec: { cidrs: [cidr] },
        };
        await carryOut(env, COMPONENT, [{ do: 'create', ref: SERVICE_CIDRS, object }]);
        return undefined;
      }
      const conditions = known.status?.conditions ?? [];
      const usable = known.spec?.cidrs?.includes(cidr) === true;
      if (!usable || known.metadata.deletionTimestamp || findCondition(conditions, 'Ready')?.status === 'True')
        return undefined;
      const message = 'Kubernetes default Service CIDR is ready';
      const ready: Condition = { type: 'Ready', status: 'True', reason: '', message };
      const status = { ...known.status, conditions: setCondition(conditions, ready, env.clock.now()) };
      await env.client.update(SERVICE_CIDRS, { ...known, status }, { subresource: 'status' });
      return undefined;
    },
  });
  controller.enqueue(NAME);
  return controller;
}

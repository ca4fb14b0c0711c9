/** What a storm blows over: one of each kind of workload, with settings drawn from the seed. */
import type { Random } from '../../../base/index.ts';
import type { KubeObject, ResourceRef } from '../../../kernel/index.ts';
import * as refs from './refs.ts';

export const NAMESPACE = 'shop';

export interface Document {
  readonly ref: ResourceRef;
  readonly object: KubeObject;
}

/** Draws for one purpose. */
export class Draw {
  readonly #random: Random;
  constructor(random: Random) {
    this.#random = random;
  }
  /** A whole number from `low` to `high`, both included. */
  from(low: number, high: number): number {
    return low + Math.floor(this.#random.next() * (high - low + 1));
  }
  of<T>(values: readonly T[]): T {
    return values[this.from(0, values.length - 1)]!;
  }
  chance(share: number): boolean {
    return this.#random.next() < share;
  }
}

const SOON_GONE = ['not-ready', 'unreachable'].map(key => ({
  key: `node.kubernetes.io/${key}`,
  operator: 'Exists',
  effect: 'NoExecute',
  tolerationSeconds: 20,
}));

/** What serves is ready once it answers; asked until then and no more, because thousands of storms count. */
const STARTED = { startupProbe: { httpGet: { port: 80, path: '/' }, periodSeconds: 2, failureThreshold: 100_000 } };
const probeOf = (image: string): object => (image.startsWith('serve') ? STARTED : {});

function template(app: string, image: string, cpu: string, extra: object = {}): object {
  const resources = { requests: { cpu, memory: '64Mi' } };
  return {
    metadata: { labels: { app } },
    spec: { containers: [{ name: 'c', image, resources, ...probeOf(image) }], tolerations: SOON_GONE, ...extra },
  };
}

const object = (apiVersion: string, kind: string, name: string, rest: object): KubeObject =>
  ({ apiVersion, kind, metadata: { name, namespace: NAMESPACE }, ...rest }) as unknown as KubeObject;

const selector = (app: string): object => ({ matchLabels: { app } });

export const DEPLOYED = ['web', 'api', 'lone', 'again'] as const;

function deployment(app: (typeof DEPLOYED)[number], draw: Draw): Document {
  const strategies: Record<(typeof DEPLOYED)[number], object> = {
    web: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
    api: { type: 'RollingUpdate', rollingUpdate: { maxSurge: draw.of([1, 2, '34%']), maxUnavailable: 0 } },
    lone: {
      type: 'RollingUpdate',
      rollingUpdate: { maxSurge: draw.of([0, 1, '50%']), maxUnavailable: draw.of([1, 2, '40%']) },
    },
    again: { type: 'Recreate' },
  };
  const spread = { labelSelector: selector(app), topologyKey: 'kubernetes.io/hostname' };
  const affinity = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [spread] } };
  return {
    ref: refs.DEPLOYMENTS,
    object: object('apps/v1', 'Deployment', app, {
      spec: {
        replicas: app === 'again' ? 2 : draw.from(3, 6),
        revisionHistoryLimit: 2,
        minReadySeconds: app === 'api' ? draw.of([0, 5]) : 0,
        selector: selector(app),
        strategy: strategies[app],
        template: template(app, 'serve:1', draw.of(['300m', '500m']), app === 'again' ? { affinity } : {}),
      },
    }),
  };
}

const service = (app: string, headless = false): Document => ({
  ref: refs.SERVICES,
  object: object('v1', 'Service', app, {
    spec: { selector: { app }, ports: [{ port: 80 }], ...(headless ? { clusterIP: 'None' } : {}) },
  }),
});

const budget = (app: string, rule: object): Document => ({
  ref: refs.BUDGETS,
  object: object('policy/v1', 'PodDisruptionBudget', app, { spec: { selector: selector(app), ...rule } }),
});

function statefulSet(app: string, policy: string, draw: Draw): Document {
  return {
    ref: refs.STATEFUL_SETS,
    object: object('apps/v1', 'StatefulSet', app, {
      spec: {
        replicas: 3,
        serviceName: 'db',
        podManagementPolicy: policy,
        selector: selector(app),
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: draw.of([0, 0, 1]) } },
        template: template(app, 'serve:1', '200m'),
      },
    }),
  };
}

function daemonSet(draw: Draw): Document {
  return {
    ref: refs.DAEMON_SETS,
    object: object('apps/v1', 'DaemonSet', 'agent', {
      spec: {
        selector: selector('agent'),
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: draw.of([1, 1, 2]) } },
        template: template('agent', 'serve:1', '50m'),
      },
    }),
  };
}

/** A Job; plain or indexed. */
export function job(name: string, indexed: boolean, draw: Draw): Document {
  return {
    ref: refs.JOBS,
    object: object('batch/v1', 'Job', name, {
      spec: {
        completions: draw.from(3, 6),
        parallelism: draw.from(1, 3),
        backoffLimit: 20,
        ...(indexed ? { completionMode: 'Indexed' } : {}),
        template: template(name, draw.of(['work-15', 'flaky-10', 'work-5']), '100m', { restartPolicy: 'Never' }),
      },
    }),
  };
}

function cronJob(name: string, concurrencyPolicy: string, image: string): Document {
  return {
    ref: refs.CRON_JOBS,
    object: object('batch/v1', 'CronJob', name, {
      spec: {
        schedule: '* * * * *',
        concurrencyPolicy,
        jobTemplate: { spec: { backoffLimit: 4, template: template(name, image, '100m', { restartPolicy: 'Never' }) } },
      },
    }),
  };
}

/** Everything that is there when the storm begins. */
export function standardWorkload(draw: Draw): Document[] {
  const quota = { spec: { hard: { pods: String(draw.from(34, 42)), 'requests.cpu': '14', 'count/configmaps': '6' } } };
  return [
    {
      ref: refs.NAMESPACES,
      object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    },
    { ref: refs.QUOTAS, object: object('v1', 'ResourceQuota', 'all', quota) },
    ...DEPLOYED.map(app => deployment(app, draw)),
    service('web'),
    service('api'),
    service('db', true),
    service('job'),
    budget('web', draw.of([{ maxUnavailable: 1 }, { minAvailable: '60%' }])),
    budget('lone', { minAvailable: 2 }),
    budget('db', { maxUnavailable: 1 }),
    statefulSet('db', 'OrderedReady', draw),
    statefulSet('flock', 'Parallel', draw),
    daemonSet(draw),
    job('job', false, draw),
    job('index', true, draw),
    cronJob('tick', 'Forbid', draw.of(['work-40', 'flaky-60', 'work-90'])),
    cronJob('swap', 'Replace', 'work-70'),
  ];
}

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

function daemonSet(app: string, rollingUpdate: object): Document {
  return {
    ref: refs.DAEMON_SETS,
    object: object('apps/v1', 'DaemonSet', app, {
      spec: {
        selector: selector(app),
        updateStrategy: { type: 'RollingUpdate', rollingUpdate },
        template: template(app, 'serve:1', '50m'),
      },
    }),
  };
}

/** The ways a Job may be asked for. */
export const JOBS_KINDS = ['plain', 'indexed', 'failing', 'policy', 'deadline', 'ttl', 'per-index', 'endless'] as const;

function jobSpec(kind: string, draw: Draw): { readonly image?: string; readonly spec: object } {
  const indexed = { completionMode: 'Indexed' };
  const onExit = { onExitCodes: { operator: 'In', values: [1] } };
  switch (kind) {
    case 'indexed':
      return { spec: indexed };
    case 'failing':
      return { image: 'fail-5', spec: { backoffLimit: draw.from(0, 2) } };
    case 'policy':
      return {
        image: 'flaky-5',
        spec: { podFailurePolicy: { rules: [{ action: draw.of(['FailJob', 'Ignore']), ...onExit }] } },
      };
    case 'deadline':
      return { image: 'work-90', spec: { activeDeadlineSeconds: 20 } };
    case 'ttl':
      return { image: 'work-5', spec: { ttlSecondsAfterFinished: 15 } };
    case 'per-index':
      return { image: 'flaky-5', spec: { ...indexed, backoffLimitPerIndex: 1, backoffLimit: null } };
    case 'endless':
      return { spec: { completions: null } };
    default:
      return { spec: {} };
  }
}

/** A Job of one of {@link JOBS_KINDS}. */
export function job(name: string, kind: string, draw: Draw): Document {
  const { image = draw.of(['work-15', 'flaky-10', 'work-5']), spec } = jobSpec(kind, draw);
  return {
    ref: refs.JOBS,
    object: object('batch/v1', 'Job', name, {
      spec: {
        completions: draw.from(3, 6),
        parallelism: draw.from(1, 3),
        backoffLimit: 20,
        ...spec,
        template: template(name, image, '100m', { restartPolicy: 'Never' }),
      },
    }),
  };
}

/** A Deployment of another namespace. */
export function smallDeployment(name: string, namespace: string): KubeObject {
  const spec = { replicas: 2, selector: selector(name), template: template(name, 'serve:1', '50m') };
  const made = object('apps/v1', 'Deployment', name, { spec });
  return { ...made, metadata: { name, namespace } };
}

/** What a pod of `elastic` asks for, in thousandths of a core, and the share of it that its autoscaler aims at. */
export const ELASTIC = { request_m: 100, utilization: 50 } as const;

/** A Deployment whose count follows its load. */
function elastic(draw: Draw): Document[] {
  const policies = (value: number): object[] => [{ type: 'Pods', value, periodSeconds: 15 }];
  const spec = {
    replicas: 2,
    selector: selector('elastic'),
    template: template('elastic', 'serve:1', `${ELASTIC.request_m}m`),
  };
  const target = { type: 'Utilization', averageUtilization: ELASTIC.utilization };
  const autoscaler = {
    scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'elastic' },
    minReplicas: 2,
    maxReplicas: 6,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }],
    behavior: {
      scaleUp: { stabilizationWindowSeconds: 0, policies: policies(draw.of([1, 2, 4])) },
      scaleDown: { stabilizationWindowSeconds: 60, policies: policies(draw.of([1, 2, 10])) },
    },
  };
  return [
    { ref: refs.DEPLOYMENTS, object: object('apps/v1', 'Deployment', 'elastic', { spec }) },
    {
      ref: refs.AUTOSCALERS,
      object: object('autoscaling/v2', 'HorizontalPodAutoscaler', 'elastic', { spec: autoscaler }),
    },
  ];
}

/** Objects of this label are refused by a policy of the cluster, whatever goes wrong. */
export const REFUSED = 'storm.tenon.dev/refused';

function policy(): Document[] {
  const name = 'storm-refused';
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['pods'] }];
  const spec = {
    failurePolicy: 'Fail',
    matchConstraints: { resourceRules: rules },
    validations: [{ expression: `!has(object.metadata.labels) || !('${REFUSED}' in object.metadata.labels)` }],
  };
  const binding = { policyName: name, validationActions: ['Deny'] };
  const made = (kind: string, spec: object): KubeObject =>
    ({ apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name }, spec }) as unknown as KubeObject;
  return [
    { ref: refs.POLICIES, object: made('ValidatingAdmissionPolicy', spec) },
    { ref: refs.POLICY_BINDINGS, object: made('ValidatingAdmissionPolicyBinding', binding) },
  ];
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

/** Pods the namespace may have at the most. */
export const QUOTA_PODS_MAX = 56;

/** Everything that is there when the storm begins. */
export function standardWorkload(draw: Draw): Document[] {
  const quota = {
    spec: { hard: { pods: String(draw.from(46, QUOTA_PODS_MAX)), 'requests.cpu': '17', 'count/configmaps': '6' } },
  };
  return [
    {
      ref: refs.NAMESPACES,
      object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    },
    {
      ref: refs.PRIORITIES,
      object: {
        apiVersion: 'scheduling.k8s.io/v1',
        kind: 'PriorityClass',
        metadata: { name: 'high' },
        value: 1_000,
      } as unknown as KubeObject,
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
    daemonSet('agent', { maxUnavailable: draw.of([1, 1, 2]) }),
    daemonSet('fleet', { maxSurge: 1, maxUnavailable: 0 }),
    job('job', 'plain', draw),
    job('index', 'indexed', draw),
    ...elastic(draw),
    ...policy(),
    cronJob('tick', 'Forbid', draw.of(['work-40', 'flaky-60', 'work-90'])),
    cronJob('swap', 'Replace', 'work-70'),
  ];
}

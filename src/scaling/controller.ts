/** Keeps what HorizontalPodAutoscalers scale at the replicas their metrics ask for. Level-triggered, every 15 seconds. */
import type { Clock, Random } from '../base/index.ts';
import {
  type Client,
  type Informer,
  formatLabelSelector,
  Informers,
  isNotFound,
  type KubeObject,
  type kinds,
  matchLabels,
  parseLabelSelector,
  type ResourceCatalog,
  type ResourceRef,
  runController,
  StatusError,
  TerminalError,
  watchOf,
} from '../kernel/index.ts';
import { type Hpa, parseHpa } from './dialects/hpa/parse.ts';
import { scaledPod } from './dialects/hpa/pods.ts';
import { statusOf } from './dialects/hpa/status.ts';
import { NO_CUSTOM, noExternal, unread } from './dialects/hpa/unread.ts';
import { decide, FRESH, needsMetrics, scaled } from './engine/decide.ts';
import { DEFAULT_SETTINGS } from './engine/settings.ts';
import type { Autoscaler, Condition, Decision, Memory, Metric, Reading, ScaledPod, Settings } from './model.ts';
import type { MetricsSource, PodScope } from './ports.ts';
import { Selectors } from './selectors.ts';

const AUTOSCALERS: ResourceRef = { group: 'autoscaling', version: 'v2', resource: 'horizontalpodautoscalers' };
const PODS: ResourceRef = { group: '', version: 'v1', resource: 'pods' };
/** kube-controller-manager --horizontal-pod-autoscaler-sync-period. */
const SYNC_MS = 15_000;

export interface ScalingOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: Random;
  readonly catalog: ResourceCatalog;
  readonly metrics: MetricsSource;
  /** Writes an Event about an autoscaler. */
  readonly note?: (about: KubeObject, type: 'Normal' | 'Warning', reason: string, message: string) => void;
  readonly settings?: Partial<Settings>;
  readonly report?: (error: unknown, where: string) => void;
}

/** The running controller. */
export interface Scaling extends AsyncDisposable {
  whenSynced(): Promise<void>;
  /** Keys waiting or in work. */
  readonly busy: number;
  /** What was decided last of an autoscaler (`namespace/name`), for explanations. */
  lastDecision(key: string): Decision | undefined;
}

interface Scale extends KubeObject {
  spec: { replicas?: number };
  status?: { replicas?: number; selector?: string };
}

interface Kept {
  memory: Memory;
  decision?: Decision;
}

export function startScaling(options: ScalingOptions): Scaling {
  const { client, clock, random, report } = options;
  const informers = new Informers({
    client,
    clock,
    random,
    ...(report ? { report: (error, ref) => report(error, `watch ${ref.resource}`) } : {}),
  });
  const autoscalers = informers.of<Hpa>(AUTOSCALERS);
  const pods = informers
    .of<kinds.Pod & KubeObject>(PODS)
    .index('namespace', ({ metadata }) => [metadata.namespace ?? '']);
  const horizontal = new Horizontal(options, informers, pods);
  const controller = runController({
    name: 'horizontalpodautoscaler',
    clock,
    // A changed status is no reason to decide again; a changed spec is.
    watches: [
      watchOf(autoscalers, ({ type, object, old }) => {
        const key = `${object.metadata.namespace}/${object.metadata.name}`;
        if (type === 'deleted') horizontal.forget(key);
        return type === 'updated' && old?.metadata.generation === object.metadata.generation && sameSpec(old, object)
          ? []
          : [key];
      }),
      { attach: () => () => undefined, whenSynced: () => pods.whenSynced() },
    ],
    reconcile: async key => {
      const hpa = autoscalers.get(key);
      if (!hpa) return undefined;
      await horizontal.reconcile(key, hpa);
      return SYNC_MS;
    },
    ...(report ? { report: (error, key) => report(error, `horizontalpodautoscaler ${key}`) } : {}),
  });
  informers.start();
  return {
    whenSynced: () => informers.whenSynced(),
    get busy() {
      return controller.busy;
    },
    lastDecision: key => horizontal.decisionOf(key),
    async [Symbol.asyncDispose]() {
      await controller[Symbol.asyncDispose]();
      await informers[Symbol.asyncDispose]();
    },
  };
}

const sameSpec = (left: Hpa | undefined, right: Hpa): boolean =>
  JSON.stringify(left?.spec) === JSON.stringify(right.spec);

const selectorOf = (selector: kinds.LabelSelector | undefined): string =>
  formatLabelSelector((selector ?? {}) as never);

class Horizontal {
  readonly #options: ScalingOptions;
  readonly #informers: Informers;
  readonly #pods: Informer<kinds.Pod & KubeObject>;
  readonly #kept = new Map<string, Kept>();
  readonly #selectors = new Selectors();
  readonly #settings: Settings;

  constructor(options: ScalingOptions, informers: Informers, pods: Informer<kinds.Pod & KubeObject>) {
    this.#options = options;
    this.#informers = informers;
    this.#pods = pods;
    this.#settings = { ...DEFAULT_SETTINGS, ...options.settings };
  }

  forget(key: string): void {
    this.#kept.delete(key);
    this.#selectors.forget(key);
  }

  decisionOf(key: string): Decision | undefined {
    return this.#kept.get(key)?.decision;
  }

  async reconcile(key: string, hpa: Hpa): Promise<void> {
    const { clock } = this.#options;
    const target = await this.#target(hpa);
    if (!target) return;
    const { ref, scale } = target;
    const { namespace = '' } = hpa.metadata;
    const { autoscaler, specs } = parseHpa(hpa);
    const selector = scale.status?.selector ?? '';
    const current = scale.spec.replicas ?? 0;
    const got = able('SucceededGetScale', "the HPA controller was able to get the target's current scale");
    const measures = needsMetrics(autoscaler, current);
    const unclear = measures
      ? this.#selectors.trouble(key, selector, this.#pods.by('namespace', namespace))
      : undefined;
    if (unclear) {
      this.#note(hpa, 'Warning', unclear.event, unclear.message);
      const told = [got, inactive(unclear.reason, unclear.told ?? unclear.message)];
      return this.#give(hpa, current, told, 'FailedComputeMetricsReplicas', unclear.message);
    }
    const kept = this.#kept.get(key) ?? { memory: FRESH };
    this.#kept.set(key, kept);
    const decision = decide(
      autoscaler,
      {
        now_ms: clock.now(),
        elapsed_ms: clock.monotonic(),
        specReplicas: current,
        statusReplicas: scale.status?.replicas ?? 0,
        pods: measures ? this.#podsOf(namespace, selector) : [],
        readings: measures ? await this.#readings(autoscaler, hpa, { namespace, selector }) : [],
      },
      kept.memory,
      this.#settings,
    );
    kept.decision = decision;
    kept.memory = decision.memory;
    for (const { reason, message } of decision.failures) this.#note(hpa, 'Warning', reason, message);
    const facts = { current, specs, decision, now_ms: clock.now() };
    if (decision.replicas === undefined) {
      this.#note(hpa, 'Warning', 'FailedComputeMetricsReplicas', decision.error ?? '');
      return this.#write(
        hpa,
        statusOf(hpa, {
          ...facts,
          desired: hpa.status?.desiredReplicas ?? 0,
          conditions: [got, ...decision.conditions],
        }),
      );
    }
    const conditions: Condition[] = [got, ...decision.conditions];
    const rescaled =
      decision.replicas !== current ? await this.#rescale(hpa, ref, scale, decision, conditions) : undefined;
    if (rescaled === false) {
      const desired = hpa.status?.desiredReplicas ?? 0;
      return this.#write(hpa, statusOf(hpa, { ...facts, desired, conditions }));
    }
    if (rescaled) kept.memory = scaled(autoscaler, decision.memory, current, decision.replicas, clock.monotonic());
    const at = rescaled ? { rescaledAt_ms: clock.now() } : {};
    return this.#write(hpa, statusOf(hpa, { ...facts, desired: decision.replicas, conditions, ...at }));
  }

  /** The scale of the target; undefined after its absence was told. */
  async #target(hpa: Hpa): Promise<{ ref: ResourceRef; scale: Scale } | undefined> {
    const { catalog, client } = this.#options;
    const { apiVersion = '', kind = '', name = '' } = hpa.spec?.scaleTargetRef ?? {};
    const [group, version] = apiVersion.includes('/') ? (apiVersion.split('/') as [string, string]) : ['', apiVersion];
    // The kind counts, not the version it is written in.
    const definition =
      catalog.kind({ group, version, kind }) ??
      [...catalog.all()].find(each => each.group === group && each.kind === kind && each.served !== false);
    const current = hpa.status?.currentReplicas ?? 0;
    const fail = async (message: string): Promise<undefined> => {
      const told = condition(
        'AbleToScale',
        false,
        'FailedGetScale',
        `the HPA controller was unable to get the target's current scale: ${message}`,
      );
      await this.#give(hpa, current, [told], 'FailedGetScale', message);
      return undefined;
    };
    if (!definition) return fail(`no matches for kind "${kind}" in group "${group}"`);
    if (!definition.subresources.some(each => each.name === 'scale'))
      return fail('the server could not find the requested resource');
    try {
      const key = { namespace: hpa.metadata.namespace ?? '', name };
      return { ref: definition, scale: await client.get<Scale>(definition, key, { subresource: 'scale' }) };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return fail(error.message);
    }
  }

  async #rescale(
    hpa: Hpa,
    ref: ResourceRef,
    scale: Scale,
    decision: Decision,
    conditions: Condition[],
  ): Promise<boolean> {
    const size = decision.replicas!;
    try {
      await this.#options.client.update(
        ref,
        { ...scale, spec: { ...scale.spec, replicas: size } },
        { subresource: 'scale' },
      );
    } catch (error) {
      const message = (error as Error).message;
      this.#note(hpa, 'Warning', 'FailedRescale', `New size: ${size}; reason: ${decision.reason}; error: ${message}`);
      const told = `the HPA controller was unable to update the target scale: ${message}`;
      conditions.push(condition('AbleToScale', false, 'FailedUpdateScale', told));
      return false;
    }
    conditions.push(able('SucceededRescale', `the HPA controller was able to update the target scale to ${size}`));
    this.#note(hpa, 'Normal', 'SuccessfulRescale', `New size: ${size}; reason: ${decision.reason}`);
    return true;
  }

  #podsOf(namespace: string, selector: string): ScaledPod[] {
    const requirements = parseLabelSelector(selector);
    const found: ScaledPod[] = [];
    for (const pod of this.#pods.by('namespace', namespace))
      if (matchLabels(requirements, pod.metadata.labels)) found.push(scaledPod(pod));
    return found;
  }

  /** One reading a metric. */
  async #readings({ metrics }: Autoscaler, hpa: Hpa, scope: PodScope): Promise<Reading[]> {
    return Promise.all(
      metrics.map((metric, index) =>
        this.#read(metric, hpa.spec?.metrics?.[index] ?? ({} as never), scope).catch(
          (error: unknown): Reading => ({
            kind: 'failed',
            message: unread(metric, hpa, index, error instanceof Error ? error.message : String(error)),
          }),
        ),
      ),
    );
  }

  async #read(
    metric: Metric,
    spec: NonNullable<NonNullable<Hpa['spec']>['metrics']>[number],
    scope: PodScope,
  ): Promise<Reading> {
    const { metrics } = this.#options;
    switch (metric.kind) {
      case 'resource':
        return { kind: 'pods', values: await metrics.resource(scope, metric.resource, metric.container) };
      case 'pods': {
        if (!metrics.pods) throw new Error(NO_CUSTOM);
        return {
          kind: 'pods',
          values: await metrics.pods(scope, metric.name, selectorOf(spec.pods?.metric.selector)),
        };
      }
      case 'object': {
        if (!metrics.object || !spec.object) throw new Error(NO_CUSTOM);
        const { apiVersion = '', kind, name } = spec.object.describedObject;
        const selector = selectorOf(spec.object.metric.selector);
        return {
          kind: 'total',
          valueMilli: await metrics.object(scope.namespace, { apiVersion, kind, name }, metric.name, selector),
        };
      }
      case 'external': {
        if (!metrics.external) throw new Error(noExternal(metric.name));
        const selector = selectorOf(spec.external?.metric.selector);
        return { kind: 'total', valueMilli: await metrics.external(scope.namespace, metric.name, selector) };
      }
    }
  }

  /** Tells a condition that ends the round, as status and as Event. */
  async #give(
    hpa: Hpa,
    current: number,
    conditions: readonly Condition[],
    reason: string,
    message: string,
  ): Promise<void> {
    this.#note(hpa, 'Warning', reason, message);
    const decision = { conditions: [], statuses: [], memory: FRESH, reason: '', failures: [] };
    const desired = hpa.status?.desiredReplicas ?? 0;
    await this.#write(
      hpa,
      statusOf(hpa, { current, desired, specs: [], decision, conditions, now_ms: this.#options.clock.now() }),
    );
  }

  async #write(hpa: Hpa, status: Hpa['status']): Promise<void> {
    if (saysSame(status, hpa.status)) return;
    try {
      await this.#informers.client.update(AUTOSCALERS, { ...hpa, status } as Hpa, { subresource: 'status' });
    } catch (error) {
      if (isNotFound(error)) throw new TerminalError('the autoscaler is gone');
      throw error;
    }
  }

  #note(hpa: Hpa, type: 'Normal' | 'Warning', reason: string, message: string): void {
    this.#options.note?.(hpa, type, reason, message);
  }
}

const condition = (type: Condition['type'], status: boolean, reason: string, message: string): Condition => ({
  type,
  status,
  reason,
  message,
});
const able = (reason: string, message: string): Condition => condition('AbleToScale', true, reason, message);
const inactive = (reason: string, message: string): Condition => condition('ScalingActive', false, reason, message);

/** True where two values say the same: null is as good as absent, and order does not matter in objects. */
function saysSame(left: unknown, right: unknown): boolean {
  if (left === right || (left ?? right ?? undefined) === undefined) return true;
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false;
  if (Array.isArray(left) || Array.isArray(right))
    return (
      Array.isArray(left) &&
      Array.isArray(right) &&
      left.length === right.length &&
      left.every((item, at) => saysSame(item, right[at]))
    );
  const [one, other] = [left as Record<string, unknown>, right as Record<string, unknown>];
  return (
    Object.keys(one).every(name => saysSame(one[name], other[name])) &&
    Object.keys(other).every(name => (other[name] ?? undefined) === undefined || (one[name] ?? undefined) !== undefined)
  );
}

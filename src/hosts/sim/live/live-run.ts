/** A scenario on a cluster that runs, in real time: the same steps and expectations, judged by the same code. */
import type { Clock } from '../../../base/index.ts';
import {
  type Client,
  formatKey,
  kindOf,
  type KubeObject,
  type ResourceCatalog,
  type ResourceRef,
} from '../../../kernel/index.ts';
import { Observed } from '../observed.ts';
import { type Outcome, Expectations } from '../scenario/expectations.ts';
import type { Scenario } from '../scenario/model.ts';
import { type Refusal, Steps } from '../steps.ts';

const group = (name: string, ...resources: string[]): ResourceRef[] =>
  resources.map(resource => ({ group: name, version: name === 'autoscaling' ? 'v2' : 'v1', resource }));

/** What observables and expectations can speak of. */
const SEEN: readonly ResourceRef[] = [
  ...group(
    '',
    'nodes',
    'namespaces',
    'pods',
    'services',
    'configmaps',
    'persistentvolumeclaims',
    'resourcequotas',
    'serviceaccounts',
  ),
  ...group('apps', 'deployments', 'replicasets', 'statefulsets', 'daemonsets'),
  ...group('batch', 'jobs', 'cronjobs'),
  ...group('policy', 'poddisruptionbudgets'),
  ...group('autoscaling', 'horizontalpodautoscalers'),
  ...group('networking.k8s.io', 'networkpolicies', 'ingresses'),
];
const AGAIN_MS = 500;

export interface LiveRunOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly catalog: ResourceCatalog;
}

export interface LiveResult {
  readonly outcomes: readonly Outcome[];
  readonly refusals: readonly Refusal[];
  /** What is there, followed on until disposed: what the last step set going comes to rest. */
  readonly settled: Disposable & { objects(): Iterable<KubeObject> };
}

/** Steps only a simulated world can take. */
const UNTAKEN = new Set(['send', 'stop', 'disrupt', 'heal', 'storm']);

/** Runs until every expectation is decided or the scenario's time is over. What needs a simulated world is refused before anything is done. */
export async function runLive(scenario: Scenario, { client, clock, catalog }: LiveRunOptions): Promise<LiveResult> {
  const untaken = scenario.steps.find(step => UNTAKEN.has(step.do));
  if (untaken) throw new Error(`a running cluster cannot ${untaken.do}: ${scenario.name}`);
  const stop = new AbortController();
  const observed = new Observed();
  const began = clock.monotonic();
  const t = (): number => clock.monotonic() - began;
  const over = Promise.withResolvers<void>();
  const wanted = scenario.steps.filter(step => step.do === 'expect').length;
  let decided = 0;
  const expectations = new Expectations({
    t,
    wake: t_ms => void clock.after(Math.max(0, t_ms - t()), look),
    versions: observed.versions,
    scene: {
      observe: () => observed.now(t()),
      object: ref => {
        const definition = catalog.kind(kindOf(ref));
        if (!definition) return undefined;
        const path = definition.namespaced ? `${ref.namespace ?? 'default'}/${ref.name}` : ref.name;
        return observed.object(collectionOf(definition), path);
      },
      objects: () => observed.objects(),
      ports: {},
    },
    decided: () => {
      if (++decided === wanted) over.resolve();
    },
  });
  function look(): void {
    if (!stop.signal.aborted) expectations.instant(t());
  }
  await Promise.all(
    SEEN.map(
      ref => new Promise<void>(ready => void observe(ref, { client, clock }, observed, stop.signal, ready, look)),
    ),
  );
  const nothing = (): void => undefined;
  const steps = new Steps({
    steps: scenario.steps,
    host: {
      client,
      kind: kind => catalog.kind(kind),
      t,
      at: (t_ms, action) => void clock.after(Math.max(0, t_ms - t()), action),
      log: nothing,
    },
    world: { send: nothing, stop: nothing },
    disruptions: { begin: nothing, heal: nothing, storm: nothing },
    expectations: {
      begin: expectation => {
        expectations.begin(expectation);
        look();
      },
      once: (expression, then) => expectations.once(expression, then),
    },
  });
  steps.schedule();
  clock.after(scenario.until_ms, over.resolve);
  await over.promise;
  const outcomes = expectations.end(t());
  const settled = { objects: () => observed.objects(), [Symbol.dispose]: () => stop.abort() };
  return { outcomes, refusals: steps.refusals, settled };
}

const collectionOf = ({ group: name, resource }: ResourceRef): string =>
  name === '' ? resource : `${name}/${resource}`;

/** Keeps one collection of what is observed as the cluster has it. */
async function observe(
  ref: ResourceRef,
  { client, clock }: Pick<LiveRunOptions, 'client' | 'clock'>,
  observed: Observed,
  signal: AbortSignal,
  ready: () => void,
  changed: () => void,
): Promise<void> {
  const collection = collectionOf(ref);
  while (!signal.aborted) {
    try {
      const options = {
        sendInitialEvents: true,
        resourceVersionMatch: 'NotOlderThan',
        allowWatchBookmarks: true,
      } as const;
      for await (const { type, object } of client.watch<KubeObject>(ref, options, signal)) {
        if (type === 'ERROR') break;
        if (type === 'BOOKMARK') {
          ready();
          continue;
        }
        const { namespace, name = '', resourceVersion } = object.metadata;
        const path = formatKey({ ...(namespace ? { namespace } : {}), name });
        const before = observed.object(collection, path);
        const now = type === 'DELETED' ? undefined : object;
        observed.commit({ t: 0, revision: Number(resourceVersion), collection, path, object: now, before });
        changed();
      }
    } catch {
      // A watch that cannot be had is tried again; what hangs on it stays open and is told as such.
    }
    if (!signal.aborted) await new Promise<void>(again => clock.after(AGAIN_MS, again));
  }
}

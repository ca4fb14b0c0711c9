/** After the last disruption everything comes to what was asked for: counts, versions, endpoints, deletions, owners, nodes. */
import { type KubeObject, type LabelSelectorObject, selects } from '../../../kernel/index.ts';
import { daemonsAtRest } from './daemons.ts';
import type { Invariant, Watchdog } from './report.ts';
import { STATUS_LOOKS } from './rest.ts';
import {
  conditionOf,
  isEnded,
  isGoing,
  isLiving,
  isReady,
  isServing,
  nameOf,
  ownerOf,
  phaseOf,
  specOf,
  type View,
} from './view.ts';

interface Workload {
  readonly replicas?: number;
  readonly selector?: LabelSelectorObject;
  readonly template?: KubeObject & { spec: { containers: readonly { name: string; image?: string }[] } };
  readonly updateStrategy?: { readonly rollingUpdate?: { readonly partition?: number } };
  readonly paused?: boolean;
}
type Status = Readonly<Record<string, number | undefined>>;

/** An object may take this long to go, milliseconds; longer than any grace period of the run. */
const GOING_MS = 120_000;

const imagesOf = (template: Workload['template']): string =>
  (template?.spec.containers ?? []).map(each => each.image).join();
const statusOf = (object: KubeObject): Status => (object.status ?? {}) as Status;

/** What is looked at, when, and where what is found is told. */
interface Look {
  readonly view: View;
  readonly t: number;
  /** Milliseconds since the epoch at the start of the run. */
  readonly start_ms: number;
  /** When the deletion of an object began, by uid. */
  readonly since: ReadonlyMap<string, number>;
  readonly tell: (about: string, message: string) => void;
}

const podsOf = ({ view }: Look, owner: KubeObject): KubeObject[] => view.owned(owner.metadata.uid!, 'pods');

function observed(look: Look, owner: KubeObject): void {
  const { tell } = look;
  const generation = owner.metadata.generation ?? 0;
  if ((statusOf(owner).observedGeneration ?? 0) < generation)
    tell(nameOf(owner), `generation ${generation} is not observed: ${statusOf(owner).observedGeneration ?? 0}`);
}

function whole(look: Look, owner: KubeObject, pods: readonly KubeObject[], wanted: number): void {
  const { tell } = look;
  const kind = owner.kind ?? '';
  const living = pods.filter(isLiving);
  if (living.length !== wanted) tell(`${kind} ${nameOf(owner)}`, `has ${living.length} pods, ${wanted} wanted`);
  const out = living.filter(pod => !isReady(pod));
  if (out.length > 0)
    tell(`${kind} ${nameOf(owner)}`, `${out.map(pod => `${nameOf(pod)} (${phaseOf(pod)})`).join(', ')} not ready`);
}

function deployments(look: Look): void {
  const { view, tell } = look;
  for (const each of view.all('apps/deployments').values()) {
    if (isGoing(each)) continue;
    const { replicas = 1, template, paused } = specOf<Workload>(each);
    if (paused) continue;
    observed(look, each);
    const sets = view
      .owned(each.metadata.uid!, 'apps/replicasets')
      .filter(set => ownerOf(set)?.uid === each.metadata.uid);
    const pods = sets.flatMap(set => podsOf(look, set));
    whole(look, each, pods, replicas);
    const old = pods.filter(pod => isLiving(pod) && imagesOf(pod as never) !== imagesOf(template));
    if (old.length > 0) tell(nameOf(each), `${old.map(nameOf).join(', ')} are of an old template`);
    const status = statusOf(each);
    for (const field of ['replicas', 'updatedReplicas', 'availableReplicas', 'readyReplicas'])
      if ((status[field] ?? 0) !== replicas)
        tell(nameOf(each), `status.${field} is ${status[field] ?? 0}, ${replicas} wanted`);
  }
  for (const set of view.all('apps/replicasets').values()) {
    if (isGoing(set) || ownerOf(set)) continue;
    observed(look, set);
    whole(look, set, podsOf(look, set), specOf<Workload>(set).replicas ?? 1);
  }
}

function statefulSets(look: Look): void {
  const { view, tell } = look;
  for (const each of view.all('apps/statefulsets').values()) {
    if (isGoing(each)) continue;
    const { replicas = 1, template, updateStrategy } = specOf<Workload>(each);
    observed(look, each);
    whole(look, each, podsOf(look, each), replicas);
    const partition = updateStrategy?.rollingUpdate?.partition ?? 0;
    for (const pod of podsOf(look, each)) {
      const ordinal = Number(/-(\d+)$/.exec(pod.metadata.name ?? '')?.[1]);
      if (ordinal >= partition && imagesOf(pod as never) !== imagesOf(template))
        tell(nameOf(pod), 'is of an old template');
    }
    if ((statusOf(each).readyReplicas ?? 0) !== replicas)
      tell(nameOf(each), `status.readyReplicas is ${statusOf(each).readyReplicas ?? 0}, ${replicas} wanted`);
  }
}

function daemonSets(look: Look): void {
  const { view, tell } = look;
  const nodes = [...view.all('nodes').values()].filter(node => !isGoing(node));
  for (const each of view.all('apps/daemonsets').values()) {
    if (isGoing(each)) continue;
    observed(look, each);
    const { pods, stale } = daemonsAtRest(view, each);
    whole(look, each, pods, nodes.length);
    if (stale.length > 0) tell(nameOf(each), `${stale.map(nameOf).join(', ')} are of an old template`);
  }
}

function jobs(look: Look): void {
  const { view, tell } = look;
  for (const job of view.all('batch/jobs').values()) {
    if (isGoing(job)) continue;
    const finished = conditionOf(job, 'Complete') ?? conditionOf(job, 'Failed');
    const pods = podsOf(look, job);
    if (finished && pods.some(isLiving)) tell(nameOf(job), 'has ended and still has pods at work');
    const began = Date.parse(job.metadata.creationTimestamp ?? '') - look.start_ms;
    const { backoffLimit = 6 } = specOf<{ backoffLimit?: number }>(job);
    // Pauses between failed pods double up to ten minutes: a Job that fails may be waiting.
    const failed = statusOf(job).failed ?? 0;
    if (!finished && !pods.some(isLiving) && failed === 0 && backoffLimit > 0 && look.t - began > 90_000)
      tell(nameOf(job), 'has not ended and nobody works at it');
    const stuck = pods.filter(
      pod => isEnded(pod) && pod.metadata.finalizers?.includes('batch.kubernetes.io/job-tracking'),
    );
    if (stuck.length > 0) tell(nameOf(job), `${stuck.map(nameOf).join(', ')} have ended and are not counted`);
  }
  for (const cronJob of view.all('batch/cronjobs').values()) {
    const { lastScheduleTime, active } = (cronJob.status ?? {}) as {
      lastScheduleTime?: string;
      active?: readonly object[];
    };
    const { schedule, suspend } = specOf<{ schedule?: string; suspend?: boolean }>(cronJob);
    if (schedule !== '* * * * *' || suspend || isGoing(cronJob)) continue;
    const last = lastScheduleTime ? Date.parse(lastScheduleTime) - look.start_ms : 0;
    const busy = view
      .owned(cronJob.metadata.uid!, 'batch/jobs')
      .some(job => !conditionOf(job, 'Complete') && !conditionOf(job, 'Failed'));
    if (look.t - last > 150_000 && !busy)
      tell(nameOf(cronJob), `last started at ${last} ms, every minute is asked for`);
    if (look.t - last > 150_000 && !busy && active?.length) tell(nameOf(cronJob), 'names Jobs as active that are not');
  }
}

function endpoints(look: Look): void {
  const { view, tell } = look;
  for (const service of view.all('services').values()) {
    const { selector } = specOf<{ selector?: Record<string, string> }>(service);
    if (!selector || isGoing(service)) continue;
    const wanted = new Map<string, boolean>();
    for (const pod of view.all('pods').values()) {
      const ip = (pod.status as { podIP?: string } | undefined)?.podIP;
      if (pod.metadata.namespace !== service.metadata.namespace || !ip || isEnded(pod)) continue;
      if (selects({ matchLabels: selector }, pod.metadata.labels)) wanted.set(ip, isServing(pod));
    }
    const found = new Map<string, boolean>();
    for (const slice of view.all('discovery.k8s.io/endpointslices').values()) {
      if (slice.metadata.namespace !== service.metadata.namespace) continue;
      if (slice.metadata.labels?.['kubernetes.io/service-name'] !== service.metadata.name) continue;
      const list = (slice as unknown as { endpoints?: { addresses: string[]; conditions?: { ready?: boolean } }[] })
        .endpoints;
      for (const { addresses, conditions } of list ?? [])
        for (const ip of addresses) found.set(ip, conditions?.ready ?? true);
    }
    for (const [ip, ready] of wanted)
      if (found.get(ip) !== ready)
        tell(`service ${nameOf(service)}`, `endpoint ${ip} is ${found.get(ip) ?? 'missing'}, the pod ready ${ready}`);
    for (const ip of found.keys())
      if (!wanted.has(ip)) tell(`service ${nameOf(service)}`, `endpoint ${ip} is of no pod`);
  }
}

function objects(look: Look): void {
  const { view, tell } = look;
  for (const collection of COLLECTIONS)
    for (const each of view.all(collection).values()) {
      if (isGoing(each) && look.t - (look.since.get(each.metadata.uid!) ?? look.t) > GOING_MS)
        tell(
          `${collection}/${nameOf(each)}`,
          `is being deleted since ${look.since.get(each.metadata.uid!)} ms: ${each.metadata.finalizers ?? 'no finalizer'}`,
        );
      for (const { uid, kind, name: owner } of each.metadata.ownerReferences ?? [])
        if (!view.uid(uid) && !isGoing(each))
          tell(`${collection}/${nameOf(each)}`, `is owned by ${kind} ${owner} of uid ${uid}, which is gone`);
    }
}

function nodes(look: Look): void {
  const { view, tell } = look;
  for (const node of view.all('nodes').values()) {
    if (conditionOf(node, 'Ready')?.status !== 'True')
      tell(nameOf(node), `Ready is ${conditionOf(node, 'Ready')?.status}`);
    const taints = specOf<{ taints?: { key: string }[] }>(node).taints ?? [];
    for (const { key } of taints)
      if (key.startsWith('node.kubernetes.io/')) tell(nameOf(node), `still has taint ${key}`);
  }
}

function budgets(look: Look): void {
  const { view, tell } = look;
  for (const budget of view.all('policy/poddisruptionbudgets').values()) {
    const { selector } = specOf<Workload>(budget);
    const pods = [...view.all('pods').values()].filter(
      pod => selector && pod.metadata.namespace === budget.metadata.namespace && selects(selector, pod.metadata.labels),
    );
    const healthy = pods.filter(isServing).length;
    const { currentHealthy = 0, observedGeneration = 0 } = statusOf(budget);
    if (currentHealthy !== healthy)
      tell(`budget ${nameOf(budget)}`, `counts ${currentHealthy} healthy, ${healthy} are`);
    if (observedGeneration < (budget.metadata.generation ?? 0)) tell(`budget ${nameOf(budget)}`, 'is not observed');
  }
}

const LOOKS: readonly ((look: Look) => void)[] = [
  deployments,
  statefulSets,
  daemonSets,
  jobs,
  endpoints,
  objects,
  nodes,
  budgets,
];

export function convergenceInvariant(dog: Watchdog): Invariant {
  const name = 'convergence';
  const { view } = dog;
  const since = new Map<string, number>();
  const tell = (about: string, message: string): void => dog.violated(name, about, message);
  /** Whether the run was left alone for long enough. */
  const asked = (): boolean => dog.always || dog.weather.settled(dog.quiet_ms);
  return {
    name,
    commit({ t, object, before }) {
      if (object && isGoing(object) && !(before && isGoing(before))) since.set(object.metadata.uid!, t);
    },
    end(t) {
      if (!asked()) return;
      for (const each of LOOKS) each({ view, t, start_ms: dog.start_ms, since, tell });
      for (const each of STATUS_LOOKS) each(view, tell);
    },
    truth(running) {
      if (!asked()) return;
      const known = new Map([...view.all('pods').values()].map(pod => [pod.metadata.uid!, pod]));
      for (const [uid, node] of running) {
        const pod = known.get(uid);
        if (!pod) tell(uid, `runs on ${node} and is not in the API`);
        else if (isEnded(pod)) tell(nameOf(pod), `runs on ${node} and is ${phaseOf(pod)}`);
      }
      for (const [uid, pod] of known)
        if (isServing(pod) && !running.has(uid)) tell(nameOf(pod), 'is ready and does not run');
    },
  };
}

/** Where owners and deletions are looked at. */
const COLLECTIONS = [
  'pods',
  'services',
  'configmaps',
  'secrets',
  'apps/deployments',
  'apps/replicasets',
  'apps/statefulsets',
  'apps/daemonsets',
  'apps/controllerrevisions',
  'batch/jobs',
  'batch/cronjobs',
  'discovery.k8s.io/endpointslices',
  'namespaces',
];

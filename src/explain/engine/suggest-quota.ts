import { type KubeObject, Quantity } from '../../kernel/index.ts';
import { usageOf } from '../../kernel/admission/plugins/usage.ts';
import { wantedPods } from './ledger.ts';
import { Prepared } from './prepared.ts';
import { fieldsOf, listOf, templateOf } from './workload.ts';

export interface QuotaSuggestion {
  readonly objects: readonly KubeObject[];
  /** Workloads that the suggestion would refuse: none, or it is told. */
  readonly refused: readonly { readonly workload: string; readonly why: string }[];
}

const RESOURCES = ['cpu', 'memory'] as const;
type Resource = (typeof RESOURCES)[number];
/** What amounts are rounded up to. */
const STEP: Readonly<Record<Resource, string>> = { cpu: '50m', memory: '32Mi' };
/** For containers that say nothing, where no other of the namespace says anything either. */
const DEFAULTS: Readonly<Record<Resource, string>> = { cpu: '100m', memory: '128Mi' };

/** The next whole multiple of a resource's step. */
function rounded(amount: Quantity, resource: Resource): Quantity {
  const step = Quantity.of(STEP[resource]);
  const steps = (amount.nano + step.nano - 1n) / step.nano;
  return new Quantity(step.nano * (steps > 1n ? steps : 1n), step.format);
}

const scaled = (amount: Quantity, headroom: number, resource: Resource): Quantity =>
  rounded(new Quantity((amount.nano * BigInt(100 + headroom)) / 100n, amount.format), resource);

function* containersOf(pod: KubeObject): Iterable<Readonly<Record<string, unknown>>> {
  const spec = fieldsOf(pod.spec);
  for (const list of ['initContainers', 'containers']) for (const each of listOf(spec[list])) yield fieldsOf(each);
}

function amountsIn(pods: readonly KubeObject[], which: 'requests' | 'limits', resource: Resource): Quantity[] {
  return pods
    .flatMap(pod => [...containersOf(pod)])
    .flatMap(container => {
      const value = fieldsOf(fieldsOf(container.resources)[which])[resource];
      return typeof value === 'string' || typeof value === 'number' ? [Quantity.of(value)] : [];
    })
    .sort((left, right) => left.compare(right));
}

/** What pods of a namespace were seen to use (metrics.k8s.io PodMetrics), where that is known. */
function observed(prepared: Prepared, namespace: string, resource: Resource): Quantity {
  let sum = new Quantity(0n);
  for (const metrics of prepared.kinds('PodMetrics')) {
    if ((metrics.metadata.namespace ?? 'default') !== namespace) continue;
    for (const container of listOf((metrics as unknown as { containers?: unknown }).containers)) {
      const used = fieldsOf(fieldsOf(container).usage)[resource];
      if (typeof used === 'string') sum = sum.add(Quantity.of(used));
    }
  }
  return sum;
}

const most = (left: Quantity, right: Quantity): Quantity => (left.compare(right) >= 0 ? left : right);

interface Range {
  readonly request: Readonly<Record<Resource, Quantity>>;
  readonly limit: Readonly<Record<Resource, Quantity>>;
  readonly max: Readonly<Record<Resource, Quantity>>;
}

/** Defaults are the middle of what others of the namespace ask for, bounds the most. */
function rangeOf(pods: readonly KubeObject[], headroom: number): Range {
  const of = (write: (resource: Resource) => Quantity): Record<Resource, Quantity> => ({
    cpu: write('cpu'),
    memory: write('memory'),
  });
  const request = of(resource => {
    const known = amountsIn(pods, 'requests', resource);
    return known[Math.floor((known.length - 1) / 2)] ?? Quantity.of(DEFAULTS[resource]);
  });
  // A default limit must not be less than what a container without a limit asks for.
  const limit = of(resource =>
    [...amountsIn(pods, 'limits', resource).slice(-1), ...amountsIn(pods, 'requests', resource).slice(-1)].reduce(
      most,
      request[resource],
    ),
  );
  return { request, limit, max: of(resource => scaled(limit[resource], headroom, resource)) };
}

const texts = (amounts: Readonly<Record<Resource, Quantity>>): Record<string, string> =>
  Object.fromEntries(RESOURCES.map(resource => [resource, amounts[resource].toString()]));

/** Containers as the range would complete them (LimitRanger). */
function completed(pod: KubeObject, { request, limit }: Range): KubeObject {
  const copy = structuredClone(pod) as KubeObject & { spec: Record<string, Record<string, unknown>[] | undefined> };
  for (const list of ['initContainers', 'containers'])
    for (const container of copy.spec[list] ?? []) {
      const resources = fieldsOf(container.resources);
      const limits = { ...texts(limit), ...fieldsOf(resources.limits) };
      const own = fieldsOf(resources.limits);
      container.resources = {
        ...resources,
        limits,
        // A limit alone is the request too (API defaulting comes before the range's defaults).
        requests: { ...texts(request), ...own, ...fieldsOf(resources.requests) },
      };
    }
  return copy;
}

function suggestionFor(prepared: Prepared, namespace: string, headroom: number): KubeObject[] {
  const pods = wantedPods(prepared.documents.objects, namespace);
  const range = rangeOf(pods, headroom);
  const sums = new Map<string, Quantity>();
  for (const pod of pods)
    for (const [name, amount] of usageOf('', 'pods', completed(pod, range)))
      sums.set(name, sums.get(name)?.add(amount) ?? amount);
  const hard: Record<string, string> = { pods: String(Math.ceil((pods.length * (100 + headroom)) / 100)) };
  for (const which of ['requests', 'limits'] as const)
    for (const resource of RESOURCES) {
      const asked = sums.get(`${which}.${resource}`) ?? new Quantity(0n);
      hard[`${which}.${resource}`] = scaled(
        most(asked, observed(prepared, namespace, resource)),
        headroom,
        resource,
      ).toString();
    }
  const metadata = { namespace, labels: { 'app.kubernetes.io/managed-by': 'tenon' } };
  const limits = [
    { type: 'Container', default: texts(range.limit), defaultRequest: texts(range.request), max: texts(range.max) },
  ];
  return [
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'as-used', ...metadata }, spec: { hard } },
    { apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'as-used', ...metadata }, spec: { limits } },
  ];
}

/**
 * Quotas and ranges for what namespaces ask for (or are seen to use, where that is more), with `headroom` whole percent above it. Decided
 * again: every workload is let in under them.
 */
export function suggestQuotas(prepared: Prepared, headroom: number, wanted?: ReadonlySet<string>): QuotaSuggestion {
  const workloads = prepared.documents.objects.filter(
    object =>
      (object.kind === 'Pod' || templateOf(object) !== undefined) &&
      !object.metadata.ownerReferences?.some(owner => owner.controller),
  );
  const namespaces = [...new Set(workloads.map(({ metadata }) => metadata.namespace ?? 'default'))]
    .filter(name => wanted === undefined || wanted.has(name))
    .sort();
  const objects = namespaces.flatMap(namespace => suggestionFor(prepared, namespace, headroom));
  const { documents, ports } = prepared;
  const others = documents.objects.filter(
    ({ kind, metadata }) =>
      (kind !== 'ResourceQuota' && kind !== 'LimitRange') || !namespaces.includes(metadata.namespace ?? 'default'),
  );
  const after = new Prepared({ ...documents, live: false, objects: [...others, ...objects] }, ports);
  const refused = workloads.flatMap(object => {
    if (!namespaces.includes(object.metadata.namespace ?? 'default')) return [];
    const was = prepared.rehearsal.admitWorkload(object).answer.outcome;
    const { answer } = after.rehearsal.admitWorkload(object);
    if (answer.outcome === 'allow' || answer.outcome === was) return [];
    const workload = `${object.metadata.namespace ?? 'default'}/${object.metadata.name}[${object.kind}]`;
    return [{ workload, why: answer.because[0]?.en ?? answer.outcome }];
  });
  return { objects, refused };
}

import type { KubeObject } from '../../object.ts';
import { Quantity } from '../../quantity.ts';
import { forbidden } from '../../status.ts';
import type { AdmissionAttributes, AdmissionStep } from '../admission.ts';
import type { AdmissionReads } from '../reads.ts';
import { podAmounts, type PodSpecAmounts } from './usage.ts';

type Values = Record<string, string>;
interface LimitItem {
  type: string;
  min?: Values;
  max?: Values;
  default?: Values;
  defaultRequest?: Values;
  maxLimitRequestRatio?: Values;
}
interface Container {
  name: string;
  resources?: { requests?: Record<string, string | number>; limits?: Record<string, string | number> };
}

const ANNOTATION = 'kubernetes.io/limit-ranger';

function itemsOf(reads: AdmissionReads, namespace: string): LimitItem[] {
  return reads
    .list('limitranges', `${namespace}/`)
    .flatMap(range => (range.spec as { limits?: LimitItem[] } | undefined)?.limits ?? []);
}

/** Fills what a container leaves out; returns the names that were set. */
function fillList(container: Container, which: 'requests' | 'limits', defaults: Values | undefined): string[] {
  const names = Object.keys(defaults ?? {}).filter(name => !Object.hasOwn(container.resources?.[which] ?? {}, name));
  if (names.length === 0) return [];
  const list = { ...container.resources?.[which] };
  for (const name of names) list[name] = defaults![name]!;
  container.resources = { ...container.resources, [which]: list };
  return names.sort();
}

function fillContainer(container: Container, items: readonly LimitItem[], kind: string): string[] {
  const texts: string[] = [];
  for (const item of items) {
    if (item.type !== 'Container') continue;
    // Requests first: a limit the user gave stands in for a request that is not in defaultRequest.
    const requests = fillList(container, 'requests', item.defaultRequest);
    const limits = fillList(container, 'limits', item.default);
    if (requests.length > 0) texts.push(`${requests.join(', ')} request for ${kind} ${container.name}`);
    if (limits.length > 0) texts.push(`${limits.join(', ')} limit for ${kind} ${container.name}`);
  }
  return texts;
}

interface Asked {
  readonly requests: ReadonlyMap<string, Quantity>;
  readonly limits: ReadonlyMap<string, Quantity>;
}

function violations(item: LimitItem, asked: Asked): string[] {
  const problems: string[] = [];
  for (const [name, min] of Object.entries(item.min ?? {})) {
    const text = `minimum ${name} usage per ${item.type} is ${min}`;
    const request = asked.requests.get(name);
    const limit = asked.limits.get(name);
    if (!request) problems.push(`${text}.  No request is specified`);
    else if (request.compare(Quantity.of(min)) < 0) problems.push(`${text}, but request is ${request}`);
    if (limit && limit.compare(Quantity.of(min)) < 0) problems.push(`${text}, but limit is ${limit}`);
  }
  for (const [name, max] of Object.entries(item.max ?? {})) {
    const text = `maximum ${name} usage per ${item.type} is ${max}`;
    const limit = item.type === 'PersistentVolumeClaim' ? asked.requests.get(name) : asked.limits.get(name);
    const request = asked.requests.get(name);
    const word = item.type === 'PersistentVolumeClaim' ? 'request' : 'limit';
    if (!limit) problems.push(`${text}.  No ${word} is specified`);
    else if (limit.compare(Quantity.of(max)) > 0) problems.push(`${text}, but ${word} is ${limit}`);
    if (word === 'limit' && request && request.compare(Quantity.of(max)) > 0)
      problems.push(`${text}, but request is ${request}`);
  }
  for (const [name, ratio] of Object.entries(item.maxLimitRequestRatio ?? {})) {
    const text = `${name} max limit to request ratio per ${item.type} is ${ratio}`;
    const request = asked.requests.get(name);
    const limit = asked.limits.get(name);
    if (!request || request.isZero()) problems.push(`${text}, but no request is specified or request is 0`);
    else if (!limit || limit.isZero()) problems.push(`${text}, but no limit is specified or limit is 0`);
    else {
      const actual = limit.toNumber() / request.toNumber();
      if (actual > Quantity.of(ratio).toNumber()) problems.push(`${text}, but provided ratio is ${actual.toFixed(6)}`);
    }
  }
  return problems;
}

function askedBy(resources: Container['resources'] | undefined): Asked {
  const map = (list: Record<string, string | number> | undefined): Map<string, Quantity> =>
    new Map(Object.entries(list ?? {}).map(([name, value]) => [name, Quantity.of(value)]));
  return { requests: map(resources?.requests), limits: map(resources?.limits) };
}

function podViolations(pod: KubeObject, items: readonly LimitItem[]): string[] {
  const spec = (pod.spec ?? {}) as PodSpecAmounts & { containers?: Container[]; initContainers?: Container[] };
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])];
  const whole: Asked = { requests: podAmounts(spec, 'requests'), limits: podAmounts(spec, 'limits') };
  return items.flatMap(item => {
    if (item.type === 'Container') return containers.flatMap(({ resources }) => violations(item, askedBy(resources)));
    return item.type === 'Pod' ? violations(item, whole) : [];
  });
}

/** Default requests and limits, and the bounds of a namespace's LimitRanges (LimitRanger). */
export function limitRanger(reads: AdmissionReads): AdmissionStep {
  const mutate = ({ operation, definition, object, key }: AdmissionAttributes): boolean => {
    if (operation !== 'CREATE' || definition.resource !== 'pods') return false;
    const items = itemsOf(reads, key.namespace!);
    if (items.length === 0) return false;
    const pod = object!;
    const spec = pod.spec as { containers?: Container[]; initContainers?: Container[] };
    const texts = [
      ...(spec.containers ?? []).flatMap(container => fillContainer(container, items, 'container')),
      ...(spec.initContainers ?? []).flatMap(container => fillContainer(container, items, 'init container')),
    ];
    if (texts.length === 0) return false;
    pod.metadata.annotations = {
      ...pod.metadata.annotations,
      [ANNOTATION]: `LimitRanger plugin set: ${texts.join('; ')}`,
    };
    return true;
  };
  const validate = ({ definition, object, key }: AdmissionAttributes): void => {
    const items = itemsOf(reads, key.namespace!);
    if (items.length === 0) return;
    const problems =
      definition.resource === 'pods'
        ? podViolations(object!, items)
        : items
            .filter(({ type }) => type === 'PersistentVolumeClaim')
            .flatMap(item => violations(item, askedBy((object!.spec as Container | undefined)?.resources)));
    if (problems.length === 0) return;
    const text = problems.length === 1 ? problems[0]! : `[${problems.join(', ')}]`;
    throw forbidden(definition, object!.metadata.name ?? key.name, text);
  };
  return {
    name: 'LimitRanger',
    handles: (operation, definition, subresource) =>
      definition.group === '' &&
      ((definition.resource === 'pods' &&
        ((operation === 'CREATE' && subresource === '') || (operation === 'UPDATE' && subresource === 'resize'))) ||
        (definition.resource === 'persistentvolumeclaims' &&
          subresource === '' &&
          (operation === 'CREATE' || operation === 'UPDATE'))),
    mutate,
    validate,
  };
}

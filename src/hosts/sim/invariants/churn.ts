/** Nobody writes without end, no two owners take a field from each other again and again, no owned object goes while its owner stays. */
import { hash } from 'node:crypto';
import type { KubeObject } from '../../../kernel/index.ts';
import { equalJson } from '../../../kernel/merge/json.ts';
import type { Call } from '../model.ts';
import type { Invariant, Watchdog } from './report.ts';
import { isGoing, nameOf } from './view.ts';

const MINUTE_MS = 60_000;
const WRITES_MAX = 240;

interface Object_ {
  /** What people and controllers set of spec and metadata, as it was before the last change of that: its number. */
  earlier?: number;
  fights?: number[];
  readonly writes: number[];
}

/** A number of 48 bits for a text: what many objects once were is not kept as text. */
const numberOf = (text: string): number => hash('sha1', text, 'buffer').readUIntBE(0, 6);

/** Nearly every write is one of a status, and shares all else with the object as it was. */
const sameSet = (one: KubeObject & { data?: unknown }, other: KubeObject & { data?: unknown }): boolean =>
  one.spec === other.spec &&
  one.data === other.data &&
  equalJson(one.metadata.labels, other.metadata.labels) &&
  equalJson(one.metadata.annotations, other.metadata.annotations) &&
  equalJson(one.metadata.ownerReferences, other.metadata.ownerReferences) &&
  equalJson(one.metadata.finalizers, other.metadata.finalizers);

function setText({ spec, data, metadata }: KubeObject & { data?: unknown }): string {
  return JSON.stringify([
    spec,
    data,
    metadata.labels,
    metadata.annotations,
    metadata.ownerReferences,
    metadata.finalizers,
  ]);
}

export function churnInvariant(dog: Watchdog): Invariant {
  const name = 'churn';
  const objects = new Map<string, Object_>();
  const told = new Set<string>();
  const forget = (times: number[], t: number): void => {
    while (times.length > 0 && times[0]! < t - MINUTE_MS) times.shift();
  };
  return {
    name,
    commit({ t, collection, path, object, before }) {
      if (collection === 'events' || collection === 'coordination.k8s.io/leases') return;
      const key = `${collection}/${path}`;
      if (!object) return void objects.delete(key);
      let known = objects.get(key);
      if (!known) objects.set(key, (known = { writes: [] }));
      known.writes.push(t);
      forget(known.writes, t);
      if (known.writes.length > WRITES_MAX && !told.has(key)) {
        told.add(key);
        dog.violated(name, key, `was written ${known.writes.length} times within a minute`);
      }
      if (!before || sameSet(before, object)) return;
      const [was, is] = [numberOf(setText(before)), numberOf(setText(object))];
      if (was === is) return;
      const { earlier } = known;
      known.earlier = was;
      if (earlier === is) {
        const fights = (known.fights ??= []);
        fights.push(t);
        forget(fights, t);
        if (fights.length > dog.fights_max && !told.has(key)) {
          told.add(key);
          dog.violated('fight', key, `was turned back and forth ${fights.length} times within a minute`);
        }
      }
    },
  };
}

/** What an owner that stays holds is not collected. */
export function garbageInvariant(dog: Watchdog): Invariant {
  const name = 'garbage';
  const { view } = dog;
  const held = new Map<string, { readonly t: number; readonly owners: string }>();
  /** Collections whose objects controllers take away though the owner stays. */
  const managed = new Set([
    'pods',
    'apps/replicasets',
    'apps/controllerrevisions',
    'batch/jobs',
    'discovery.k8s.io/endpointslices',
    'endpoints',
  ]);
  return {
    name,
    commit({ t, collection, path, object, before }) {
      if (!before || managed.has(collection) || isGoing(before) || (object && !isGoing(object))) return;
      const owners = before.metadata.ownerReferences ?? [];
      const living = owners.flatMap(({ uid }) => view.uid(uid)?.object ?? []).filter(each => !isGoing(each));
      if (owners.length > 0 && living.length > 0)
        held.set(`${collection}/${path}`, { t, owners: living.map(nameOf).join(', ') });
    },
    call({ t, by, verb, collection, path, code }: Call) {
      const found = held.get(`${collection}/${path}`);
      if (verb !== 'delete' || code !== undefined || found?.t !== t || by !== 'controller-manager') return;
      dog.violated(name, `${collection}/${path}`, `was collected though ${found.owners} owns it`);
    },
  };
}

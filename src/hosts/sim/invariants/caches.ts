/** At rest every cache is what the store holds: nothing more, nothing less, no older (client-go, shared informers). */
import {
  fieldText,
  type KubeObject,
  matchFields,
  matchLabels,
  parseFieldSelector,
  parseLabelSelector,
} from '../../../kernel/index.ts';
import type { Cached } from '../model.ts';
import type { Invariant, Watchdog } from './report.ts';
import { nameOf } from './view.ts';

/** What is younger than this, in virtual milliseconds, may be on its way. */
const UNDERWAY_MS = 45_000;
/** Written all the time. */
const BUSY = new Set(['coordination.k8s.io/leases', 'events', 'events.k8s.io/events']);

export function cachesInvariant(dog: Watchdog): Invariant {
  const name = 'cache';
  const { view } = dog;
  /** When something of a name last changed. */
  const changed = new Map<string, number>();
  const check = ({ by, informer }: Cached): void => {
    const { group, resource } = informer.ref;
    const collection = group ? `${group}/${resource}` : resource;
    if (!informer.synced || BUSY.has(collection)) return;
    const { namespace, labelSelector = '', fieldSelector = '' } = informer.scope;
    const labels = parseLabelSelector(labelSelector);
    const fields = parseFieldSelector(fieldSelector);
    const held = new Map([...informer.list()].map(object => [nameOf(object), object]));
    const tell = (path: string, message: string): void => {
      const at = changed.get(`${collection}/${path}`) ?? 0;
      if (view.t - at > UNDERWAY_MS) dog.violated(name, `${by} ${collection}/${path}`, message);
    };
    for (const [path, object] of view.all(collection)) {
      if (namespace !== undefined && object.metadata.namespace !== namespace) continue;
      if (!matchLabels(labels, object.metadata.labels) || !matchFields(fields, object, fieldText)) continue;
      const known: KubeObject | undefined = held.get(path);
      held.delete(path);
      const version = object.metadata.resourceVersion;
      if (!known) tell(path, `is not known, version ${version} is there`);
      else if (known.metadata.resourceVersion !== version)
        tell(path, `is known in version ${known.metadata.resourceVersion}, ${version} is there`);
    }
    for (const path of held.keys()) tell(path, 'is held to be there and is gone');
  };
  return {
    name,
    commit({ t, collection, path }) {
      changed.set(`${collection}/${path}`, t);
    },
    truth(_, caches) {
      if (!dog.always && !dog.weather.settled(dog.quiet_ms)) return;
      for (const each of caches) check(each);
    },
  };
}

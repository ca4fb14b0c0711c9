import type { KubeObject, ObjectKey } from '../object.ts';
import { parseKey } from '../object.ts';
import type { StoredEvent, StoredObject } from '../registry/registry.ts';

/** What watchers get for a version, made once and shared by all who are told at the same time. */
interface Told {
  added?: StoredEvent;
  modified?: StoredEvent;
  deleted?: StoredEvent;
}

/**
 * One version of one object: the JSON text, and the version before it while history still needs that. The parsed form is
 * held weakly: informers that keep an object share it, everything else costs no memory beyond the text.
 */
export class Version implements StoredObject {
  readonly path: string;
  readonly resourceVersion: number;
  /** Empty for a removal. */
  readonly json: string;
  readonly removed: boolean;
  previous: Version | undefined;
  #parsed: WeakRef<KubeObject> | undefined;
  #events: Told | undefined;

  constructor(path: string, revision: number, json: string | null, object: KubeObject | undefined) {
    this.path = path;
    this.resourceVersion = revision;
    this.json = json ?? '';
    this.removed = json === null;
    this.previous = undefined;
    this.#parsed = object ? new WeakRef(object) : undefined;
    this.#events = undefined;
  }

  get key(): ObjectKey {
    return parseKey(this.path);
  }

  get object(): KubeObject {
    const known = this.#parsed?.deref();
    if (known) return known;
    const parsed = JSON.parse(this.json) as KubeObject;
    this.#parsed = new WeakRef(parsed);
    return parsed;
  }

  /** The object watchers compare with: undefined when there was none before. */
  get before(): Version | undefined {
    const previous = this.previous;
    return previous === undefined || previous.removed ? undefined : previous;
  }

  added(): StoredEvent {
    return (this.#told.added ??= { type: 'ADDED', stored: this });
  }

  modified(): StoredEvent {
    return (this.#told.modified ??= { type: 'MODIFIED', stored: this });
  }

  /** The last state before this version, carrying this version's revision (etcd3 watcher: a DELETED event is dated by the deletion). */
  deleted(): StoredEvent {
    return (this.#told.deleted ??= { type: 'DELETED', stored: this.lastState() });
  }

  /** The state before this version under this version's revision; only while history knows it. */
  lastState(): StoredObject {
    const deleted = this.#events?.deleted;
    return deleted?.type === 'DELETED' ? deleted.stored : redate(this.previous!, this.resourceVersion);
  }

  /** All watchers have been told: what was made for them would only fill memory. */
  settle(): void {
    this.#events = undefined;
  }

  get #told(): Told {
    return (this.#events ??= {});
  }
}

/** The same object under a later revision. */
function redate(version: Version, revision: number): Version {
  const object = version.object;
  const dated = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
  return new Version(version.path, revision, JSON.stringify(dated), dated);
}

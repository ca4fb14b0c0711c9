import type { KubeObject, ObjectKey } from '../object.ts';
import { parseKey } from '../object.ts';
import type { StoredEvent, StoredObject } from '../registry/registry.ts';

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
  /** What watchers get for this version, made once and shared by all of them. */
  #added: StoredEvent | undefined;
  #modified: StoredEvent | undefined;
  #deleted: StoredEvent | undefined;

  constructor(path: string, revision: number, json: string | null, object: KubeObject | undefined) {
    this.path = path;
    this.resourceVersion = revision;
    this.json = json ?? '';
    this.removed = json === null;
    this.previous = undefined;
    this.#parsed = object ? new WeakRef(object) : undefined;
    this.#added = undefined;
    this.#modified = undefined;
    this.#deleted = undefined;
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
    return (this.#added ??= { type: 'ADDED', stored: this });
  }

  modified(): StoredEvent {
    return (this.#modified ??= { type: 'MODIFIED', stored: this });
  }

  /** The last state before this version, carrying this version's revision (etcd3 watcher: a DELETED event is dated by the deletion). */
  deleted(): StoredEvent {
    return (this.#deleted ??= { type: 'DELETED', stored: this.lastState() });
  }

  /** The state before this version under this version's revision; only while history knows it. */
  lastState(): StoredObject {
    return this.#deleted?.type === 'DELETED' ? this.#deleted.stored : redate(this.previous!, this.resourceVersion);
  }
}

/** The same object under a later revision. */
function redate(version: Version, revision: number): Version {
  const object = version.object;
  const dated = { ...object, metadata: { ...object.metadata, resourceVersion: String(revision) } };
  return new Version(version.path, revision, JSON.stringify(dated), dated);
}

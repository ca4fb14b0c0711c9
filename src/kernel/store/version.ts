import type { KubeObject, ObjectKey } from '../object.ts';
import { parseKey } from '../object.ts';
import type { StoredEvent, StoredObject } from '../registry/registry.ts';
import type { Slab, StoredText, TextHolder, Texts } from './texts.ts';

/** What watchers get for a version, made once and shared by all who are told at the same time. */
interface Told {
  added?: StoredEvent;
  modified?: StoredEvent;
  deleted?: StoredEvent;
}

/**
 * One version of one object: the JSON text, and the version before it while history still needs that. The parsed form is
 * held weakly: informers that keep an object share it, everything else costs no memory beyond the text. A version on its
 * way to the log has both; one that is told to `hold` its object gives up the text, which is made again for who asks.
 */
export class Version implements StoredObject, TextHolder {
  readonly path: string;
  readonly resourceVersion: number;
  readonly removed: boolean;
  /** Bytes of the JSON text; 0 for a removal. */
  readonly size: number;
  previous: Version | undefined;
  /** Written by the registry of this process: without unknown fields, with every default. */
  canonical: boolean;
  /** Forgotten by its store; whoever still has it may read it. */
  dropped: boolean;
  /** Where the text begins in its slab. */
  start: number;
  /** The text itself, or the slab it was packed into; undefined while the object stands for it. */
  #text: string | Slab | undefined;
  #parsed: KubeObject | WeakRef<KubeObject> | undefined;
  #events: Told | undefined;

  /** `staged`: the object is held firmly until the version is packed. */
  constructor(path: string, revision: number, json: string | null, object: KubeObject | undefined, staged = false) {
    this.path = path;
    this.resourceVersion = revision;
    this.removed = json === null;
    this.size = json === null ? 0 : Buffer.byteLength(json);
    this.previous = undefined;
    this.canonical = false;
    this.dropped = false;
    this.start = 0;
    this.#text = json ?? '';
    this.#parsed = object && !staged ? new WeakRef(object) : object;
    this.#events = undefined;
  }

  get key(): ObjectKey {
    return parseKey(this.path);
  }

  get json(): string {
    const text = this.#text;
    if (text === undefined) return JSON.stringify(this.#parsed);
    return typeof text === 'string' ? text : text.bytes.toString('utf8', this.start, this.start + this.size);
  }

  /** Where the text lies, without a copy. */
  get stored(): StoredText {
    const text = this.#text ?? this.json;
    return { text: typeof text === 'string' ? text : text.bytes, start: this.start, size: this.size };
  }

  get bytes(): Uint8Array {
    const text = this.#text ?? this.json;
    return typeof text === 'string' ? Buffer.from(text) : text.bytes.subarray(this.start, this.start + this.size);
  }

  copyTo(target: Buffer, at: number): void {
    const text = this.#text ?? this.json;
    if (typeof text === 'string') target.write(text, at, this.size, 'utf8');
    else text.bytes.copy(target, at, this.start, this.start + this.size);
  }

  /** Moves the text out of the collected heap. */
  pack(texts: Texts): void {
    if (typeof this.#text === 'string' && !this.removed) texts.add(this.#text, this);
    if (this.#parsed && !(this.#parsed instanceof WeakRef)) this.#parsed = new WeakRef(this.#parsed);
  }

  /** Keeps the object instead of the text, where it is at hand: of an object that informers keep anyway the text is a copy. */
  hold(texts: Texts): void {
    const { parsed } = this;
    if (parsed === undefined) return this.pack(texts);
    this.#parsed = parsed;
    this.#text = undefined;
    return undefined;
  }

  place(slab: Slab, start: number): void {
    this.#text = slab;
    this.start = start;
  }

  /** The store needs the text no more. */
  drop(texts: Texts): void {
    if (this.dropped || typeof this.#text !== 'object') return;
    this.dropped = true;
    texts.drop(this.#text, this.size);
  }

  /** The parsed form, while somebody has it. */
  get parsed(): KubeObject | undefined {
    const parsed = this.#parsed;
    return parsed instanceof WeakRef ? parsed.deref() : parsed;
  }

  get object(): KubeObject {
    const known = this.parsed;
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

  /** The state before this version under this version's revision; `known` is that state where history may have forgotten it. */
  lastState(known?: Version): StoredObject {
    const deleted = this.#events?.deleted;
    return deleted?.type === 'DELETED' ? deleted.stored : redate((this.previous ?? known)!, this.resourceVersion);
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

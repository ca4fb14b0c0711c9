import type { Fault, Origin, Parsed, Span } from '../base/index.ts';
import type { Decoded } from '../kernel/decode/decode.ts';
import type { KubeObject, ResourceRef } from '../kernel/index.ts';

/** A read-only tree of texts, read once under limits; `path` keys use `/`, are relative and never contain `..`. */
export interface SourceTree {
  /** What people call it: a folder or a URL. */
  readonly name: string;
  /** Commit id of a git source; a hash of the content of a folder. */
  readonly revision: string;
  /** Repository and commit, for origins; absent for plain folders. */
  readonly repository?: string;
  readonly commit?: string;
  readonly files: ReadonlyMap<string, string>;
  /** Files that look like manifests and were too large to be read. */
  readonly unread?: readonly string[];
  /** Documents of texts that were read already, by file and text: two states of one source share most. */
  readonly known?: Map<string, Parsed<readonly Decoded[]>>;
}

/** An object as the sources want it, and where it was written. */
export interface Wanted {
  readonly object: KubeObject;
  readonly origin: Origin;
  /** Where a part of the object is written, for documents that are delivered as they stand. */
  readonly spanOf?: (path: readonly (string | number)[]) => Span;
}

/** What a renderer made of a tree: objects that are fine, and faults of those that are not. */
export interface Rendered {
  readonly wanted: readonly Wanted[];
  readonly faults: readonly Fault[];
}

/** Names a delivered object without its content: what the inventory remembers. */
export interface Delivered {
  readonly ref: ResourceRef;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  /** `file:line:column` of the document. */
  readonly origin: string;
}

/** The state of one source, told to `status`, the console and `why`. */
export interface DeliveryStatus {
  readonly source: string;
  readonly revision: string;
  readonly phase: 'reading' | 'syncing' | 'synced' | 'degraded';
  readonly applied: number;
  readonly wanted: number;
  readonly faults: readonly Fault[];
}

import type { Fault } from '../base/index.ts';
import type { Delivered, DeliveryStatus, SourceTree } from './model.ts';

/** Where manifests come from: a folder now, a repository at a revision, anything that gives a tree. */
export interface Source {
  readonly name: string;
  /** Folder of the tree to render; empty for its root. */
  readonly path: string;
  read(signal: AbortSignal): Promise<SourceTree>;
  /** Calls back when the source may have changed; absent for sources that must be asked again. */
  watch?(changed: () => void): Disposable;
  /** How often to ask again when nothing tells of changes. */
  readonly poll_ms?: number;
}

/** What was delivered, kept beside the objects: it outlives the process and is what pruning compares with. */
export interface Inventory {
  read(): Promise<readonly Delivered[]>;
  write(delivered: readonly Delivered[]): Promise<void>;
}

/** Told of every change of state and every fault, once. */
export interface DeliveryListener {
  status(status: DeliveryStatus): void;
  fault(fault: Fault, about: { kind: string; namespace?: string; name: string; apiVersion: string } | undefined): void;
}

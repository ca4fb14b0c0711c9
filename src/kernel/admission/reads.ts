import type { KubeObject } from '../object.ts';

/** What admission steps may look up: durable objects of the store, by the store's collection names. */
export interface AdmissionReads {
  get(collection: string, path: string): KubeObject | undefined;
  /** Objects under a prefix: `ns/`, or '' for all. */
  list(collection: string, prefix: string): readonly KubeObject[];
}

/** Reads that also see writes on their way to the disk, and writes that build on them in the same turn. */
export interface AdmissionLedger extends AdmissionReads {
  head(collection: string, path: string): KubeObject | undefined;
  /** Stages a changed object at once; `change` gets a copy. Its durability follows the order of all writes. */
  amend(collection: string, path: string, change: (object: KubeObject) => void): void;
}

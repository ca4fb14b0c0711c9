import type { Node, PersistentVolume, PersistentVolumeClaim, StorageClass } from '../types.ts';

export interface ProvisionRequest {
  /** Name the volume will have. */
  readonly name: string;
  readonly claim: PersistentVolumeClaim;
  readonly storageClass: StorageClass;
  /** Where the first consumer will run, for classes that wait for it. */
  readonly node?: Node;
}

/** Makes and removes volumes of one StorageClass provisioner (`tenon.dev/local`). */
export interface Provisioner {
  /** The source and whatever else the PersistentVolume's spec needs; class, claim, modes and reclaim policy are added. */
  provision(request: ProvisionRequest): Promise<Partial<PersistentVolume['spec']>>;
  /** Annotations the PersistentVolume gets besides the usual ones. */
  annotations?(request: ProvisionRequest): Readonly<Record<string, string>>;
  remove(volume: PersistentVolume): Promise<void>;
  /** Absent where volumes cannot grow. */
  resize?(volume: PersistentVolume, capacity_bytes: number): Promise<void>;
}

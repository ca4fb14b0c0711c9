import type { Random } from '../../base/index.ts';

/** A disk as a log driver uses it: files that grow, a sync that makes one file's bytes sure, an atomic rename. */
export interface Disk {
  read(name: string): Promise<Uint8Array | undefined>;
  append(name: string, bytes: Uint8Array): Promise<void>;
  /** Everything written to the file so far survives a power cut. */
  sync(name: string): Promise<void>;
  /** Names change in one step; sure only after `syncNames`. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
  syncNames(): Promise<void>;
}

/** What a planted fault does to the next operation of a kind. */
export interface DiskFault {
  readonly operation: number;
  /** `crash` stops the machine in the middle; the others are answers of the system. */
  readonly kind: 'crash' | 'EIO' | 'ENOSPC';
  /** Every later operation meets it, too. */
  readonly lasting?: boolean;
}

/** The machine lost power: the process that used the disk is gone. */
export class PowerCut extends Error {
  constructor() {
    super('power cut');
    this.name = 'PowerCut';
  }
}

interface File {
  /** Bytes a power cut cannot take: parts, so that a file that grows is not copied at every sync. */
  sure: Uint8Array[];
  /** Later writes, in order, each on its own in the drive's cache. */
  unsure: Uint8Array[];
}

const SECTOR_BYTES = 512;

const concat = (parts: readonly Uint8Array[]): Uint8Array => {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
};

/**
 * A disk in memory that keeps only what it promised: at a power cut unsynced writes are lost, torn at a sector or kept in
 * any order, and unsynced renames may not have happened. Faults are planted at the n-th operation.
 */
export class VirtualDisk implements Disk {
  operations = 0;
  readonly #random: Random;
  #files = new Map<string, File>();
  /** Names as a power cut would leave them. */
  #sureNames = new Map<string, File>();
  #fault: DiskFault | undefined;
  #off = false;

  constructor(random: Random) {
    this.#random = random;
  }

  plant(fault: DiskFault | undefined): void {
    this.#fault = fault;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    if (this.#off) throw new PowerCut();
    const file = this.#files.get(name);
    return file && concat([...file.sure, ...file.unsure]);
  }

  async append(name: string, bytes: Uint8Array): Promise<void> {
    this.#begin(() => {
      const torn = bytes.slice(0, Math.floor(this.#random.next() * (bytes.length + 1)));
      this.#file(name).unsure.push(torn);
    });
    this.#file(name).unsure.push(bytes.slice());
  }

  async sync(name: string): Promise<void> {
    const file = this.#file(name);
    this.#begin(() => {
      // A failed fsync drops the dirty pages: what was written is gone though later reads may still show it.
      file.sure.push(...this.#survivors(file));
      file.unsure = [];
    });
    file.sure.push(...file.unsure);
    file.unsure = [];
  }

  async rename(from: string, to: string): Promise<void> {
    this.#begin(() => undefined);
    const file = this.#files.get(from);
    if (!file) throw new Error(`ENOENT: ${from}`);
    this.#files.delete(from);
    this.#files.set(to, file);
  }

  async remove(name: string): Promise<void> {
    this.#begin(() => undefined);
    this.#files.delete(name);
  }

  async syncNames(): Promise<void> {
    this.#begin(() => undefined);
    this.#sureNames = new Map(this.#files);
  }

  /** Cuts the power: what is left is a disk that can be mounted again. */
  crash(): VirtualDisk {
    this.#off = true;
    const left = new VirtualDisk(this.#random);
    const names = this.#random.next() < 0.5 ? this.#sureNames : this.#files;
    for (const [name, file] of names) {
      const copy: File = { sure: [concat([...file.sure, ...this.#survivors(file)])], unsure: [] };
      left.#files.set(name, copy);
      left.#sureNames.set(name, copy);
    }
    return left;
  }

  /** Flips one bit of a file, as a failing drive does. */
  flip(name: string): void {
    const file = this.#file(name);
    const whole = concat([...file.sure, ...file.unsure]);
    const at = Math.floor(this.#random.next() * whole.length);
    whole[at] = whole[at]! ^ (1 << Math.floor(this.#random.next() * 8));
    file.sure = [whole];
    file.unsure = [];
  }

  #file(name: string): File {
    let file = this.#files.get(name);
    if (!file) {
      file = { sure: [], unsure: [] };
      this.#files.set(name, file);
    }
    return file;
  }

  #begin(halfway: () => void): void {
    if (this.#off) throw new PowerCut();
    this.operations++;
    const fault = this.#fault;
    if (!fault || (fault.lasting ? this.operations < fault.operation : this.operations !== fault.operation)) return;
    halfway();
    if (fault.kind !== 'crash') throw Object.assign(new Error(`${fault.kind}: planted`), { code: fault.kind });
    this.#off = true;
    throw new PowerCut();
  }

  /** Any subset of the unsynced writes: a lost one leaves a hole of zeros where a later one survived. */
  #survivors(file: File): Uint8Array[] {
    const kept = file.unsure.map(bytes => {
      const chance = this.#random.next();
      if (chance < 0.4) return bytes;
      if (chance < 0.7) return undefined;
      const sectors = Math.floor(this.#random.next() * (bytes.length / SECTOR_BYTES + 1));
      return bytes.slice(0, Math.min(bytes.length, sectors * SECTOR_BYTES));
    });
    const last = kept.findLastIndex(bytes => bytes !== undefined && bytes.length > 0);
    return kept.slice(0, last + 1).map((bytes, index) => {
      const full = file.unsure[index]!;
      if (index === last) return bytes!;
      const hole = new Uint8Array(full.length);
      hole.set(bytes ?? new Uint8Array(0));
      return hole;
    });
  }
}

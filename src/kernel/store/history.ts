import type { Version } from './version.ts';

/** How much of a collection's past is kept for watchers and for lists that continue. */
export interface HistoryLimits {
  readonly events_max: number;
  /** Bytes of superseded JSON text; the current objects are not counted. */
  readonly bytes_max: number;
}

/** The recent versions of one collection in revision order: a ring that forgets its oldest when a limit is passed. */
export class History {
  /** Everything at or below this revision is forgotten. */
  floor = 0;
  /** Revision of the newest change ever pushed. */
  newest = 0;
  readonly limits: HistoryLimits;
  #versions: Version[] = [];
  #head = 0;
  #bytes = 0;

  constructor(limits: HistoryLimits) {
    this.limits = limits;
  }

  get size(): number {
    return this.#versions.length - this.#head;
  }

  push(version: Version): void {
    this.#versions.push(version);
    this.newest = version.resourceVersion;
    this.#bytes += version.previous?.size ?? 0;
  }

  /** Forgets the oldest versions beyond the limits, or all up to `upTo`; returns them, oldest first. */
  shrink(upTo?: number): Version[] {
    const forgotten: Version[] = [];
    while (this.#head < this.#versions.length) {
      const oldest = this.#versions[this.#head]!;
      const over = this.size > this.limits.events_max || this.#bytes > this.limits.bytes_max;
      if (!over && !(upTo !== undefined && oldest.resourceVersion <= upTo)) break;
      this.#head++;
      this.#bytes -= oldest.previous?.size ?? 0;
      this.floor = oldest.resourceVersion;
      forgotten.push(oldest);
    }
    if (this.#head > 1024 && this.#head * 2 > this.#versions.length) {
      this.#versions = this.#versions.slice(this.#head);
      this.#head = 0;
    }
    return forgotten;
  }

  /** Visits versions after a revision, oldest first. */
  since(revision: number, visit: (version: Version) => void): void {
    let low = this.#head;
    let high = this.#versions.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#versions[middle]!.resourceVersion <= revision) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < this.#versions.length; at++) visit(this.#versions[at]!);
  }
}

/** The log of a run whose store never loses anything: the store itself remembers, so that no text is kept twice. */
import type { Discard, Log, LogContents, LogRecord, Store } from '../../kernel/index.ts';

/** Takes records in and keeps only those the store does not show yet; a store that is opened anew reads the last one's objects. */
export class StoreLog implements Log {
  #store: Store | undefined;
  #recent: LogRecord[] = [];

  /** Whose objects the next reader gets. */
  follow(store: Store): void {
    this.#store = store;
  }

  async read(): Promise<LogContents> {
    const last = this.#store;
    const floors = new Map<string, number>();
    const records: LogRecord[] = [];
    for (const { name } of last?.collections() ?? []) {
      floors.set(name, last!.revision);
      const { items } = last!.list(name, { prefix: '' }, last!.revision, '', Number.POSITIVE_INFINITY);
      for (const { resourceVersion: revision, path, json } of items)
        records.push({ revision, collection: name, path, value: json });
    }
    records.sort((left, right) => left.revision - right.revision);
    records.push(...this.#recent.filter(record => record.revision > (last?.revision ?? 0)));
    return {
      floors,
      records: (async function* () {
        yield records;
      })(),
    };
  }

  async append(records: readonly LogRecord[], _discards: readonly Discard[]): Promise<void> {
    const shown = this.#store?.revision ?? 0;
    this.#recent = this.#recent.filter(record => record.revision > shown);
    this.#recent.push(...records);
  }

  async close(): Promise<void> {}
}

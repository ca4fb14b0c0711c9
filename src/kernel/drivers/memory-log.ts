import type { Discard, Log, LogContents, LogRecord } from '../store/log.ts';

/** A log that lives as long as the process: for tests, the simulator and `up --ephemeral`. */
export function memoryLog(): Log {
  const records = new Map<number, LogRecord>();
  const floors = new Map<string, number>();
  return {
    read: async (): Promise<LogContents> => ({
      floors: new Map(floors),
      records: (async function* () {
        yield [...records.values()];
      })(),
    }),
    append: async (batch: readonly LogRecord[], discards: readonly Discard[]) => {
      for (const record of batch) records.set(record.revision, record);
      for (const { collection, floor, revisions } of discards) {
        floors.set(collection, floor);
        for (const revision of revisions) records.delete(revision);
      }
    },
    close: async () => undefined,
  };
}

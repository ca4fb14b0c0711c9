import type { Log, LogContents, LogRecord } from '../store/log.ts';
import type { ValueTransform } from './transform.ts';

/** Sealed bytes as a log's text; a plain value is JSON and begins with a brace. */
const SEALED = 'sealed:';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The name values are bound to, so that nobody can swap two of them: the key they would have in etcd. */
const contextOf = ({ collection, path }: LogRecord): string => `/registry/${collection}/${path}`;

/** A log whose values are sealed before they reach the inner one and opened when it is read. */
export function encryptedLog(inner: Log, transform: ValueTransform): Log {
  const seal = async (record: LogRecord): Promise<LogRecord> => {
    if (record.value === null || !transform.applies(record.collection)) return record;
    const sealed = await transform.seal(record.collection, encoder.encode(record.value), contextOf(record));
    return { ...record, value: SEALED + Buffer.from(sealed).toString('base64') };
  };
  const open = async (record: LogRecord): Promise<LogRecord> => {
    const { value, collection } = record;
    if (value === null || !transform.applies(collection)) return record;
    const stored = value.startsWith(SEALED) ? Buffer.from(value.slice(SEALED.length), 'base64') : encoder.encode(value);
    return { ...record, value: decoder.decode(await transform.open(collection, stored, contextOf(record))) };
  };
  return {
    read: async (): Promise<LogContents> => {
      const { floors, records } = await inner.read();
      return {
        floors,
        records: (async function* () {
          for await (const batch of records) yield await Promise.all(batch.map(open));
        })(),
      };
    },
    append: async (records, discards) => {
      const isSealed = records.some(({ value, collection }) => value !== null && transform.applies(collection));
      await inner.append(isSealed ? await Promise.all(records.map(seal)) : records, discards);
    },
    close: () => inner.close(),
  };
}

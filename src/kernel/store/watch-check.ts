import type { StoredEvent } from '../registry/registry.ts';
import type { LogRecord } from './log.ts';

/** What one watch was asked for, and everything it was told until it ended. */
export interface WatchRecord {
  /** Changes after this revision were asked for. */
  readonly after: number;
  readonly wants: (path: string, json: string) => boolean;
  /** Events in the order of delivery, each with the last durable revision at that moment. */
  readonly told: readonly { readonly event: StoredEvent; readonly durable: number }[];
  /** Last durable revision when the watch ended. */
  readonly until: number;
}

/** A sentence for each promise of the watch that was broken; the promises are etcd's (watch API guarantees) and the API server's. */
export type Violation = string;

const pathOf = ({ key }: { readonly key: { readonly namespace?: string; readonly name: string } }): string =>
  key.namespace ? `${key.namespace}/${key.name}` : key.name;

/** What should have been told: `TYPE path@revision`, from the log alone. */
export function expectedEvents(
  log: readonly LogRecord[],
  after: number,
  until: number,
  wants: WatchRecord['wants'],
): string[] {
  const state = new Map<string, string>();
  const expected: string[] = [];
  for (const { revision, path, value } of log) {
    const before = state.get(path);
    const was = before !== undefined && wants(path, before);
    const is = value !== null && wants(path, value);
    if (value === null) state.delete(path);
    else state.set(path, value);
    if (revision <= after || revision > until) continue;
    if (is) expected.push(`${was ? 'MODIFIED' : 'ADDED'} ${path}@${revision}`);
    else if (was) expected.push(`DELETED ${path}@${revision}`);
  }
  return expected;
}

/** Checks one watch against the log: ordered, complete, nothing twice, nothing before it is durable, bookmarks true. */
export function checkWatch(log: readonly LogRecord[], watch: WatchRecord): Violation[] {
  const violations: Violation[] = [];
  const got: string[] = [];
  let last = watch.after;
  let floor = watch.after;
  for (const { event, durable } of watch.told) {
    if (event.type === 'ERROR') continue;
    if (event.type === 'BOOKMARK') {
      if (event.resourceVersion > durable)
        violations.push(`bookmark ${event.resourceVersion} is ahead of the log at ${durable}`);
      if (event.resourceVersion < last) violations.push(`bookmark ${event.resourceVersion} is behind event ${last}`);
      const due = expectedEvents(log, watch.after, event.resourceVersion, watch.wants).length;
      if (got.length < due)
        violations.push(`bookmark ${event.resourceVersion} came before ${due - got.length} events it covers`);
      floor = Math.max(floor, event.resourceVersion);
      continue;
    }
    const { stored } = event;
    const { resourceVersion } = stored;
    if (resourceVersion > durable)
      violations.push(`${event.type} ${resourceVersion} was told before it was durable (${durable})`);
    if (resourceVersion <= floor) violations.push(`${event.type} ${resourceVersion} is not after ${floor}`);
    if (resourceVersion <= last) violations.push(`${event.type} ${resourceVersion} follows ${last}`);
    if (stored.object.metadata.resourceVersion !== String(resourceVersion)) {
      violations.push(
        `${event.type} ${resourceVersion} carries an object of version ${stored.object.metadata.resourceVersion}`,
      );
    }
    last = Math.max(last, resourceVersion);
    got.push(`${event.type} ${pathOf(stored)}@${resourceVersion}`);
  }
  const expected = expectedEvents(log, watch.after, watch.until, watch.wants);
  if (got.join('\n') !== expected.join('\n')) {
    const at = expected.findIndex((text, index) => got[index] !== text);
    const index = at < 0 ? expected.length : at;
    violations.push(
      `event ${index}: expected ${expected[index] ?? 'none'}, got ${got[index] ?? 'none'} (after ${watch.after})`,
    );
  }
  return violations;
}

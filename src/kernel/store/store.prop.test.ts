import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { KubeObject } from '../object.ts';
import type { StoredEvent } from '../registry/registry.ts';
import type { Selection } from './collection.ts';
import type { LogRecord } from './log.ts';
import { Store, type StoreLimits } from './store.ts';

const RUNS = Number(process.env.TENON_PROPERTY_RUNS ?? 150);
const LIMITS = { default: { events_max: 12, bytes_max: 4_000 } };
const NAMES = ['a/1', 'a/2', 'a-b/1', 'b/1', 'b/2', 'c/1'];
const COLORS = ['red', 'blue'];

type Step =
  | { readonly do: 'write'; readonly path: number; readonly color: number }
  | { readonly do: 'remove'; readonly path: number }
  | { readonly do: 'commit'; readonly share: number }
  | { readonly do: 'abandon' }
  | { readonly do: 'watch'; readonly selection: number; readonly back: number }
  | { readonly do: 'list'; readonly selection: number; readonly back: number; readonly limit: number }
  | { readonly do: 'reopen' };

const nat = (max: number): fc.Arbitrary<number> => fc.nat({ max });
const steps = fc.array(
  fc.oneof(
    { weight: 8, arbitrary: fc.record({ do: fc.constant('write' as const), path: nat(5), color: nat(1) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), path: nat(5) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('commit' as const), share: nat(3) }) },
    { weight: 1, arbitrary: fc.constant({ do: 'abandon' as const }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('watch' as const), selection: nat(4), back: nat(6) }) },
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('list' as const), selection: nat(4), back: nat(6), limit: nat(3) }),
    },
    { weight: 1, arbitrary: fc.constant({ do: 'reopen' as const }) },
  ),
  { minLength: 1, maxLength: 120, size: 'max' },
);

const red = (object: KubeObject): boolean => object.color === 'red';
const SELECTIONS: readonly Selection[] = [
  { prefix: '' },
  { prefix: 'a/' },
  { prefix: '', matches: red },
  { prefix: 'b/1', exact: true },
  { prefix: '', matches: red, index: { name: 'color', value: 'red' } },
];

const inScope = (selection: Selection, path: string): boolean =>
  selection.exact ? path === selection.prefix : path.startsWith(selection.prefix);
const objectOf = (record: LogRecord): KubeObject => JSON.parse(record.value!) as KubeObject;
const shows = (selection: Selection, record: LogRecord | undefined): boolean =>
  record !== undefined &&
  record.value !== null &&
  inScope(selection, record.path) &&
  (selection.matches?.(objectOf(record)) ?? true);

/** The obvious twin: every record ever kept, searched from the start each time. */
class Model {
  records: LogRecord[] = [];

  at(path: string, revision: number): LogRecord | undefined {
    return this.records.filter(record => record.path === path && record.revision <= revision).at(-1);
  }

  list(selection: Selection, revision: number): string[] {
    return NAMES.toSorted((left, right) => (left < right ? -1 : 1))
      .map(path => this.at(path, revision))
      .filter(record => shows(selection, record))
      .map(record => record!.value!);
  }

  events(selection: Selection, after: number): string[] {
    return this.records
      .filter(record => record.revision > after)
      .map(record => {
        const is = shows(selection, record);
        const was = shows(selection, this.at(record.path, record.revision - 1));
        if (!is && !was) return undefined;
        return `${is ? (was ? 'MODIFIED' : 'ADDED') : 'DELETED'} ${record.path}@${record.revision}`;
      })
      .filter(text => text !== undefined);
  }
}

const told = (event: StoredEvent): string => {
  assert.ok(event.type === 'ADDED' || event.type === 'MODIFIED' || event.type === 'DELETED');
  const { stored } = event;
  assert.equal(stored.object.metadata.resourceVersion, String(stored.resourceVersion), 'the text carries the version');
  return `${event.type} ${stored.key.namespace}/${stored.key.name}@${stored.resourceVersion}`;
};

function newStore(limits: StoreLimits): Store {
  const store = new Store(limits);
  store.index('things', 'color', object => object.color as string);
  return store;
}

class Run {
  store = newStore(LIMITS);
  readonly model = new Model();
  pending: LogRecord[] = [];
  watches: { selection: Selection; after: number; got: string[]; close: () => void }[] = [];

  step(step: Step): void {
    if (step.do === 'write' || step.do === 'remove') return this.write(step);
    if (step.do === 'commit') return this.commit(step.share === 0 ? 1 : this.pending.length);
    if (step.do === 'abandon') {
      this.store.abandon();
      this.pending = [];
      return undefined;
    }
    if (step.do === 'watch') return this.watch(SELECTIONS[step.selection]!, this.store.revision - step.back);
    if (step.do === 'list') return this.list(SELECTIONS[step.selection]!, this.store.revision - step.back, step.limit);
    return this.reopen();
  }

  write(step: Extract<Step, { path: number }>): void {
    const path = NAMES[step.path]!;
    const head = this.store.collection('things').head(path);
    if (step.do === 'remove' && !head) return;
    const { record } = this.store.stage('things', path, revision => {
      if (step.do === 'remove') return null;
      const object = {
        apiVersion: 'v1',
        kind: 'Thing',
        metadata: { name: path, resourceVersion: String(revision) },
        color: COLORS[step.color],
      };
      return { json: JSON.stringify(object), object };
    });
    this.pending.push(record);
  }

  commit(count: number): void {
    const kept = this.pending.splice(0, count);
    if (kept.length === 0) return;
    this.model.records.push(...kept);
    this.store.commit(kept.at(-1)!.revision);
  }

  watch(selection: Selection, after: number): void {
    if (after < this.store.collection('things').history.floor) return;
    const watch = { selection, after, got: [] as string[], close: () => undefined as void };
    const stream = this.store.watch('things', selection, after, events => watch.got.push(...events.map(told)));
    watch.close = () => stream.close();
    this.watches.push(watch);
  }

  list(selection: Selection, revision: number, limit: number): void {
    if (revision < this.store.collection('things').history.floor) return;
    const expected = this.model.list(selection, revision);
    const got: string[] = [];
    let from: string | undefined = '';
    while (from !== undefined) {
      const page = this.store.list('things', selection, revision, from, limit || Number.POSITIVE_INFINITY);
      got.push(...page.items.map(version => version.json));
      if (page.remaining !== undefined) assert.equal(page.remaining, expected.length - got.length);
      from = page.next;
    }
    assert.deepEqual(got, expected);
  }

  /** What a log would hold: everything kept and not given back. Watches end, as they do in a restart. */
  reopen(): void {
    const floor = this.store.collection('things').history.floor;
    this.check();
    const latest = new Map(this.model.records.map(record => [record.path, record.revision]));
    const records = this.model.records.filter(record => {
      if (record.revision > floor) return true;
      const next = this.model.records.find(other => other.path === record.path && other.revision > record.revision);
      return (
        record.value !== null &&
        (latest.get(record.path) === record.revision || (next !== undefined && next.revision > floor))
      );
    });
    const last = this.store.revision;
    this.store = newStore(LIMITS);
    this.store.open(new Map([['things', floor]]));
    this.store.load(records);
    assert.ok(this.store.revision <= last);
    assert.equal(
      this.store.revision,
      Math.max(floor, this.model.records.at(-1)?.revision ?? 0),
      'the revision never goes back',
    );
    this.pending = [];
    this.watches = [];
  }

  check(): void {
    const { store, model } = this;
    const current = model.list({ prefix: '' }, store.revision);
    assert.deepEqual(
      store.list('things', { prefix: '' }, store.revision, '', Number.POSITIVE_INFINITY).items.map(({ json }) => json),
      current,
    );
    assert.equal(store.collection('things').live, current.length);
    for (const path of NAMES) {
      const record = model.at(path, store.revision);
      assert.equal(store.collection('things').get(path)?.json, record?.value ?? undefined);
    }
    for (const watch of this.watches) {
      assert.deepEqual(
        watch.got,
        model.events(watch.selection, watch.after),
        `watch ${JSON.stringify(watch.selection)} after ${watch.after}`,
      );
    }
  }
}

test('the store agrees with a list of everything that was ever written', () => {
  const seen = { records: 0, events: 0, forgotten: 0 };
  fc.assert(
    fc.property(steps, all => {
      const run = new Run();
      for (const step of all) run.step(step);
      run.commit(run.pending.length);
      run.check();
      seen.records += run.model.records.length;
      seen.events += run.watches.reduce((sum, { got }) => sum + got.length, 0);
      seen.forgotten += run.store.collection('things').history.floor > 0 ? 1 : 0;
    }),
    { numRuns: RUNS },
  );
  assert.ok(seen.records > RUNS * 5 && seen.events > RUNS && seen.forgotten > 5, JSON.stringify(seen));
});

test('a listing in pages is the snapshot of its first page, whatever is written meanwhile', () => {
  fc.assert(
    fc.property(steps, steps, (before, meanwhile) => {
      const run = new Run();
      run.store = newStore({ default: { events_max: 1_000, bytes_max: 1e6 } });
      for (const step of before) if (step.do === 'write' || step.do === 'commit') run.step(step);
      const { revision } = run.store;
      const expected = run.model.list({ prefix: '' }, revision);
      const got: string[] = [];
      let from: string | undefined = '';
      let at = 0;
      while (from !== undefined) {
        const page = run.store.list('things', { prefix: '' }, revision, from, 1);
        got.push(...page.items.map(({ json }) => json));
        from = page.next;
        for (; at < meanwhile.length && at % 7 !== 6; at++) {
          const step = meanwhile[at]!;
          if (step.do === 'write' || step.do === 'remove' || step.do === 'commit') run.step(step);
        }
        at++;
      }
      assert.deepEqual(got, expected);
    }),
    { numRuns: RUNS },
  );
});

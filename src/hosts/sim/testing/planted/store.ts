import type { PlantedBug } from './bug.ts';

/** Bugs of stores and of the watch, most of them from the table in etcd's tests/robustness/README.md. */
export const STORE_BUGS: readonly PlantedBug[] = [
  {
    name: 'write-lost-on-crash',
    story: 'etcd #14370: a single node acknowledged a write before it was on the disk; a crash lost it.',
    file: 'kernel/drivers/disk-log.ts',
    find: '      await this.#disk.sync(FILE);\n    } catch (cause) {',
    replace: '    } catch (cause) {',
  },
  {
    name: 'torn-tail-kept',
    story:
      'As told of write-ahead logs: after a torn record new ones were appended behind it, and the next start stopped there.',
    file: 'kernel/drivers/disk-log.ts',
    find: 'if (length < bytes.length) await this.#rewrite();',
    replace: '',
  },
  {
    name: 'names-not-synced',
    story:
      'As told of write-ahead logs: the folder of a renamed log file was not synced; after a power cut the old file was back.',
    file: 'kernel/drivers/disk-log.ts',
    find: '    await this.#disk.syncNames();\n',
    replace: '',
  },
  {
    name: 'revision-decreasing',
    story: 'etcd #17780: after a crash the revision was lower than one that had been told.',
    file: 'kernel/store/store.ts',
    find: '      this.#reach(record.revision);',
    replace: '      this.#reach(record.revision - 1);',
  },
  {
    name: 'bookmark-too-new',
    story:
      'etcd #15220: a progress notification was not in step with the stream: it named a revision not yet delivered.',
    file: 'kernel/registry/watch.ts',
    find: 'resourceVersion: Math.max(store.revision, start.after) }',
    replace: 'resourceVersion: Math.max(store.revision + 1, start.after) }',
  },
  {
    name: 'watch-back-in-time',
    story: 'etcd #15271: a watch that reconnected was told of changes from before where it had been.',
    file: 'kernel/store/store.ts',
    find: 'collection.history.since(after, version => {',
    replace: 'collection.history.since(after - 10, version => {',
  },
  {
    name: 'watch-event-twice',
    story: 'etcd #17247: an event was delivered twice, once from the cache and once from the stream.',
    file: 'kernel/store/history.ts',
    find: 'if (this.#versions[middle]!.resourceVersion <= revision) low',
    replace: 'if (this.#versions[middle]!.resourceVersion < revision) low',
  },
  {
    name: 'watch-starved',
    story: 'etcd #17529: events were lost while a stream was busy with what it had missed.',
    file: 'kernel/store/store.ts',
    find: '    if (missed.length > 0) deliver(missed);',
    replace: '    if (missed.length > 0) deliver(missed.slice(0, 3));',
  },
  {
    name: 'compacted-not-told',
    story: 'etcd #19179: a watch from a compacted revision was opened all the same and missed a delete.',
    file: 'kernel/registry/watch.ts',
    find: 'if (start.after < floor) return refuse(floor);',
    replace: '',
  },
  {
    name: 'delete-dropped-by-compaction',
    story: 'etcd #18089: a watch dropped the event of a delete that was compacted while it caught up.',
    file: 'kernel/store/store.ts',
    find: '      const event = eventFor(selection, version);\n      if (event) missed.push(event);',
    replace:
      '      const event = eventFor(selection, version);\n      if (event && !version.removed) missed.push(event);',
  },
  {
    name: 'lost-update',
    story: 'As told of Kubernetes and its kind: an update that named an old resourceVersion was taken.',
    file: 'kernel/registry/change.ts',
    find: 'if (asked && asked !== String(head.resourceVersion)) {',
    replace: 'if (asked && Number(asked) > head.resourceVersion) {',
  },
  {
    name: 'uid-precondition-ignored',
    story:
      'As told of Kubernetes and its kind: a delete meant for one object met another of the same name that had been made since.',
    file: 'kernel/registry/delete.ts',
    find: 'asked !== undefined && asked !== is);',
    replace: 'asked !== undefined && is === undefined);',
  },
  {
    name: 'claims-ignored',
    story:
      'As told of Kubernetes and its kind: two Services got one address, because the allocator took what another had claimed for its own.',
    file: 'cluster/service/ranges.ts',
    find: 'if (isAlreadyExists(error)) return false;',
    replace: 'if (isAlreadyExists(error)) return true;',
  },
];

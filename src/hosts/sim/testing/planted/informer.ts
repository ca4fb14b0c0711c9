import type { PlantedBug } from './bug.ts';

/** Bugs of client-go: reflectors, informers, queues. */
export const INFORMER_BUGS: readonly PlantedBug[] = [
  {
    name: 'expectations-double-create',
    story:
      'As told of Kubernetes and its kind: the controller did not know of what it had just made and made it again.',
    file: 'kernel/informers.ts',
    find: '    if (own && !options?.dryRun && object?.metadata?.resourceVersion) informers.known(ref)?.observe(object);\n',
    replace: '',
  },
  {
    name: 'relist-keeps-ghosts',
    story:
      'As told of client-go: objects that were deleted while the watch was away stayed in the cache after the new list.',
    file: 'kernel/informer.ts',
    find: '      if (!fresh.has(key) && versionOf(this.#cache.get(key)!) <= this.#listed) this.#remove(key);\n',
    replace: '',
  },
  {
    name: 'expired-watch-never-relists',
    story:
      'As told of Kubernetes and its kind: a reflector that was told its version is too old asked for the same version for ever.',
    file: 'kernel/informer.ts',
    find: "if (error instanceof StatusError && (error.code === 410 || error.reason === 'Expired')) this.#version = '';",
    replace: 'if (error instanceof StatusError && error.code === 410) void 0;',
  },
  {
    name: 'key-lost-while-working',
    story:
      'client-go work queue before its dirty set: a key that changed while it was worked on was not looked at again.',
    file: 'kernel/workqueue.ts',
    find: '    if (this.#dirty.has(key)) this.#push(key);',
    replace: '    this.#dirty.delete(key);',
  },
  {
    name: 'failed-key-forgotten',
    story: 'A reconciler that returned its error and was not queued again.',
    file: 'kernel/controller.ts',
    find: '    queue.addRateLimited(key);',
    replace: '    queue.forget(key);',
  },
];

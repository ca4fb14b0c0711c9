import { setFlagsFromString } from 'node:v8';

/** Growth of the heap, in percent of what was in use, after which the collector runs again. V8's own choice is up to 300. */
const GROWTH_PERCENT = 40;

/**
 * For a process that has what it works on in memory and now runs for days with small requests: the collector keeps the heap
 * near what is in use. To be called once everything is loaded: while a store is read, every collection is for nothing.
 */
export function keepHeapSmall(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`);
}

/** While a run goes on, nothing in its thread may read the real clock, draw real randomness or set a real timer. */

/** What the run itself needs of the real world, kept from before the ambient ones are shut. */
const nextTurn = globalThis.setImmediate;
const RealDate = globalThis.Date;
const wall = (): number => RealDate.now();

export class AmbientUse extends Error {
  constructor(name: string) {
    super(`${name} was used in a simulated run: time, randomness and the world come in by port`);
    this.name = 'AmbientUse';
  }
}

/** Lets every promise that can go on do so. */
export const turn = (): Promise<void> => new Promise(resolve => nextTurn(resolve));
/** Real milliseconds: for the speed of a run and its report, never for what happens in it. */
export const wallClock_ms = wall;

function virtualDate(now: () => number): DateConstructor {
  const shut = function (this: unknown, ...given: unknown[]): unknown {
    if (!new.target) return new RealDate(now()).toString();
    if (given.length === 0) throw new AmbientUse('new Date()');
    return Reflect.construct(RealDate, given, new.target === shut ? RealDate : new.target);
  };
  const named = shut as unknown as { prototype: unknown; now: () => never; parse: unknown; UTC: unknown };
  named.prototype = RealDate.prototype;
  named.now = () => {
    throw new AmbientUse('Date.now()');
  };
  named.parse = RealDate.parse;
  named.UTC = RealDate.UTC;
  return shut as unknown as DateConstructor;
}

type Place = Record<string, unknown>;

let shutters = 0;
let opened: (() => void) | undefined;

/** Shuts the ambient world of this thread until every run of it is disposed. `now` is what a bare `Date()` would tell. */
export function shutAmbient(now: () => number): Disposable {
  if (shutters++ === 0) opened = shutAll(now);
  let done = false;
  return {
    [Symbol.dispose]() {
      if (done) return;
      done = true;
      if (--shutters === 0) opened?.();
    },
  };
}

function shutAll(now: () => number): () => void {
  const undo: (() => void)[] = [];
  const put = (place: object, name: string, value: unknown): void => {
    const before = Object.getOwnPropertyDescriptor(place, name);
    Object.defineProperty(place, name, { value, configurable: true, writable: true });
    undo.push(() => {
      if (before) Object.defineProperty(place, name, before);
      else delete (place as Place)[name];
    });
  };
  const shut = (place: object, path: string, name: string): void =>
    put(place, name, () => {
      throw new AmbientUse(`${path}${name}()`);
    });
  put(globalThis, 'Date', virtualDate(now));
  for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'fetch']) shut(globalThis, '', name);
  shut(Math, 'Math.', 'random');
  shut(performance, 'performance.', 'now');
  for (const name of ['randomUUID', 'getRandomValues']) shut(globalThis.crypto, 'crypto.', name);
  for (const name of ['hrtime', 'uptime', 'cpuUsage']) shut(process, 'process.', name);
  return () => {
    for (const one of undo.reverse()) one();
  };
}

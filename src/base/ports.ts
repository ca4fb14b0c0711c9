/** A pending timer; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

/** Time. Real on hosts/node, virtual in hosts/sim and in tests. */
export interface Clock {
  /** Wall time, milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that never go back, from an arbitrary start. */
  monotonic(): number;
  /** Calls `action` once after `delay_ms`; the timer never keeps a process alive by itself. */
  after(delay_ms: number, action: () => void): Timer;
}

/** Randomness. Seeded in the simulator and in tests. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** `count` random bytes; cryptographic on hosts/node. */
  bytes(count: number): Uint8Array;
}

/** Waits on a clock; rejects with the signal's reason when it is aborted first. */
export function sleep(clock: Clock, delay_ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason as Error);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason as Error);
    };
    const timer = clock.after(delay_ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** RFC 9562 version 4 from the given randomness. */
export function uuid(random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const parts: string[] = [];
  for (let at = 0; at < 16; at++) {
    if (at === 4 || at === 6 || at === 8 || at === 10) parts.push('-');
    parts.push(HEX[bytes[at]!]!);
  }
  return parts.join('');
}

/** Kubernetes' alphabet for generated names: no vowels, no look-alikes (k8s.io/apimachinery util/rand). */
const NAME_ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** A random suffix as the API server appends to `generateName`. */
export function nameSuffix(random: Random, length = 5): string {
  let suffix = '';
  for (let i = 0; i < length; i++) suffix += NAME_ALPHABET[Math.floor(random.next() * NAME_ALPHABET.length)];
  return suffix;
}

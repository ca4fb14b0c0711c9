import assert from 'node:assert/strict';

/** Reads again and again until what was read holds; fails with the last value when it never does. */
export async function until<T>(
  what: string,
  read: () => Promise<T>,
  holds: (value: T) => boolean,
  limit_ms = 30_000,
): Promise<T> {
  const end = performance.now() + limit_ms;
  let value = await read();
  while (!holds(value)) {
    assert.ok(performance.now() < end, `${what} did not come about: ${JSON.stringify(value)}`);
    await new Promise(done => setTimeout(done, 100));
    value = await read();
  }
  return value;
}

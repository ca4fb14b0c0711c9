/** A node:test reporter that prints only what someone must act on, and one line of counts for `check` to add up. */
import type { TestEvent } from 'node:test/reporters';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0 };
  const skips = new Map<string, number>();
  for await (const event of source) {
    if (event.type === 'test:pass') {
      if (event.data.details?.type === 'suite') continue;
      if (event.data.skip !== undefined) {
        counts.skipped++;
        const reason = typeof event.data.skip === 'string' ? event.data.skip : event.data.name;
        skips.set(reason, (skips.get(reason) ?? 0) + 1);
      } else counts.passed++;
    } else if (event.type === 'test:fail') {
      if (event.data.details?.type === 'suite' && event.data.details.error.cause === undefined) continue;
      const error = event.data.details.error;
      const subtests = /subtests? failed/.test(error.message);
      if (subtests) continue;
      counts.failed++;
      const cause =
        error.cause instanceof Error
          ? (error.cause.stack ?? error.cause.message)
          : String(error.cause ?? error.message);
      yield `FAIL ${event.data.file ?? ''}:${event.data.line ?? 0} ${event.data.name}\n${cause
        .split('\n')
        .slice(0, 25)
        .map(line => `    ${line}`)
        .join('\n')}\n`;
    }
  }
  for (const [reason, times] of skips) yield `SKIP ${times} x ${reason}\n`;
  yield `#counts ${JSON.stringify(counts)}\n`;
}

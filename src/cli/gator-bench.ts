import { parseArgs } from 'node:util';
import { auditObject, isConstraint, isExpansion, isMutator, isTemplate } from '../policy/index.ts';
import { EXIT } from './command.ts';
import type { GatorVerb } from './command.ts';
import { readManifests } from './gator-files.ts';
import { loadPolicies } from './gator-test.ts';

interface Measured {
  readonly engine: string;
  readonly templateCount: number;
  readonly constraintCount: number;
  readonly objectCount: number;
  readonly iterations: number;
  readonly totalReviews: number;
  readonly setup_ms: number;
  readonly total_ms: number;
  readonly latencies_ms: readonly number[];
  readonly violationCount: number;
}

const quantile = (sorted: readonly number[], at: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * at))] ?? 0;

/** A duration as Go prints it. */
const duration = (time_ms: number): string =>
  time_ms >= 1000
    ? `${(time_ms / 1000).toFixed(2)}s`
    : time_ms >= 1
      ? `${time_ms.toFixed(2)}ms`
      : `${(time_ms * 1000).toFixed(2)}µs`;

function measure(files: readonly string[], engine: string, iterations: number, warmup: number): Measured {
  const manifests = readManifests(files).map(({ object }) => object);
  const start = performance.now();
  const { set, expansions } = loadPolicies(manifests, engine === 'cel');
  const setup_ms = performance.now() - start;
  const objects = manifests.filter(
    object => !isTemplate(object) && !isConstraint(object) && !isExpansion(object) && !isMutator(object),
  );
  if (objects.length === 0) throw new Error('no objects to review');
  const latencies: number[] = [];
  let violations = 0;
  for (let round = 0; round < warmup + iterations; round++) {
    for (const object of objects) {
      const before = performance.now();
      const { length } = auditObject(set, expansions, object, 'gator.gatekeeper.sh');
      if (round < warmup) continue;
      latencies.push(performance.now() - before);
      violations += length;
    }
  }
  return {
    engine,
    templateCount: [...set.templates].length,
    constraintCount: [...set.constraints].length,
    objectCount: objects.length,
    iterations,
    totalReviews: latencies.length,
    setup_ms,
    total_ms: latencies.reduce((sum, each) => sum + each, 0),
    latencies_ms: latencies.sort((left, right) => left - right),
    violationCount: violations,
  };
}

function data({ latencies_ms, setup_ms, total_ms, ...counts }: Measured): object {
  return {
    ...counts,
    concurrency: 1,
    setupDuration: duration(setup_ms),
    totalDuration: duration(total_ms),
    latencies: {
      min: duration(latencies_ms[0] ?? 0),
      max: duration(latencies_ms.at(-1) ?? 0),
      mean: duration(total_ms / latencies_ms.length),
      p50: duration(quantile(latencies_ms, 0.5)),
      p95: duration(quantile(latencies_ms, 0.95)),
      p99: duration(quantile(latencies_ms, 0.99)),
    },
    reviewsPerSecond: latencies_ms.length / (total_ms / 1000),
  };
}

function table(measured: Measured): string {
  const { latencies_ms, total_ms } = measured;
  return `=== Benchmark Results: ${measured.engine.toUpperCase()} Engine ===

Configuration:
  Templates:      ${measured.templateCount}
  Constraints:    ${measured.constraintCount}
  Objects:        ${measured.objectCount}
  Iterations:     ${measured.iterations}
  Total Reviews:  ${measured.totalReviews}

Timing:
  Setup Duration:             ${duration(measured.setup_ms)}
  Total Duration:             ${duration(total_ms)}
  Throughput:                 ${(latencies_ms.length / (total_ms / 1000)).toFixed(2)} reviews/sec

Latency (per review):
  Min:   ${duration(latencies_ms[0] ?? 0)}
  Max:   ${duration(latencies_ms.at(-1) ?? 0)}
  Mean:  ${duration(total_ms / latencies_ms.length)}
  P50:   ${duration(quantile(latencies_ms, 0.5))}
  P95:   ${duration(quantile(latencies_ms, 0.95))}
  P99:   ${duration(quantile(latencies_ms, 0.99))}

Results:
  Violations Found:  ${measured.violationCount}`;
}

/** `gator bench`: how long reviews take. */
export const gatorBench: GatorVerb = (words, { terminal }) => {
  const { values } = parseArgs({
    args: [...words],
    options: {
      filename: { type: 'string', short: 'f', multiple: true },
      engine: { type: 'string', short: 'e', default: 'cel' },
      iterations: { type: 'string', short: 'n', default: '1000' },
      warmup: { type: 'string', default: '10' },
      output: { type: 'string', short: 'o', default: 'table' },
    },
  });
  const { engine } = values;
  if (!['rego', 'cel', 'all'].includes(engine)) throw new Error(`engine "${engine}" is unknown: rego, cel or all`);
  const engines = engine === 'all' ? ['rego', 'cel'] : [engine];
  const [iterations, warmup] = [Number(values.iterations), Number(values.warmup)];
  if (!Number.isInteger(iterations) || iterations < 1 || !Number.isInteger(warmup) || warmup < 0)
    throw new Error('iterations and warmup must be whole numbers');
  const measured = engines.map(each => measure(values.filename ?? [], each, iterations, warmup));
  if (values.output === 'json') terminal.out(JSON.stringify(measured.map(data), null, 2));
  else terminal.out(measured.map(table).join('\n\n'));
  return EXIT.yes;
};

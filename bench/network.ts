import { join } from 'node:path';
import { measureDecisions } from '../src/network/engine/decisions.bench.ts';
import { runIsolated, whyNotIsolated } from '../src/network/testing/isolated.ts';
import { type Bench, type Measure, median, spread } from './runner.ts';

const COUNT = 10_000;

interface Figures {
  readonly attach_ms: readonly number[];
  readonly attach_cpu_ms: readonly number[];
  readonly rates: { readonly policy: readonly number[]; readonly open: readonly number[] };
  readonly packet_ns: { readonly runs: number; readonly time_ns: number };
  readonly update_ms: readonly number[];
  readonly update_cpu_ms: readonly number[];
}

function measure(name: string, unit: string, values: readonly number[], bound?: number): Measure {
  const target = bound === undefined ? {} : { target: { kind: 'absolute' as const, bound } };
  return { name, unit, ours: median(values), better: 'lower', n: values.length, spread: spread(values), ...target };
}

/** The compiled structure alone: CPU time, so that what runs beside does not count. */
function* decisions(rounds: number): Generator<Measure> {
  const cpu_ms = (): number => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const runs = Array.from({ length: rounds }, () => measureDecisions(COUNT, cpu_ms));
  if (new Set(runs.map(run => run.allowed)).size !== 1) throw new Error('Equal questions got different answers');
  const of = (key: string): number[] => runs.map(run => run[key]!);
  const size = `${COUNT} policies x ${COUNT} identities`;
  yield measure(`compile, ${size}, 50 pods`, 'CPU ms', of('compile_ms'), 2000);
  yield measure('decision in-process', 'CPU us', of('decide_us'), 1);
}

/** Figures of policy decisions and of the node's datapath (root, namespaces and bpf(2) for the latter). */
export const bench: Bench = {
  name: 'network',
  what: 'policy: compile, decide, update to enforced, eBPF a packet; streams; pod networks',
  async *run({ root, quick }) {
    yield* decisions(quick ? 1 : 3);
    const reason = whyNotIsolated();
    if (reason) {
      console.error(`network: the datapath is not measured: ${reason}`);
      return;
    }
    const file = join(root, 'src/network/testing/bench.scenario.ts');
    const { status, output } = runIsolated(file, [String(COUNT), quick ? '2' : '6']);
    const line = output.split('\n').find(text => text.startsWith('{'));
    if (status !== 0 || !line) throw new Error(output);
    const figures = JSON.parse(line) as Figures;
    yield measure('one policy update to enforced', 'ms', figures.update_ms);
    yield measure('one policy update to enforced, CPU', 'ms', figures.update_cpu_ms, 5);
    const { runs, time_ns } = figures.packet_ns;
    yield { ...measure('eBPF policy program, a packet', 'ns', [time_ns / runs], 1000), n: runs };
    const { policy, open } = figures.rates;
    yield {
      name: 'local stream under policy',
      unit: 'MB/s',
      ours: median(policy),
      peer: { value: median(open), which: 'no policy', version: 'same run' },
      better: 'higher',
      n: policy.length,
      spread: spread(policy),
    };
    yield measure('pod network, attach to known', 'ms', figures.attach_ms);
    yield measure('pod network, attach, CPU', 'ms', figures.attach_cpu_ms, 10);
    await Promise.resolve();
  },
};

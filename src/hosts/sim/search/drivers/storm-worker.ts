/** Runs storms one after another in a thread of its own; with an edit, on sources that hold a planted bug. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import type { StormPlan } from '../../storm/run.ts';
import type { StormTask, StormTold, WorkerSetting } from '../protocol.ts';

const { edit } = workerData as WorkerSetting;

// Everything of ours is loaded after this, so that the edit is in it.
if (edit) {
  registerHooks({
    load: (url, context, next) => {
      const loaded = next(url, context);
      if (url !== edit.url) return loaded;
      const text = readFileSync(new URL(url), 'utf8');
      if (text.split(edit.find).length !== 2) throw new Error(`Cannot plant: the place is not there once in ${url}`);
      return { ...loaded, source: text.replace(edit.find, () => edit.replace) };
    },
  });
}

const { planStorm, runStorm } = await import('../../storm/run.ts');

function failed(error: unknown): StormTold['result'] {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { violations: [{ t: 0, invariant: 'run', about: '', message }], hash: '', events: 0, t_ms: 0, cpu_ms: 0 };
}

async function run(plan: StormPlan, first: boolean): Promise<StormTold['result']> {
  const cpuUsage = process.threadCpuUsage.bind(process);
  const began = cpuUsage();
  try {
    const result = await runStorm(plan, { first });
    const { user, system } = cpuUsage(began);
    return { ...result, cpu_ms: (user + system) / 1_000 };
  } catch (error) {
    return failed(error);
  }
}

let current: StormTask | undefined;
// What a bug throws where nobody waits for it is as good a sign as any.
process.on('unhandledRejection', error => {
  if (!current) throw error;
  const plan = 'plan' in current ? current.plan : planStorm(current.seed);
  parentPort!.postMessage({ id: current.id, plan, result: failed(error) } satisfies StormTold);
  current = undefined;
});

parentPort?.on('message', (task: StormTask) => {
  current = task;
  const plan = 'plan' in task ? task.plan : planStorm(task.seed);
  void run(plan, task.first).then(result => {
    if (current !== task) return;
    current = undefined;
    parentPort!.postMessage({ id: task.id, plan, result } satisfies StormTold);
  });
});

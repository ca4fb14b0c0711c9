import { type Clock, sleep } from '../../base/index.ts';
import type { kinds } from '../../kernel/index.ts';
import { httpGet, type ProbeTarget } from './probes.ts';
import { collector, NO_STREAMS } from './streams.ts';

const OUTPUT_BYTES_MAX = 1024;
const HTTP_MS_MAX = 30_000;

/** Runs a lifecycle hook. Resolves with words when it failed. `limit_ms` bounds it where something waits for its end. */
export async function runHook(
  clock: Clock,
  target: ProbeTarget,
  hook: kinds.LifecycleHandler,
  limit_ms: number | undefined,
): Promise<string | undefined> {
  try {
    if (hook.sleep) {
      const wanted_ms = (hook.sleep.seconds ?? 0) * 1000;
      await sleep(clock, Math.min(wanted_ms, limit_ms ?? wanted_ms));
      return undefined;
    }
    if (hook.httpGet) {
      const result = await httpGet(
        target.ip,
        target.container,
        hook.httpGet,
        limit_ms ?? HTTP_MS_MAX,
        'kube-lifecycle/1.35',
      );
      return result.success ? undefined : result.output;
    }
    if (!hook.exec) return undefined;
    const output = collector(OUTPUT_BYTES_MAX);
    const command = hook.exec.command ?? [];
    const exit = await target.runtime.exec(
      target.containerId,
      { command, tty: false, ...(limit_ms === undefined ? {} : { timeout_ms: limit_ms }) },
      { ...NO_STREAMS, stdout: output.sink, stderr: output.sink },
    );
    if (exit.exitCode === 0) return undefined;
    return `command '${command.join(' ')}' exited with ${exit.exitCode}: ${output.text()}`;
  } catch (error) {
    return (error as Error).message;
  }
}

import { join } from 'node:path';
import type { Text } from '../base/index.ts';
import { RunConsole } from '../hosts/sim/drivers/run-console.ts';
import type { RunThread } from '../hosts/sim/drivers/run-thread.ts';
import { readScenarioText } from '../hosts/sim/scenario/drivers/files.ts';
import { EXIT, type Invocation } from './command.ts';
import type { SimOptions } from './sim-options.ts';

const READY: Text = { en: 'Console  {url}\nCtrl-C ends it', zh: '控制台  {url}\n按 Ctrl-C 结束' };

/** Shows a run in the web console until Ctrl-C. */
export async function showRun(thread: RunThread, options: SimOptions, invocation: Invocation): Promise<number> {
  const { file, name, root, seed, until_ms, console: port = 0 } = options;
  const { terminal, signal } = invocation;
  await using run = await RunConsole.start({
    thread,
    open: {
      document: readScenarioText(file),
      file,
      ...(name === undefined ? {} : { name }),
      ...(root === undefined ? {} : { root }),
      ...(seed === undefined ? {} : { seed }),
      ...(until_ms === undefined ? {} : { until_ms }),
    },
    page: join(invocation.root, '.build/console'),
    port,
  });
  terminal.out(READY[terminal.language].replace('{url}', run.url));
  await new Promise<void>(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });
  return EXIT.yes;
}

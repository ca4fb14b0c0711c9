import { rmSync } from 'node:fs';
import type { Text } from '../base/index.ts';
import { runningOn, stateFolderPath } from '../hosts/node/state.ts';
import { type Command, EXIT, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

const STOP_MS_MAX = 60_000;
const STOPPED: Text = { en: 'stopped', zh: '已停止' };
const PURGED: Text = { en: 'removed {state}', zh: '已删除 {state}' };

async function waitForEnd(folder: string): Promise<boolean> {
  for (const until = performance.now() + STOP_MS_MAX; performance.now() < until; ) {
    if (runningOn(folder) === undefined) return true;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  return false;
}

export const command: Command = {
  name: 'down',
  summary: { en: 'Stop a running Tenon', zh: '停止正在运行的 Tenon' },
  usage: '[--state DIR] [--purge]',
  options: {
    state: {
      type: 'string',
      value: 'DIR',
      help: { en: 'State folder of the Tenon to stop', zh: '要停止的 Tenon 的状态文件夹' },
    },
    purge: { type: 'boolean', help: { en: 'Remove the state folder too', zh: '同时删除状态文件夹' } },
  },
  async run({ options, terminal, environment }) {
    const folder = stateFolderPath(stringOption(options, 'state'), environment);
    const pid = runningOn(folder);
    if (pid === undefined && !options.purge) throw cliFaults.error('not-running', { state: folder });
    if (pid !== undefined) {
      process.kill(pid, 'SIGTERM');
      if (!(await waitForEnd(folder))) process.kill(pid, 'SIGKILL');
      terminal.out(STOPPED[terminal.language]);
    }
    if (options.purge) {
      rmSync(folder, { recursive: true, force: true });
      terminal.out(PURGED[terminal.language].replace('{state}', folder));
    }
    return EXIT.yes;
  },
};

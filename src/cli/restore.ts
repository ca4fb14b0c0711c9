import { resolve } from 'node:path';
import type { Text } from '../base/index.ts';
import { restoreStore } from '../hosts/node/backup.ts';
import { openState, stateFolderPath } from '../hosts/node/state.ts';
import { type Command, EXIT, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

const DONE: Text = {
  en: 'restored {count} records; what was there before is in {aside}',
  zh: '已恢复 {count} 条记录；原有内容保存在 {aside}',
};

export const command: Command = {
  name: 'restore',
  summary: { en: 'Go back to what a backup holds', zh: '恢复到备份时的内容' },
  usage: 'FILE [--state DIR]',
  words: 1,
  options: {
    state: { type: 'string', value: 'DIR', help: { en: 'The state folder to restore', zh: '要恢复的状态文件夹' } },
  },
  examples: ['tenon down && tenon restore monday.db && tenon up'],
  async run({ options, positionals, terminal, environment }) {
    const [name] = positionals;
    if (name === undefined) throw cliFaults.error('missing-argument', { command: 'restore', what: 'a file' });
    // The state's lock refuses while a Tenon runs on it.
    await using state = openState(stateFolderPath(stringOption(options, 'state'), environment));
    const { count, aside } = restoreStore(state, resolve(name));
    terminal.out(DONE[terminal.language].replace('{count}', String(count)).replace('{aside}', aside));
    return EXIT.yes;
  },
};

import { resolve } from 'node:path';
import type { Text } from '../base/index.ts';
import { askBackup } from '../hosts/node/control.ts';
import { backupStore } from '../hosts/node/backup.ts';
import { openState, runningOn, stateFolderPath } from '../hosts/node/state.ts';
import { type Command, EXIT, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';

const DONE: Text = { en: 'wrote {file}', zh: '已写入 {file}' };

export const command: Command = {
  name: 'backup',
  summary: { en: 'Write every object to a file while Tenon runs', zh: '在 Tenon 运行时将全部对象写入文件' },
  usage: 'FILE [--state DIR]',
  words: 1,
  options: {
    state: { type: 'string', value: 'DIR', help: { en: 'The state folder to save', zh: '要备份的状态文件夹' } },
  },
  examples: ['tenon backup monday.db'],
  async run({ options, positionals, terminal, environment }) {
    const [name] = positionals;
    if (name === undefined) throw cliFaults.error('missing-argument', { command: 'backup', what: 'a file' });
    const file = resolve(name);
    const folder = stateFolderPath(stringOption(options, 'state'), environment);
    if (runningOn(folder) !== undefined) await askBackup(`${folder}/control.sock`, file);
    else {
      await using state = openState(folder);
      await backupStore(state, file);
    }
    terminal.out(DONE[terminal.language].replace('{file}', file));
    return EXIT.yes;
  },
};

import { stringify } from 'yaml';
import type { Text } from '../base/index.ts';
import { examineMachine, type Capability } from '../hosts/node/machine.ts';
import { EXIT, type Command } from './command.ts';

const MARK: Readonly<Record<Capability['state'], string>> = { yes: '✓', partly: '~', no: '✗' };
const TITLE: Text = { en: 'What this machine can run', zh: '本机可运行的内容' };

export const command: Command = {
  name: 'doctor',
  summary: { en: 'What this machine can run and what would add more', zh: '检查本机能运行什么、缺什么' },
  usage: '[-o json]',
  async run({ terminal, output }) {
    const capabilities = await examineMachine();
    const { language } = terminal;
    const rows = capabilities.map(item => ({
      name: item.name,
      state: item.state,
      detail: item.detail[language],
      ...(item.remedy ? { remedy: item.remedy[language] } : {}),
    }));
    if (output === 'json') terminal.out(JSON.stringify(rows));
    else if (output === 'yaml') terminal.out(stringify(rows).trimEnd());
    else {
      terminal.out(TITLE[language]);
      for (const { name, state, detail, remedy } of rows) {
        terminal.out(`  ${MARK[state]} ${name.padEnd(18)} ${detail}`);
        if (remedy) terminal.out(`    ${' '.repeat(18)} → ${remedy}`);
      }
    }
    return EXIT.yes;
  },
};

import type { Text } from '../base/index.ts';
import { COMMON_OPTIONS, type Command, type Terminal } from './command.ts';
import { COMMANDS, type CommandEntry } from './commands.ts';

const GROUPS: readonly (readonly [CommandEntry['group'], Text])[] = [
  ['main', { en: 'Run', zh: '运行' }],
  ['ask', { en: 'Ask', zh: '询问' }],
  ['tools', { en: 'Tools', zh: '工具' }],
  ['develop', { en: 'Develop Tenon', zh: '开发 Tenon' }],
];

const HEAD: Text = {
  en: 'Tenon runs, tests, rehearses and explains the Kubernetes manifests you already have.',
  zh: 'Tenon 运行、测试、预演并解释你已有的 Kubernetes 清单。',
};

const TAIL: Text = {
  en: 'tenon COMMAND --help tells what a command takes. Start with: tenon up examples/shop',
  zh: '运行 tenon 命令 --help 查看用法。可以从这里开始:tenon up examples/shop',
};

const bold = (text: string, terminal: Terminal): string => (terminal.color ? `\u001b[1m${text}\u001b[0m` : text);

/** What `tenon` alone prints. */
export function overview(terminal: Terminal): string {
  const lines = [HEAD[terminal.language], ''];
  for (const [group, title] of GROUPS) {
    const entries = COMMANDS.filter(entry => entry.group === group);
    if (entries.length === 0) continue;
    lines.push(bold(title[terminal.language], terminal));
    for (const entry of entries) lines.push(`  tenon ${entry.name.padEnd(12)} ${entry.summary[terminal.language]}`);
    lines.push('');
  }
  lines.push(TAIL[terminal.language]);
  return lines.join('\n');
}

/** What `tenon COMMAND --help` prints. */
export function commandHelp(command: Command, terminal: Terminal): string {
  const { language } = terminal;
  const lines = [`tenon ${command.name} ${command.usage}`.trimEnd(), '', `  ${command.summary[language]}`, ''];
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS });
  const left = options.map(
    ([name, option]) =>
      `  ${option.short ? `-${option.short}, ` : '    '}--${name}${option.value ? ` ${option.value}` : ''}`,
  );
  const width = Math.max(...left.map(text => text.length)) + 2;
  options.forEach(([, option], index) => lines.push(`${left[index]!.padEnd(width)}${option.help[language]}`));
  if (command.examples?.length) lines.push('', ...command.examples.map(example => `  $ ${example}`));
  return lines.join('\n');
}

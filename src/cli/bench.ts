import type { Command } from './command.ts';
import { optionArguments, runProgram } from './program.ts';

export const command: Command = {
  name: 'bench',
  summary: { en: 'Measure against the real components', zh: '与真实组件对比性能' },
  usage: '[NAME ...] [-o json] [--quick]',
  words: Infinity,
  options: {
    quick: { type: 'boolean', help: { en: 'Fewer runs: for a first look', zh: '减少次数,快速查看' } },
    list: { type: 'boolean', help: { en: 'List the benches', zh: '列出全部基准' } },
  },
  run: invocation =>
    runProgram(invocation, 'bench/main.ts', [
      ...invocation.positionals,
      ...optionArguments(invocation.options, ['quick', 'list', 'output']),
    ]),
};

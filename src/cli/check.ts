import type { Command } from './command.ts';
import { optionArguments, runProgram } from './program.ts';

export const command: Command = {
  name: 'check',
  summary: { en: 'Run every test of Tenon', zh: '运行 Tenon 的全部测试' },
  usage: '[--only AREA] [--list]',
  options: {
    only: {
      type: 'string',
      multiple: true,
      value: 'AREA',
      help: { en: 'Only this area (--list names them); may be repeated', zh: '只运行某个部分(--list 列出);可重复' },
    },
    list: { type: 'boolean', help: { en: 'List the areas', zh: '列出各部分' } },
  },
  run: invocation => runProgram(invocation, 'tools/check.ts', optionArguments(invocation.options, ['only', 'list'])),
};

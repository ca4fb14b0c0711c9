import type { Command } from './command.ts';
import { optionArguments, runProgram } from './program.ts';

export const command: Command = {
  name: 'conformance',
  summary: { en: 'Run suites that others wrote', zh: '运行第三方测试集' },
  usage: '[GROUP/SUITE ...] [--cases DIR] [--suites DIR] [-o json] [--write]',
  words: Infinity,
  options: {
    cases: {
      type: 'string',
      value: 'DIR',
      help: {
        en: 'Take the cases of the one suite named from this folder',
        zh: '指定的那个测试集改用此文件夹中的用例',
      },
    },
    suites: {
      type: 'string',
      value: 'DIR',
      help: {
        en: 'Folder of suites (else TENON_SUITES, else ../shared/suites)',
        zh: '测试集所在文件夹(默认 TENON_SUITES 或 ../shared/suites)',
      },
    },
    write: { type: 'boolean', help: { en: 'Write docs/conformance.md', zh: '更新 docs/conformance.md' } },
    list: { type: 'boolean', help: { en: 'List the suites that have a runner', zh: '列出有运行器的测试集' } },
  },
  examples: ['tenon conformance core/api-roundtrip', 'tenon conformance policy/opa-v1 --cases ./my-cases -o json'],
  run: invocation =>
    runProgram(invocation, 'conformance/main.ts', [
      ...invocation.positionals,
      ...optionArguments(invocation.options, ['cases', 'suites', 'write', 'list', 'output']),
    ]),
};

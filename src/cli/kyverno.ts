import { type Command, EXIT, type Invocation } from './command.ts';
import { cliFaults } from './faults.ts';
import { kyvernoApply } from './kyverno-apply.ts';
import { APPLY_FLAGS, type FlagTable, JP_FLAGS, TEST_FLAGS } from './kyverno-flags.ts';
import { kyvernoJp } from './kyverno-jp.ts';
import { kyvernoTest } from './kyverno-test.ts';

interface Verb {
  readonly usage: string;
  readonly flags: FlagTable;
  run(words: readonly string[], invocation: Invocation): number | Promise<number>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  apply: { usage: 'POLICY ... [-r FILE ...] [--cluster]', flags: APPLY_FLAGS, run: kyvernoApply },
  test: { usage: '[FOLDER ...]', flags: TEST_FLAGS, run: kyvernoTest },
  jp: { usage: 'query [-i FILE] EXPRESSION ... | function [NAME ...]', flags: JP_FLAGS, run: kyvernoJp },
};

/** The flags a verb heeds; those that only say how the real tool logs are taken and change nothing. */
function help(name: string, { usage, flags }: Verb): string {
  const lines = Object.entries(flags)
    .filter(([, { kind }]) => !kind.startsWith('ignored') && kind !== 'refused')
    .map(
      ([flag, { kind, short }]) => `  ${short ? `-${short}, ` : '    '}--${flag}${kind === 'boolean' ? '' : ' VALUE'}`,
    );
  return `Usage:\n  tenon kyverno ${name} ${usage}\n\nFlags:\n${lines.join('\n')}`;
}

const USAGE = Object.entries(VERBS)
  .map(([name, { usage }]) => `  tenon kyverno ${name} ${usage}`)
  .join('\n');

export const command: Command = {
  name: 'kyverno',
  summary: { en: 'Test and apply Kyverno policies, try JMESPath', zh: '测试和应用 Kyverno 策略，试用 JMESPath' },
  usage: 'apply|test|jp ...',
  raw: true,
  examples: ['tenon kyverno test policies/', "tenon kyverno jp query -i pod.yaml 'spec.containers[].image'"],
  run: async invocation => {
    const { terminal, positionals } = invocation;
    const [name = '', ...words] = positionals;
    const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
    if (verb === undefined) {
      if (name !== '' && !/^(-h|--help|help)$/.test(name))
        throw cliFaults.error('surplus-argument', { command: 'kyverno', word: name });
      terminal.out(`Usage:\n${USAGE}`);
      return EXIT.yes;
    }
    if (words.includes('--help') || words.includes('-h')) {
      terminal.out(help(name, verb));
      return EXIT.yes;
    }
    return verb.run(words, invocation);
  },
};

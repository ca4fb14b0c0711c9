import { FaultError } from '../base/index.ts';
import type { Command, GatorVerb } from './command.ts';
import { EXIT } from './command.ts';
import { gatorBench } from './gator-bench.ts';
import { gatorExpand, gatorTest } from './gator-test.ts';
import { gatorSync } from './gator-sync.ts';
import { gatorVerify } from './gator-verify.ts';

const VERBS: Readonly<Record<string, GatorVerb>> = {
  verify: gatorVerify,
  test: gatorTest,
  expand: gatorExpand,
  bench: gatorBench,
  sync: gatorSync,
};

const HELP = `Usage:
  tenon gator verify PATH... [--run NAME] [-v]
  tenon gator test -f FILE... [-o json|yaml] [--deny-only]
  tenon gator expand -n FILE... [-f json|yaml] [-o FILE]
  tenon gator sync test -n FILE... [-f]
  tenon gator bench -f FILE... [-e rego|cel|all] [-n ITERATIONS] [--warmup N] [-o table|json]`;

export const command: Command = {
  name: 'gator',
  summary: { en: 'Verify, test, expand and measure Gatekeeper policies', zh: '验证、测试、展开和测量 Gatekeeper 策略' },
  usage: 'verify|test|expand|bench|sync ...',
  raw: true,
  run: invocation => {
    const { terminal, positionals } = invocation;
    const [name, ...words] = positionals;
    const verb = name !== undefined && Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
    if (verb === undefined || words.includes('--help') || words.includes('-h')) {
      terminal.out(HELP);
      return Promise.resolve(verb || name === undefined || /^(-h|--help|help)$/.test(name) ? EXIT.yes : EXIT.usage);
    }
    try {
      return Promise.resolve(verb(words, invocation));
    } catch (error) {
      // Faults tell in both languages what to do.
      if (error instanceof FaultError) return Promise.reject(error);
      terminal.err(error instanceof Error ? error.message : String(error));
      return Promise.resolve(EXIT.no);
    }
  },
};

import { stringify } from 'yaml';
import {
  explainFaults,
  type FlowQuestion,
  journeyJson,
  journeyText,
  parseTarget,
  prepare,
  PROFILES,
  whyFlow,
} from '../explain/index.ts';
import { type Command, EXIT, type Invocation, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';
import { loadTarget, TARGET_OPTIONS } from './target.ts';

const CODES = { allow: EXIT.yes, deny: EXIT.no, unknown: EXIT.unknown, value: EXIT.yes } as const;

function questionOf({ positionals, options }: Invocation): FlowQuestion {
  const at = positionals.indexOf('to');
  if (at !== 1 || positionals.length !== 3) throw explainFaults.error('bad-question', { text: positionals.join(' ') });
  const source = parseTarget(positionals[0]!);
  const { place, port, path } = parseTarget(positionals[2]!);
  const protocol = (stringOption(options, 'protocol') ?? 'tcp').toUpperCase();
  if (protocol !== 'TCP' && protocol !== 'UDP' && protocol !== 'SCTP')
    throw cliFaults.error('bad-option', {
      command: 'why',
      reason: `--protocol takes tcp, udp or sctp, not "${protocol}"`,
    });
  const profile = stringOption(options, 'as-cni');
  return {
    source: source.place,
    destination: place,
    protocol,
    ...(port === undefined ? {} : { port }),
    ...(path === undefined ? {} : { path }),
    ...(profile === undefined ? {} : { profile }),
  };
}

export const command: Command = {
  name: 'why',
  summary: { en: 'Why traffic passes or not, across every layer', zh: '解释流量为何放行或被拒,跨越所有层' },
  usage: 'SRC to DST[:port][/path] [--dir DIR | --kubeconfig FILE | --state DIR]',
  words: Infinity,
  options: {
    ...TARGET_OPTIONS,
    protocol: {
      type: 'string',
      value: 'PROTOCOL',
      help: { en: 'tcp (default), udp or sctp', zh: 'tcp(默认)、udp 或 sctp' },
    },
    'as-cni': {
      type: 'string',
      value: 'NAME',
      help: {
        en: `As if this plugin enforced policies: ${PROFILES.map(({ name }) => name).join(', ')}`,
        zh: `假设由该网络插件执行策略:${PROFILES.map(({ name }) => name).join('、')}`,
      },
    },
  },
  examples: [
    'tenon why shop/web to shop/catalog --dir examples/shop',
    'tenon why shop/load to shop/payment:80 --dir examples/shop -o json',
  ],
  async run(invocation) {
    const question = questionOf(invocation);
    const journey = whyFlow(prepare(await loadTarget(invocation)), question);
    const { terminal, output } = invocation;
    if (output === 'json') terminal.out(JSON.stringify(journeyJson(journey, terminal.language)));
    else if (output === 'yaml') terminal.out(stringify(journeyJson(journey, terminal.language)).trimEnd());
    else terminal.out(journeyText(journey, terminal.language));
    return CODES[journey.outcome];
  },
};

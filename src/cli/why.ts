import { join } from 'node:path';
import { stringify } from 'yaml';
import {
  type Journey,
  journeyJson,
  journeyText,
  prepare,
  PROFILES,
  seenOf,
  whyFlow,
  whyOutOfSync,
  whyPod,
  whyReplicas,
} from '../explain/index.ts';
import { askKeptFlows, type KeptFlows } from '../hosts/node/control-flows.ts';
import { loadFolder, type Loaded } from '../hosts/node/documents.ts';
import { explainPorts } from '../hosts/node/explain-ports.ts';
import { stateFolderPath } from '../hosts/node/state.ts';
import { type Command, EXIT, type Invocation, stringOption } from './command.ts';
import { loadTarget, TARGET_OPTIONS, withSource } from './target.ts';
import { type Question, questionOf } from './why-question.ts';

/** A Tenon that does not answer in this time keeps the answer waiting no longer. */
const FLOWS_MS_MAX = 10_000;

const CODES = { allow: EXIT.yes, deny: EXIT.no, unknown: EXIT.unknown, value: EXIT.yes } as const;

/** Flows of the Tenon that is asked about; undefined where a cluster of another make is, or no network runs. */
async function keptFlows({ options, environment, signal }: Invocation): Promise<KeptFlows | undefined> {
  if (stringOption(options, 'kubeconfig') !== undefined) return undefined;
  const state = stateFolderPath(stringOption(options, 'state'), environment);
  return askKeptFlows(join(state, 'control.sock'), AbortSignal.any([signal, AbortSignal.timeout(FLOWS_MS_MAX)]));
}

interface Target {
  readonly loaded: Loaded;
  readonly source?: Loaded;
  /** What runs is asked about: the flows it keeps, where it keeps any. */
  readonly live?: { readonly flows: KeptFlows | undefined };
}

function answer(invocation: Invocation, question: Question, { loaded, source, live }: Target): Journey {
  const ports = explainPorts(invocation.root);
  const prepared = prepare(source ? withSource(loaded, source) : loaded, ports);
  switch (question.kind) {
    case 'flow': {
      const journey = whyFlow(prepared, question.flow);
      return live ? { ...journey, seen: seenOf(prepared, question.flow, journey, live.flows) } : journey;
    }
    case 'pod':
      return whyPod(prepared, question.place, question.symptom);
    case 'replicas':
      return whyReplicas(prepared, question.place, question.replicas);
    case 'sync':
      return whyOutOfSync(source && prepare(source, ports), prepared, question.name);
  }
}

export const command: Command = {
  name: 'why',
  summary: { en: 'Why traffic passes or not, across every layer', zh: '解释流量为何放行或被拒,跨越所有层' },
  usage:
    'SRC to DST[:port][/path] | pod NS/NAME pending|denied|not-ready|evicted | deploy NS/NAME replicas=N | app NAME out-of-sync  [--dir DIR | --kubeconfig FILE | --state DIR]',
  words: Infinity,
  options: {
    ...TARGET_OPTIONS,
    live: {
      type: 'boolean',
      help: {
        en: 'Ask what runs, not the folder, and tell which flows were seen; the folder then says where things are written',
        zh: '针对正在运行的对象提问，并列出观察到的流量；文件夹仅用于定位来源',
      },
    },
    source: {
      type: 'string',
      value: 'DIR',
      help: { en: 'Where the objects of the cluster were written', zh: '集群对象的来源文件夹' },
    },
    protocol: {
      type: 'string',
      value: 'PROTOCOL',
      help: { en: 'tcp (default), udp or sctp', zh: 'tcp(默认)、udp 或 sctp' },
    },
    method: { type: 'string', value: 'METHOD', help: { en: 'The HTTP method of the request', zh: '请求的 HTTP 方法' } },
    header: {
      type: 'string',
      multiple: true,
      value: 'NAME:VALUE',
      help: { en: 'A header of the request; may be repeated', zh: '请求头,可重复' },
    },
    jwt: {
      type: 'string',
      value: 'TOKEN',
      help: { en: 'The token the request carries, or its claims as JSON', zh: '请求携带的令牌,或其声明的 JSON' },
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
    'tenon why deploy shop/web replicas=7 --dir examples/shop',
    'tenon why pod shop/web denied --dir examples/shop',
  ],
  async run(invocation) {
    const question = questionOf(invocation);
    const { terminal, output, options } = invocation;
    const live = options.live === true;
    const folder = stringOption(options, 'source') ?? (live ? stringOption(options, 'dir') : undefined);
    const loaded = await loadTarget(invocation, { live });
    const journey = answer(invocation, question, {
      loaded,
      ...(folder === undefined ? {} : { source: loadFolder(folder) }),
      ...(live && question.kind === 'flow' ? { live: { flows: await keptFlows(invocation) } } : {}),
    });
    if (output === 'json') terminal.out(JSON.stringify(journeyJson(journey, terminal.language)));
    else if (output === 'yaml') terminal.out(stringify(journeyJson(journey, terminal.language)).trimEnd());
    else terminal.out(journeyText(journey, terminal.language));
    return CODES[journey.outcome];
  },
};

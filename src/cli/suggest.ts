import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Text } from '../base/index.ts';
import { type PolicyForm, prepare, type SeenFlow, suggestNetworkPolicies, suggestQuotas } from '../explain/index.ts';
import { followFlows } from '../hosts/node/control-flows.ts';
import { explainPorts } from '../hosts/node/explain-ports.ts';
import { runningOn, stateFolderPath } from '../hosts/node/state.ts';
import type { KubeObject } from '../kernel/index.ts';
import { type Command, EXIT, type Invocation, listOption, stringOption } from './command.ts';
import { cliFaults } from './faults.ts';
import { loadTarget, TARGET_OPTIONS } from './target.ts';

const TEXTS = {
  unresolved: { en: 'not covered, nobody is known by it: {what}', zh: '未覆盖，无法识别：{what}' },
  missing: { en: 'seen, but not let through: {what}', zh: '已观察到但未放行：{what}' },
  surplus: { en: 'let through, but never seen: {what}', zh: '已放行但从未观察到：{what}' },
  refused: { en: 'would be refused: {what}', zh: '将被拒绝：{what}' },
  exact: {
    en: '{flows} flows of {pairs} pairs pass, and nothing else does',
    zh: '{pairs} 对端点的 {flows} 条流量放行，其余全部拒绝',
  },
} satisfies Record<string, Text>;

const FLOWS_MAX = 1_000_000;

interface FlowLine {
  readonly source?: SeenFlow['source'] & { readonly port?: number };
  readonly destination?: SeenFlow['destination'] & { readonly port?: number };
  readonly protocol?: string;
  readonly port?: number;
  readonly verdict?: string;
}

/** A flow as a line tells it; undefined for those that were dropped and other protocols. */
function flowOf({ source, destination, protocol, port, verdict }: FlowLine): SeenFlow | undefined {
  const to = port ?? destination?.port;
  const named = protocol?.toUpperCase();
  if (verdict === 'dropped' || !source || !destination || typeof to !== 'number') return undefined;
  if (!Number.isInteger(to) || to < 1 || to > 65_535) return undefined;
  if (named !== 'TCP' && named !== 'UDP' && named !== 'SCTP') return undefined;
  return { source, destination, protocol: named, port: to };
}

function readFlows(file: string): SeenFlow[] {
  const bad = (line: number, why: string): Error =>
    cliFaults.error('bad-option', { command: 'suggest', reason: `${file}:${line}: ${why}` });
  if (!existsSync(file)) throw bad(1, 'no such file');
  const flows: SeenFlow[] = [];
  for (const [at, text] of readFileSync(file, 'utf8').split('\n').entries()) {
    if (text.trim() === '') continue;
    if (flows.length >= FLOWS_MAX) throw bad(at + 1, `more than ${FLOWS_MAX} flows`);
    let line: unknown;
    try {
      line = JSON.parse(text);
    } catch {
      throw bad(at + 1, 'not a line of JSON');
    }
    const flow = typeof line === 'object' && line !== null ? flowOf(line as FlowLine) : undefined;
    if (flow) flows.push(flow);
  }
  return flows;
}

/** Flows of a file, or those a running Tenon tells of for some seconds. */
async function seenFlows({ options, environment, signal }: Invocation): Promise<SeenFlow[]> {
  const file = stringOption(options, 'flows');
  if (file !== undefined) return readFlows(file);
  const state = stateFolderPath(stringOption(options, 'state'), environment);
  if (runningOn(state) === undefined)
    throw cliFaults.error('missing-argument', { command: 'suggest networkpolicy', what: '--flows FILE' });
  const seconds = Number(stringOption(options, 'for') ?? '60');
  if (!(seconds > 0)) throw cliFaults.error('bad-option', { command: 'suggest', reason: '--for takes seconds' });
  const flows: SeenFlow[] = [];
  const deliver = (line: FlowLine): void => {
    const flow = flows.length < FLOWS_MAX ? flowOf(line) : undefined;
    if (flow) flows.push(flow);
  };
  await followFlows(
    join(state, 'control.sock'),
    deliver,
    AbortSignal.any([signal, AbortSignal.timeout(seconds * 1_000)]),
  );
  return flows;
}

function print({ output, terminal }: Invocation, objects: readonly KubeObject[]): void {
  if (output === 'json') terminal.out(JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }, null, 2));
  else if (objects.length > 0)
    terminal.out(
      objects
        .map(object => stringify(object, { aliasDuplicateObjects: false, version: '1.1' }))
        .join('---\n')
        .trimEnd(),
    );
}

function tell({ terminal }: Invocation, text: Text, values: Readonly<Record<string, string>>): void {
  terminal.err(text[terminal.language].replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? ''));
}

async function networkPolicies(invocation: Invocation): Promise<number> {
  const form = stringOption(invocation.options, 'as') ?? 'networkpolicy';
  const forms: Readonly<Record<string, PolicyForm>> = { networkpolicy: 'NetworkPolicy', cilium: 'CiliumNetworkPolicy' };
  if (!Object.hasOwn(forms, form))
    throw cliFaults.error('bad-option', {
      command: 'suggest',
      reason: `--as takes networkpolicy or cilium, not "${form}"`,
    });
  const flows = await seenFlows(invocation);
  const prepared = prepare(await loadTarget(invocation), explainPorts(invocation.root));
  const { policies, pairs, unresolved, missing, surplus } = suggestNetworkPolicies(prepared, flows, forms[form]);
  print(invocation, policies);
  for (const what of unresolved) tell(invocation, TEXTS.unresolved, { what });
  for (const what of missing) tell(invocation, TEXTS.missing, { what });
  for (const what of surplus) tell(invocation, TEXTS.surplus, { what });
  const exact = unresolved.length + missing.length + surplus.length === 0;
  if (exact) tell(invocation, TEXTS.exact, { flows: String(flows.length), pairs: String(pairs.length) });
  return exact ? EXIT.yes : EXIT.no;
}

async function quotas(invocation: Invocation): Promise<number> {
  const { options } = invocation;
  const headroom = Number(stringOption(options, 'headroom') ?? '20');
  if (!Number.isInteger(headroom) || headroom < 0 || headroom > 1_000)
    throw cliFaults.error('bad-option', {
      command: 'suggest',
      reason: '--headroom takes whole percent from 0 to 1000',
    });
  const names = listOption(options, 'namespace');
  const prepared = prepare(await loadTarget(invocation), explainPorts(invocation.root));
  const { objects, refused } = suggestQuotas(prepared, headroom, names.length > 0 ? new Set(names) : undefined);
  print(invocation, objects);
  for (const { workload, why } of refused) tell(invocation, TEXTS.refused, { what: `${workload}: ${why}` });
  return refused.length > 0 ? EXIT.no : EXIT.yes;
}

export const command: Command = {
  name: 'suggest',
  summary: { en: 'Quotas and network policies from what is used and seen', zh: '根据用量与流量建议配额和网络策略' },
  usage: 'quota | networkpolicy [FOLDER] [--flows FILE]',
  words: 2,
  options: {
    ...TARGET_OPTIONS,
    flows: {
      type: 'string',
      value: 'FILE',
      help: {
        en: 'networkpolicy: flows, one JSON object a line: source, destination, protocol, port',
        zh: 'networkpolicy：流量文件，每行一个 JSON：source、destination、protocol、port',
      },
    },
    for: {
      type: 'string',
      value: 'SECONDS',
      help: {
        en: 'networkpolicy: or watch the running Tenon so long (60)',
        zh: 'networkpolicy：或观察运行中的 Tenon 的秒数（默认 60）',
      },
    },
    as: {
      type: 'string',
      value: 'FORM',
      help: {
        en: 'networkpolicy: networkpolicy (default) or cilium',
        zh: 'networkpolicy：networkpolicy（默认）或 cilium',
      },
    },
    headroom: {
      type: 'string',
      value: 'PERCENT',
      help: { en: 'quota: above what is used (20)', zh: 'quota：在用量之上的余量（默认 20）' },
    },
    namespace: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      help: { en: 'quota: of these namespaces only', zh: 'quota：仅限这些命名空间' },
    },
  },
  examples: ['tenon suggest quota examples/shop'],
  run(invocation) {
    const [what, folder] = invocation.positionals;
    const asked =
      folder === undefined ? invocation : { ...invocation, options: { ...invocation.options, dir: folder } };
    if (what === 'quota') return quotas(asked);
    if (what === 'networkpolicy') return networkPolicies(asked);
    if (what === undefined)
      throw cliFaults.error('missing-argument', { command: 'suggest', what: 'quota | networkpolicy' });
    throw cliFaults.error('surplus-argument', { command: 'suggest', word: what });
  },
};

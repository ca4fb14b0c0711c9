import type { Answer, Outcome, Text } from '../../base/index.ts';
import { loneAddress, type ObservedFlow } from '../../network/index.ts';
import type { FlowQuestion, Journey, Seen, SeenSide } from '../model.ts';
import { edgeGoal } from './gateway.ts';
import { type End, goalOf, onHostNetwork, sourceOf } from './parties.ts';
import type { Prepared } from './prepared.ts';
import { outcomeOf } from './why.ts';

type ObservedEnd = ObservedFlow['source'];

const both = (en: string, zh: string): Text => ({ en, zh });

/** What a network keeps of its flows, from the oldest to the newest. */
export interface KeptRecords {
  readonly flows: readonly ObservedFlow[];
  /** Records since it started; those that are not among the flows are forgotten. */
  readonly seen: number;
  /** Nodes whose records are missing. */
  readonly silent: readonly string[];
}

/** Nobody tells of flows here, or not of these. */
const nothing = (why: Text): Seen => ({ sides: [], disagrees: [], why });

const NO_SOURCE = both(
  'Nobody here tells of flows: a Tenon that runs with its network does',
  '此处没有流量来源：只有启用网络层运行的 Tenon 提供流量记录',
);
const AT_THE_EDGE = both(
  'The proxy at the edge opens connections of its own: flows do not tell whose requests they carry',
  '边缘代理自行建立连接：无法从流量得知它承载谁的请求',
);
const ON_THE_NODE = both(
  'Flows of a pod on the network of its node are told as those of the node',
  '使用主机网络的 Pod，其流量被记为节点的流量',
);

/** Whether an end of a record is this end; undefined for an end that records do not tell apart. */
function matcherOf(prepared: Prepared, { party, backend }: End): ((end: ObservedEnd) => boolean) | undefined {
  if (backend) {
    if (onHostNetwork(backend)) return undefined;
    const names = new Set(
      prepared.podsOf(backend).map(({ metadata }) => `${metadata.namespace ?? 'default'}/${metadata.name ?? ''}`),
    );
    return end => end.kind === 'pod' && names.has(`${end.namespace ?? ''}/${end.pod ?? ''}`);
  }
  if (party.kind !== 'address') return undefined;
  const wanted = rangeKey(party.address);
  return end => rangeKey(end.address) === wanted;
}

/** IPv6 addresses are written in several ways. */
const rangeKey = (address: string): string =>
  loneAddress(address)
    .map(range => Object.values(range).map(String).join('-'))
    .join() || address;

/** Requests count for the question that is about them, and connections for every question. */
function isAbout({ path, http = {} }: FlowQuestion, flow: ObservedFlow): boolean {
  if (flow.dns) return false;
  if (!flow.http) return true;
  // Records do not say which headers and which token a request had.
  if (path === undefined || http.headers !== undefined || http.claims !== undefined) return false;
  const url = flow.http.url.replace(/^[a-z]+:\/\/[^/]*/i, '').split('?')[0] || '/';
  return flow.http.method === (http.method ?? 'GET') && url === (path ?? '/').split('?')[0];
}

function ruleOf(flow: ObservedFlow): SeenSide['by'] {
  // The proxy tells what it did, not by which rule.
  if (flow.http) return undefined;
  return flow.by;
}

function keyOf({ direction, verdict, http, dropReason }: ObservedFlow, by: SeenSide['by']): string {
  const rule = by === undefined || by === 'default' ? String(by) : [by.kind, by.namespace, by.name, by.rule].join('/');
  return [direction, verdict, dropReason, http !== undefined, rule].join(' ');
}

/** Records of one side, verdict and rule as one line with their count; the newest first. */
function gather(flows: Iterable<ObservedFlow>): SeenSide[] {
  const sides = new Map<string, SeenSide>();
  for (const flow of flows) {
    const by = ruleOf(flow);
    const key = keyOf(flow, by);
    const { direction, verdict, time_ns, dropReason } = flow;
    const before = sides.get(key);
    const last_ms = Math.max(Number(time_ns / 1_000_000n), before?.last_ms ?? 0);
    sides.set(key, {
      direction,
      verdict,
      ...(by === undefined ? {} : { by }),
      dropReason,
      isRequest: flow.http !== undefined,
      count: (before?.count ?? 0) + 1,
      last_ms,
    });
  }
  return [...sides.values()].sort((left, right) => right.last_ms - left.last_ms);
}

const WORDS = {
  egress: both('egress of the source', '源的出方向'),
  ingress: both('ingress of the destination', '目标的入方向'),
} as const;

/** What the policies of now say of a side. */
function decidedOf(hops: readonly Answer[], direction: SeenSide['direction']): Outcome | undefined {
  const own = hops.filter(hop => hop.layer === 'network' && hop.direction === direction);
  return own.length === 0 ? undefined : outcomeOf(own);
}

/** Refused by policy: no rule allowed it, or one denied it. */
const BY_POLICY: ReadonlySet<number> = new Set([133, 181]);

/** Whether a record says what policies decide: requests turn on headers that it does not tell. */
const tellsDecision = ({ verdict, dropReason, isRequest }: SeenSide): boolean =>
  !isRequest && (verdict === 'forwarded' || (verdict === 'dropped' && BY_POLICY.has(dropReason)));

/**
 * Whether the last connection that was seen of a side is not what is decided. A request may be refused on a connection
 * that passes, so one that passed contradicts only an answer about connections.
 */
function disagreement(question: FlowQuestion, hops: readonly Answer[], sides: readonly SeenSide[]): Text[] {
  const asksRequest = question.path !== undefined || question.http !== undefined;
  return (['egress', 'ingress'] as const).flatMap(direction => {
    const decided = decidedOf(hops, direction);
    const last = sides.find(side => side.direction === direction && tellsDecision(side));
    if (!last || (decided !== 'allow' && decided !== 'deny')) return [];
    const passed = last.verdict === 'forwarded';
    if (passed === (decided === 'allow')) return [];
    if (passed && asksRequest) return [];
    const { en, zh } = WORDS[direction];
    const at = new Date(last.last_ms).toISOString();
    return [
      passed
        ? both(
            `${en}: is refused by what is written now, and passed at ${at}; did policies or labels change since?`,
            `${zh}：按当前对象应被拒绝，但在 ${at} 曾放行；此后策略或标签是否有变化？`,
          )
        : both(
            `${en}: is allowed by what is written now, and was refused at ${at}; did policies or labels change since?`,
            `${zh}：按当前对象应放行，但在 ${at} 曾被拒绝；此后策略或标签是否有变化？`,
          ),
    ];
  });
}

/**
 * What a network saw of the flow that is asked about, beside what is decided: a line for each side, verdict and rule, and
 * where the last that was seen is not what is decided. Without records it says why there are none.
 */
export function seenOf(
  prepared: Prepared,
  question: FlowQuestion,
  { hops }: Journey,
  records: KeptRecords | undefined,
): Seen {
  if (!records) return nothing(NO_SOURCE);
  if (edgeGoal(prepared, question)) return nothing(AT_THE_EDGE);
  const goal = goalOf(prepared, question);
  const from = matcherOf(prepared, sourceOf(prepared, question.source));
  const to = goal.ends.map(end => ({ port: end.port, matches: matcherOf(prepared, end) }));
  if (!from || to.some(({ matches }) => !matches)) return nothing(ON_THE_NODE);
  const own = records.flows.filter(
    flow =>
      flow.protocol === question.protocol &&
      isAbout(question, flow) &&
      from(flow.source) &&
      to.some(({ port, matches }) => port === flow.destination.port && matches?.(flow.destination) === true),
  );
  const sides = gather(own);
  // As if another plugin ran here: what was seen says nothing of that.
  const disagrees = question.profile === undefined ? disagreement(question, hops, sides) : [];
  const { seen, flows, silent } = records;
  return { sides, disagrees, kept: { flows: flows.length, forgotten: Math.max(0, seen - flows.length), silent } };
}

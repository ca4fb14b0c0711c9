import { type Answer, type Fault, formatSpan, type Language, type Origin, reportFault } from '../base/index.ts';
import type { Journey, Seen, SeenSide } from './model.ts';

const MARK = { allow: '✓', deny: '✗', unknown: '?', value: '=' } as const;
const WORDS = {
  en: {
    allow: 'ALLOWED',
    deny: 'DENIED',
    unknown: 'UNKNOWN',
    value: 'VALUE',
    egress: 'egress of the source',
    ingress: 'ingress of the destination',
    from: 'source',
    to: 'destination',
    fields: 'fields',
    fix: 'all of these together would flip it',
    by: 'by',
    near: 'near miss',
    flip: 'would flip',
    unmodelled: 'not modelled',
    seen: 'seen by the network',
    never: 'not seen among the {flows} records kept',
    forgotten: '{forgotten} older records are forgotten',
    silent: 'records of these nodes are missing: {nodes}',
    last: 'last at {at}',
    noRule: 'no policy rule',
    disagrees: 'disagrees',
  },
  zh: {
    allow: '允许',
    deny: '拒绝',
    unknown: '未知',
    value: '值',
    egress: '源的出方向',
    ingress: '目标的入方向',
    from: '源',
    to: '目标',
    fields: '字段',
    fix: '同时做以下修改可翻转结果',
    by: '依据',
    near: '差一点匹配',
    flip: '可翻转',
    unmodelled: '未建模',
    seen: '网络中观察到',
    never: '在保留的 {flows} 条记录中未出现',
    forgotten: '更早的 {forgotten} 条记录已丢弃',
    silent: '缺少以下节点的记录：{nodes}',
    last: '最近一次 {at}',
    noRule: '没有策略规则',
    disagrees: '不一致',
  },
} as const;

/** `file:line:column@commit`, or the object's path where no source is kept. */
export function formatOrigin(origin: Origin): string {
  const place = origin.span ? formatSpan(origin.span) : (origin.object ?? '');
  return origin.commit ? `${place}@${origin.commit.slice(0, 12)}` : place;
}

function byJson(by: Answer['by'], language: Language): Record<string, unknown> {
  if ('default' in by) return { default: by.default[language] };
  const { where, ...rest } = by;
  return { ...rest, ...(where ? { where: formatOrigin(where) } : {}) };
}

/** One answer as JSON, its texts in one language. */
export function answerJson(hop: Answer, language: Language): Record<string, unknown> {
  return {
    layer: hop.layer,
    enforcer: hop.enforcer,
    ...(hop.direction ? { direction: hop.direction } : {}),
    outcome: hop.outcome,
    by: byJson(hop.by, language),
    because: hop.because.map(text => text[language]),
    nearMisses: hop.nearMisses.map(({ rule, failed }) => ({ ...byJson(rule, language), failed: failed[language] })),
    unmodelled: hop.unmodelled.map(fault => reportFault(fault, language)),
    ...(hop.fidelity ? { fidelity: hop.fidelity } : {}),
    ...(hop.flip
      ? { flip: { ...hop.flip, object: byJson(hop.flip.object, language), text: hop.flip.text[language] } }
      : {}),
  };
}

const DONE = {
  connections: { en: 'connections passed: {count}', zh: '放行 {count} 个连接' },
  redirected: { en: 'connections handed to the proxy of requests: {count}', zh: '{count} 个连接转至请求代理' },
  packets: { en: 'packets refused: {count}', zh: '拒绝 {count} 个数据包' },
  requests: { en: 'requests passed: {count}', zh: '放行 {count} 个请求' },
  refused: { en: 'requests refused: {count}', zh: '拒绝 {count} 个请求' },
} as const;
/** Refusals that no policy rule makes. */
const REASONS = new Map([
  [132, { en: 'the source is not the sender', zh: '源地址与发送方不符' }],
  [160, { en: 'the pod was not known yet', zh: '当时尚不知道该 Pod' }],
]);

function doneBy({ verdict, isRequest }: SeenSide): (typeof DONE)[keyof typeof DONE] {
  if (verdict === 'dropped') return isRequest ? DONE.refused : DONE.packets;
  if (verdict === 'redirected') return DONE.redirected;
  return isRequest ? DONE.requests : DONE.connections;
}

const timeOf = (ms: number): string => new Date(ms).toISOString();

function seenJson({ sides, disagrees, kept, why }: Seen, language: Language): Record<string, unknown> {
  return {
    ...(why ? { why: why[language] } : {}),
    sides: sides.map(({ direction, verdict, by, dropReason, isRequest, count, last_ms }) => ({
      direction,
      verdict,
      of: isRequest ? 'requests' : verdict === 'dropped' ? 'packets' : 'connections',
      ...(by === undefined ? {} : { by: by === 'default' ? { default: WORDS[language].noRule } : by }),
      ...(dropReason === 0 ? {} : { dropReason }),
      count,
      last: timeOf(last_ms),
    })),
    disagrees: disagrees.map(text => text[language]),
    ...(kept ? { kept } : {}),
  };
}

function sideText(side: SeenSide, language: Language): string {
  const words = WORDS[language];
  const { by, direction, count, last_ms, dropReason } = side;
  const rule =
    by === undefined || by === 'default'
      ? by && words.noRule
      : `${by.kind} ${by.namespace ? `${by.namespace}/` : ''}${by.name} ${by.rule}`;
  const told = [
    doneBy(side)[language].replace('{count}', String(count)),
    ...(rule === undefined ? [] : [`${words.by} ${REASONS.get(dropReason)?.[language] ?? rule}`]),
    words.last.replace('{at}', timeOf(last_ms)),
  ];
  return `    ${words[direction]}: ${told.join(', ')}`;
}

/** What was seen, under the decision. */
function seenText({ sides, disagrees, kept, why }: Seen, language: Language): string[] {
  const words = WORDS[language];
  if (!kept) return [`${words.seen}: ${why?.[language] ?? ''}`];
  const told = [
    ...(sides.length > 0
      ? sides.map(side => sideText(side, language))
      : [`    ${words.never.replace('{flows}', String(kept.flows))}`]),
    ...(kept.forgotten > 0 ? [`    ${words.forgotten.replace('{forgotten}', String(kept.forgotten))}`] : []),
    ...(kept.silent.length > 0 ? [`    ${words.silent.replace('{nodes}', kept.silent.join(', '))}`] : []),
    ...disagrees.map(text => `    ${words.disagrees}: ${text[language]}`),
  ];
  return [words.seen, ...told];
}

/** The JSON of CONTRACTS, "tenon why"; with `seen` where what runs was asked about. */
export function journeyJson({ outcome, hops, fix, seen }: Journey, language: Language): Record<string, unknown> {
  return {
    outcome,
    ...(fix
      ? { fix: fix.map(edit => ({ ...edit, object: byJson(edit.object, language), text: edit.text[language] })) }
      : {}),
    hops: hops.map(hop => answerJson(hop, language)),
    ...(seen ? { seen: seenJson(seen, language) } : {}),
  };
}

const indented = (text: string): string => text.trim().replaceAll(/\n\s*/g, '\n      ');

function unmodelledText(fault: Fault, language: Language): string {
  const { message, where } = reportFault(fault, language);
  return where ? `${message}  ${where}` : message;
}

function hopText(hop: Answer, language: Language): string[] {
  const words = WORDS[language];
  const traffic = hop.layer === 'network';
  const end = hop.direction === 'egress' ? words.from : words.to;
  const side = hop.direction ? `, ${traffic ? words[hop.direction] : end}` : '';
  const by =
    'default' in hop.by
      ? hop.by.default[language]
      : `${hop.by.kind} ${hop.by.namespace ? `${hop.by.namespace}/` : ''}${hop.by.name}${hop.by.rule ? ` ${hop.by.rule}` : ''}`;
  const where = 'default' in hop.by || !hop.by.where ? '' : `  ${formatOrigin(hop.by.where)}`;
  return [
    `${MARK[hop.outcome]} ${hop.enforcer}${side}`,
    `    ${words.by} ${by}${where}`,
    ...hop.because.filter(text => text[language] !== by).map(text => `    ${indented(text[language])}`),
    ...(hop.outcome === 'allow'
      ? []
      : hop.nearMisses.map(
          ({ rule, failed }) =>
            `    ${words.near}: ${rule.kind} ${rule.name}${rule.rule ? ` ${rule.rule}` : ''}: ${failed[language]}`,
        )),
    ...hop.unmodelled.map(fault => `    ${words.unmodelled}: ${unmodelledText(fault, language)}`),
    ...(hop.fidelity?.length
      ? [`    ${words.fields}: ${hop.fidelity.map(({ path, level }) => `${path} ${level}`).join(', ')}`]
      : []),
    ...(hop.flip && hop.outcome !== 'allow' ? [`    ${words.flip}: ${hop.flip.text[language]}`] : []),
  ];
}

/** For people. */
export function journeyText(journey: Journey, language: Language): string {
  const { fix = [] } = journey;
  return [
    WORDS[language][journey.outcome],
    ...journey.hops.flatMap(hop => hopText(hop, language)),
    ...(fix.length > 1 ? [WORDS[language].fix, ...fix.map(edit => `    ${edit.text[language]}`)] : []),
    ...(journey.seen ? seenText(journey.seen, language) : []),
  ].join('\n');
}

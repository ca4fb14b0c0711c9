import { type Answer, type Fault, formatSpan, type Language, type Origin, reportFault } from '../base/index.ts';
import type { Journey } from './model.ts';

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

/** The JSON of CONTRACTS, "tenon why". */
export function journeyJson({ outcome, hops, fix }: Journey, language: Language): Record<string, unknown> {
  return {
    outcome,
    ...(fix
      ? { fix: fix.map(edit => ({ ...edit, object: byJson(edit.object, language), text: edit.text[language] })) }
      : {}),
    hops: hops.map(hop => answerJson(hop, language)),
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
  ].join('\n');
}

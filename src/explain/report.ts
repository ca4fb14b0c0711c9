import { type Answer, formatSpan, type Language, type Origin, reportFault } from '../base/index.ts';
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

/** The JSON of CONTRACTS, "tenon why". */
export function journeyJson({ outcome, hops }: Journey, language: Language): Record<string, unknown> {
  return {
    outcome,
    hops: hops.map(hop => ({
      layer: hop.layer,
      enforcer: hop.enforcer,
      ...(hop.direction ? { direction: hop.direction } : {}),
      outcome: hop.outcome,
      by: byJson(hop.by, language),
      because: hop.because.map(text => text[language]),
      nearMisses: hop.nearMisses.map(({ rule, failed }) => ({ ...byJson(rule, language), failed: failed[language] })),
      unmodelled: hop.unmodelled.map(fault => reportFault(fault, language)),
      ...(hop.flip
        ? { flip: { ...hop.flip, object: byJson(hop.flip.object, language), text: hop.flip.text[language] } }
        : {}),
    })),
  };
}

function hopText(hop: Answer, language: Language): string[] {
  const words = WORDS[language];
  const side = hop.direction ? `, ${words[hop.direction]}` : '';
  const by =
    'default' in hop.by
      ? hop.by.default[language]
      : `${hop.by.kind} ${hop.by.namespace ? `${hop.by.namespace}/` : ''}${hop.by.name}${hop.by.rule ? ` ${hop.by.rule}` : ''}`;
  const where = 'default' in hop.by || !hop.by.where ? '' : `  ${formatOrigin(hop.by.where)}`;
  return [
    `${MARK[hop.outcome]} ${hop.enforcer}${side}`,
    `    ${words.by} ${by}${where}`,
    ...hop.because.map(text => `    ${text[language]}`),
    ...(hop.outcome === 'allow'
      ? []
      : hop.nearMisses.map(
          ({ rule, failed }) =>
            `    ${words.near}: ${rule.kind} ${rule.name}${rule.rule ? ` ${rule.rule}` : ''}: ${failed[language]}`,
        )),
    ...hop.unmodelled.map(fault => `    ${words.unmodelled}: ${reportFault(fault, language).message}`),
    ...(hop.flip && hop.outcome !== 'allow' ? [`    ${words.flip}: ${hop.flip.text[language]}`] : []),
  ];
}

/** For people. */
export function journeyText(journey: Journey, language: Language): string {
  return [WORDS[language][journey.outcome], ...journey.hops.flatMap(hop => hopText(hop, language))].join('\n');
}

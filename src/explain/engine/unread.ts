import type { Answer, Text } from '../../base/index.ts';
import { bears, type Concern } from '../dialects/bearing.ts';
import type { Documents, UnreadKind } from '../model.ts';

const both = (en: string, zh: string): Text => ({ en, zh });
const UNREAD = both('Objects that may not or cannot be read may decide otherwise', '无权或无法读取的对象可能改变结果');

/** Kinds nobody could read that bear on one of these concerns. */
export const unreadFor = ({ unread = [] }: Documents, concerns: readonly Concern[]): readonly UnreadKind[] =>
  unread.filter(kind => concerns.some(concern => bears(kind, concern)));

/** An unknown hop where objects that could change the answer were kept from who asks; none where they bear on nothing asked. */
export function unreadHop(documents: Documents, ...concerns: readonly Concern[]): Answer[] {
  const kinds = unreadFor(documents, concerns);
  if (kinds.length === 0) return [];
  const base = { layer: 'api', enforcer: 'access', because: [], nearMisses: [] } as const;
  return [{ ...base, outcome: 'unknown', by: { default: UNREAD }, unmodelled: kinds.map(({ fault }) => fault) }];
}

import type { Answer, Fault, Text } from '../../base/index.ts';
import { bears, type Concern } from '../dialects/bearing.ts';
import type { Documents, UnreadKind } from '../model.ts';

const both = (en: string, zh: string): Text => ({ en, zh });
const UNREAD = both('Objects that may not or cannot be read may decide otherwise', '无权或无法读取的对象可能改变结果');

/** Kinds nobody could read that bear on one of these concerns. */
export const unreadFor = ({ unread = [] }: Documents, concerns: readonly Concern[]): readonly UnreadKind[] =>
  unread.filter(kind => concerns.some(concern => bears(kind, concern)));

/** An unknown hop where objects that could change the answer were kept from who asks; none where they bear on nothing asked. */
function unreadHop(documents: Documents, ...concerns: readonly Concern[]): Answer[] {
  const kinds = unreadFor(documents, concerns);
  if (kinds.length === 0) return [];
  const base = { layer: 'api', enforcer: 'access', because: [], nearMisses: [] } as const;
  return [{ ...base, outcome: 'unknown', by: { default: UNREAD }, unmodelled: kinds.map(({ fault }) => fault) }];
}

/** Faults behind which objects may stand that nobody has seen. */
const UNSEEN = /^decode\/|^delivery\/(file-too-large|kustomize-failed|chart-failed)$/;

/** Why documents could not be read or built: any of them may hold the object that decides. */
export const unseenFaults = ({ faults = [] }: Documents): readonly Fault[] =>
  faults.filter(({ code }) => UNSEEN.test(code));

/** Unknown hops for documents that could not be read, and for objects that were kept from who asks. */
export const unseenHops = (documents: Documents, ...concerns: readonly Concern[]): Answer[] => [
  ...brokenHop(documents),
  ...unreadHop(documents, ...concerns),
];

/** An unknown hop where documents could not be read. */
export function brokenHop(documents: Documents): Answer[] {
  const unmodelled = unseenFaults(documents);
  if (unmodelled.length === 0) return [];
  const text = both('Documents that could not be read may decide otherwise', '无法读取的文档可能改变结果');
  const base = { layer: 'delivery', enforcer: 'documents', because: [], nearMisses: [] } as const;
  return [{ ...base, outcome: 'unknown', by: { default: text }, unmodelled }];
}

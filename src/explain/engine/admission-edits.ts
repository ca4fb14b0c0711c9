import type { Answer, DecidedByRule, Edit, Text } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import { applyEdit } from '../../network/index.ts';
import { softenings } from '../dialects/softenings.ts';
import { Prepared } from './prepared.ts';

const both = (en: string, zh: string): Text => ({ en, zh });
const VERBS = { set: '设置', remove: '删除', add: '添加' } as const;

export interface Change {
  readonly object: KubeObject;
  readonly path: string;
  readonly action: 'set' | 'remove' | 'add';
  readonly value?: unknown;
}

/** Documents with one object changed. */
export function changed(prepared: Prepared, { object, path, action, value }: Change): Prepared | undefined {
  const edited = applyEdit(object, { path, action, ...(value === undefined ? {} : { value }) });
  if (!edited) return undefined;
  const { documents, ports } = prepared;
  const objects = documents.objects.map(each => (each === object ? edited : each));
  return new Prepared({ ...documents, objects }, ports);
}

export function editOf(prepared: Prepared, { object, path, action, value }: Change): Edit {
  const by: DecidedByRule = prepared.ruleOf(object, undefined, path);
  const name = `${object.kind} ${by.namespace ? `${by.namespace}/` : ''}${by.name}`;
  const shown = value === undefined ? '' : ` ${JSON.stringify(value)}`;
  return {
    object: by,
    path,
    action,
    ...(value === undefined ? {} : { value }),
    text: both(`In ${name}: ${action} ${path}${shown}`, `在 ${name} 中:${VERBS[action]} ${path}${shown}`),
  };
}

/** The first edit after which the same admission lets the object in. */
function findFlip(prepared: Prepared, object: KubeObject, answer: Answer): Edit | undefined {
  if ('default' in answer.by) return undefined;
  for (const change of softenings(answer.by, object, prepared.kinds)) {
    const again = changed(prepared, change);
    if (!again) continue;
    const same = again.documents.objects[prepared.documents.objects.indexOf(object)] ?? object;
    if (again.rehearsal.admitWorkload(same).answer.outcome === 'allow') return editOf(prepared, change);
  }
  return undefined;
}

const told = new WeakMap<Prepared, Map<KubeObject, Answer>>();

/** What admission says of a workload, with the smallest edit that would let it in. */
export function admissionHop(prepared: Prepared, object: KubeObject): Answer {
  const known = told.get(prepared) ?? new Map<KubeObject, Answer>();
  told.set(prepared, known);
  let answer = known.get(object);
  if (answer) return answer;
  answer = prepared.rehearsal.admitWorkload(object).answer;
  const flip = answer.outcome === 'deny' ? findFlip(prepared, object, answer) : undefined;
  if (flip) answer = { ...answer, flip };
  known.set(object, answer);
  return answer;
}

import { fields, list, text } from './read.ts';

/** Where a constraint is enforced: the admission step, the audit, the command line, exported admission policies. */
export type EnforcementPoint =
  | 'validation.gatekeeper.sh'
  | 'audit.gatekeeper.sh'
  | 'gator.gatekeeper.sh'
  | 'vap.k8s.io';

/** What a constraint asks for at one point. */
export interface Enforcement {
  /** `spec.enforcementAction` as written, `deny` where nothing is. */
  readonly action: string;
  /** Actions at the point when the action is `scoped`. */
  readonly scoped: readonly string[];
}

/** Reads the actions of a constraint at a point; undefined where it is not enforced there. */
export function enforcementAt(spec: unknown, point: EnforcementPoint): Enforcement | undefined {
  const action = text(fields(spec).enforcementAction) || 'deny';
  if (action !== 'scoped') return { action, scoped: [] };
  const scoped: string[] = [];
  for (const each of list(fields(spec).scopedEnforcementActions)) {
    const names = list(fields(each).enforcementPoints).map(one => text(fields(one).name));
    const name = text(fields(each).action);
    if ((names.includes(point) || names.includes('*')) && !scoped.includes(name)) scoped.push(name);
  }
  return scoped.length === 0 ? undefined : { action, scoped };
}

/** Every action that is in force: the scoped ones, or the one. */
export const actionsOf = ({ action, scoped }: Enforcement): readonly string[] =>
  action === 'scoped' ? scoped : [action];

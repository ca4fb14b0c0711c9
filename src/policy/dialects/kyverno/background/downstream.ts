import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import { plainKind } from '../kinds.ts';
import { resourceOf, type Review, textAt } from '../model.ts';

const PREFIX = 'generate.kyverno.io/';
const LABEL_LENGTH_MAX = 63;

/** Which rule made an object for which trigger: what its labels say (Kyverno, "Generate Rules", labels). */
export interface Origin {
  readonly policy: string;
  readonly policyNamespace: string;
  readonly rule: string;
  readonly trigger: string;
  readonly triggerKind: string;
  readonly triggerNamespace: string;
  readonly triggerApiVersion: string;
}

/** The labels a generated object carries. */
export function originLabels(policy: JsonObject, rule: string, review: Review): Record<string, string> {
  const resource = resourceOf(review);
  const { group, version, kind } = review.kind;
  const said: Record<string, string> = {
    'policy-name': textAt(policy, 'metadata', 'name'),
    'policy-namespace': textAt(policy, 'metadata', 'namespace'),
    'rule-name': rule,
    'trigger-group': group,
    'trigger-version': version,
    'trigger-kind': kind,
    'trigger-namespace': textAt(resource, 'metadata', 'namespace'),
    'trigger-uid': textAt(resource, 'metadata', 'uid'),
  };
  const labels: Record<string, string> = { 'app.kubernetes.io/managed-by': 'kyverno' };
  for (const [name, value] of Object.entries(said)) labels[PREFIX + name] = value.slice(0, LABEL_LENGTH_MAX);
  return labels;
}

/** Reads the labels back; undefined for what no rule made. */
export function originOf(object: JsonObject | undefined): Origin | undefined {
  const metadata = object?.metadata;
  const labels = isObject(metadata) && isObject(metadata.labels) ? metadata.labels : undefined;
  if (labels === undefined || labels[`${PREFIX}policy-name`] === undefined) return undefined;
  const label = (name: string): string => String(labels[PREFIX + name] ?? '');
  const group = label('trigger-group');
  const version = label('trigger-version');
  return {
    policy: label('policy-name'),
    policyNamespace: label('policy-namespace'),
    rule: label('rule-name'),
    trigger: label('trigger-uid'),
    triggerKind: label('trigger-kind'),
    triggerNamespace: label('trigger-namespace'),
    triggerApiVersion: group === '' ? version : `${group}/${version}`,
  };
}

export const isOf = (origin: Origin, policy: JsonObject, rule?: string): boolean =>
  origin.policy === textAt(policy, 'metadata', 'name').slice(0, LABEL_LENGTH_MAX) &&
  origin.policyNamespace === textAt(policy, 'metadata', 'namespace') &&
  (rule === undefined || origin.rule === rule.slice(0, LABEL_LENGTH_MAX));

/** How one rule of a policy, or a GeneratingPolicy as a whole, generates. */
export interface Generator {
  readonly rule: string;
  readonly synchronize: boolean;
  readonly existing: boolean;
  /** Generated objects stay when the policy goes. */
  readonly orphan: boolean;
  /** Copies of other objects, not data of the rule's own. */
  readonly clones: boolean;
  readonly serverSideApply: boolean;
  /** What it says, to tell when it says something else. */
  readonly words: string;
  /** What it made under other words goes when these make something else. */
  readonly whole: boolean;
  /** Requests of the background controller itself are no triggers. */
  readonly skipsBackground: boolean;
}

const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});
const rulesOf = (policy: JsonObject): readonly JsonObject[] => {
  const { rules } = fields(policy.spec);
  return Array.isArray(rules) ? rules.filter(isObject) : [];
};

/** The generators of a policy of either API. */
export function generatorsOf(policy: JsonObject): readonly Generator[] {
  const spec = fields(policy.spec);
  const kind = plainKind(String(policy.kind));
  if (kind === 'GeneratingPolicy') {
    const evaluation = fields(spec.evaluation);
    const enabled = (name: string): boolean => fields(evaluation[name]).enabled === true;
    return [
      {
        rule: textAt(policy, 'metadata', 'name'),
        synchronize: enabled('synchronize'),
        existing: enabled('generateExisting'),
        orphan: enabled('orphanDownstreamOnPolicyDelete'),
        clones: false,
        words: JSON.stringify(spec),
        whole: true,
        serverSideApply: evaluation.useServerSideApply === true || spec.useServerSideApply === true,
        skipsBackground: evaluation.skipBackgroundRequests !== false,
      },
    ];
  }
  return rulesOf(policy)
    .filter(rule => isObject(rule.generate))
    .map(rule => {
      const body = rule.generate as JsonObject;
      const parts = [body, ...(Array.isArray(body.foreach) ? body.foreach.filter(isObject) : [])];
      return {
        rule: String(rule.name),
        synchronize: body.synchronize === true,
        existing: (body.generateExisting ?? spec.generateExisting ?? spec.generateExistingOnPolicyUpdate) === true,
        orphan: body.orphanDownstreamOnPolicyDelete === true,
        clones: parts.some(part => isObject(part.clone) || isObject(part.cloneList)),
        words: JSON.stringify(body),
        whole: false,
        serverSideApply: spec.useServerSideApply === true,
        skipsBackground: rule.skipBackgroundRequests !== false,
      };
    });
}

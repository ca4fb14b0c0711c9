import type { DecidedByRule } from '../../base/index.ts';
import type { KubeObject } from '../../kernel/index.ts';

/** An edit that might let an object in. */
interface Softening {
  readonly object: KubeObject;
  readonly path: string;
  readonly action: 'set' | 'remove' | 'add';
  readonly value?: unknown;
}

type Kinds = (kind: string) => readonly KubeObject[];
type Fields = Readonly<Record<string, unknown>>;
const fields = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
const PSA = 'pod-security.kubernetes.io/enforce';

/** Rules of a rule-based policy: by name, or all. */
function ruleChanges(object: KubeObject, rule: string | undefined): Softening[] {
  const { rules } = fields(object.spec);
  const list = Array.isArray(rules) ? rules : [];
  const at = list.findIndex(entry => fields(entry).name === rule);
  const action =
    at < 0
      ? []
      : [{ object, path: `/spec/rules/${at}/validate/failureAction`, action: 'set', value: 'Audit' } as const];
  const gone = at < 0 || list.length < 2 ? [] : [{ object, path: `/spec/rules/${at}`, action: 'remove' } as const];
  return [...action, { object, path: '/spec/validationFailureAction', action: 'set', value: 'Audit' }, ...gone];
}

/** Names what a namespace asks of pods, least strict last. */
function levelChanges(object: KubeObject): Softening[] {
  const path = `/metadata/labels/${PSA.replace('/', '~1')}`;
  const now = object.metadata.labels?.[PSA];
  const levels = now === 'restricted' ? ['baseline', 'privileged'] : ['privileged'];
  return levels.map(value => ({ object, path, action: 'set', value }));
}

function quotaChanges(object: KubeObject): Softening[] {
  const hard = fields(fields(object.spec).hard);
  return Object.keys(hard).map(name => ({
    object,
    path: `/spec/hard/${name.replaceAll('/', '~1')}`,
    action: 'remove',
  }));
}

function webhookChanges(object: KubeObject, rule: string | undefined): Softening[] {
  const webhooks = Array.isArray(object.webhooks) ? (object.webhooks as Fields[]) : [];
  const at = webhooks.findIndex(({ name }) => name === rule);
  return at < 0 ? [] : [{ object, path: `/webhooks/${at}/failurePolicy`, action: 'set', value: 'Ignore' }];
}

/** Edits of what refused, the smallest first: told instead of refused, then without the rule. */
export function softenings(by: DecidedByRule, refused: KubeObject, kinds: Kinds): Softening[] {
  const object = kinds(by.kind).find(
    ({ metadata }) => metadata.name === by.name && (by.namespace === undefined || metadata.namespace === by.namespace),
  );
  const bindings = kinds(`${by.kind}Binding`).filter(({ spec }) => fields(spec).policyName === by.name);
  if (bindings.length > 0)
    return bindings.map(binding => ({
      object: binding,
      path: '/spec/validationActions',
      action: 'set',
      value: ['Audit'],
    }));
  if (!object) return [];
  if (by.kind === 'Namespace') return levelChanges(object);
  if (by.kind === 'ResourceQuota') return quotaChanges(object);
  if (by.kind.endsWith('WebhookConfiguration')) return webhookChanges(object, by.rule);
  if (by.kind === 'ClusterPolicy' || by.kind === 'Policy') return ruleChanges(object, by.rule);
  if (object.apiVersion.startsWith('constraints.gatekeeper.sh/'))
    return [{ object, path: '/spec/enforcementAction', action: 'set', value: 'dryrun' }];
  return [{ object, path: '/spec/validationActions', action: 'set', value: ['Audit'] }].filter(
    () => refused !== object,
  ) as Softening[];
}

/** API groups whose objects say what may come in. */
export const GATE_GROUPS = /^admissionregistration\.k8s\.io$|(^|\.)(gatekeeper\.sh|kyverno\.io)$/;

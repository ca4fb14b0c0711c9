import { type Answer, seededRandom, type Text } from '../../base/index.ts';
import {
  type AdmissionAttributes,
  type AdmissionStep,
  builtinCatalog,
  defaultObject,
  type KindRef,
  kindOf,
  type KubeObject,
  type ResourceCatalog,
  type ResourceDefinition,
  schemaOf,
  StatusError,
} from '../../kernel/index.ts';
import { limitRanger } from '../../kernel/admission/plugins/limit-ranger.ts';
import { priority } from '../../kernel/admission/plugins/priority.ts';
import { resourceQuota } from '../../kernel/admission/plugins/resource-quota.ts';
import { serviceAccount } from '../../kernel/admission/plugins/service-account.ts';
import {
  type CompiledPolicy,
  equivalentsOf,
  explain as explainPolicies,
  judge,
  judgePodSecurity,
  type PolicyAnswer,
  type PolicyDialect,
  policyRequest,
  type PolicySource,
  policyStep,
  type PolicyWorld,
} from '../../policy/index.ts';
import type { Documents } from '../model.ts';
import { differences } from './differences.ts';
import { documentLedger, namespaceOf, wantedPods } from './ledger.ts';
import { askWebhooks } from './webhooks.ts';
import { podFrom } from './workload.ts';

const both = (en: string, zh: string): Text => ({ en, zh });
const NEAR_MAX = 10;
const SEED = 1;
/** Pods that quotas are asked about at once. */
const EXTRA_MAX = 1000;
const ENDED: ReadonlySet<unknown> = new Set(['Succeeded', 'Failed']);
const HOP = { layer: 'policy', enforcer: 'admission' } as const;

/** What admission makes of one object: its answers, the object as it would be stored, and what policies changed in it. */
export interface Admitted {
  readonly answer: Answer;
  readonly object: KubeObject;
  /** Pointers that policies and defaults of the namespace set. */
  readonly mutated: readonly string[];
}

export type Kinds = (kind: string) => readonly KubeObject[];

/** Admission as a set of documents would have it: the steps that a running Tenon takes, over documents. */
export class Rehearsal {
  readonly documents: Documents;
  readonly kinds: Kinds;
  readonly dialects: readonly PolicyDialect[];
  readonly #catalog: ResourceCatalog = builtinCatalog();
  #source: PolicySource | undefined;
  readonly #pods = new Map<string, readonly KubeObject[]>();

  constructor(documents: Documents, kinds: Kinds, dialects: readonly PolicyDialect[]) {
    this.documents = documents;
    this.kinds = kinds;
    this.dialects = dialects;
  }

  get source(): PolicySource {
    return (this.#source ??= this.#openPolicies());
  }

  /** Everything that has a say in creating this object, quotas counting the pods beside it. What a cluster holds already was admitted. */
  admit(object: KubeObject, beside: readonly KubeObject[] = []): Admitted {
    const definition = this.#catalog.kind(kindOf(object));
    if (this.documents.live && object.metadata.uid !== undefined)
      return {
        answer: said('allow', both('It is there: it was admitted', '对象已存在:已被准入')),
        object,
        mutated: [],
      };
    if (!definition) return { answer: said('allow', NO_POLICY), object, mutated: [] };
    const attributes = this.#attributes(object, definition);
    if (definition.schema) defaultObject(definition.schema, attributes.object!);
    const defaulted = structuredClone(attributes.object!);
    const answer = this.#run(attributes, definition, beside);
    const stored = attributes.object!;
    return {
      answer,
      object: stored,
      get mutated() {
        return differences(defaulted, stored);
      },
    };
  }

  /** What makes pods, then a pod of it: the first that is refused is the answer. */
  admitWorkload(object: KubeObject): Admitted {
    const own = this.admit(object);
    if (own.answer.outcome !== 'allow' || object.kind === 'Pod') return own;
    const pod = podFrom(own.object);
    if (!pod || (this.documents.live && object.metadata.uid !== undefined)) return own;
    const made = this.admit(pod);
    const told = made.answer.outcome !== 'allow' || 'default' in own.answer.by;
    return told ? made : { ...own, mutated: [...own.mutated, ...made.mutated] };
  }

  /** Pods that a controller of a cluster would make beside all that are there: whether the last of `count` gets in. */
  admitPods(pod: KubeObject, count: number): Answer {
    const extra = Array.from({ length: Math.min(count, EXTRA_MAX) - 1 }, () => pod);
    const namespace = pod.metadata.namespace ?? 'default';
    const there = this.kinds('Pod').filter(
      ({ metadata, status }) =>
        (metadata.namespace ?? 'default') === namespace && !ENDED.has((status as { phase?: string })?.phase),
    );
    return this.admit(pod, [...there, ...extra]).answer;
  }

  /** What policies and the level of the namespace find in an object that is there, enforced or only noted. */
  standing(object: KubeObject): readonly PolicyAnswer[] {
    const definition = this.#catalog.kind(kindOf(object));
    if (!definition) return [];
    const attributes = this.#attributes(object, definition);
    if (definition.schema) defaultObject(definition.schema, attributes.object!);
    const security = object.kind === 'Pod' ? podSecurity(attributes, this.documents) : undefined;
    const { found } = judge(this.source, policyRequest(attributes));
    const own = found.map(answer => this.#placed(answer));
    if (!security) return own;
    const message = security.because[0]?.en ?? '';
    return [...own, { ...security, actions: ['deny'], message, reason: 'Forbidden', code: 403, refusal: message }];
  }

  #attributes(object: KubeObject, definition: ResourceDefinition): AdmissionAttributes {
    const namespace = object.metadata.namespace ?? 'default';
    return {
      operation: 'CREATE',
      definition,
      subresource: '',
      key: { name: object.metadata.name ?? '', ...(definition.namespaced ? { namespace } : {}) },
      object: structuredClone(object),
      oldObject: undefined,
      user: REQUESTER,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
      namespaceObject: definition.namespaced ? namespaceOf(this.kinds, namespace) : undefined,
      warnings: [],
    };
  }

  #run(attributes: AdmissionAttributes, definition: ResourceDefinition, beside: readonly KubeObject[]): Answer {
    const ledger = documentLedger(this.kinds, this.#catalog, this.documents.live === true, () => []);
    const isPod = definition.resource === 'pods' && definition.group === '';
    const policies = policyStep(this.source);
    const before = isPod ? [limitRanger(ledger), serviceAccount(ledger, seededRandom(SEED)), priority(ledger)] : [];
    for (const step of [...before, policies]) {
      const refusal = attempt(() => step.mutate?.(attributes));
      if (refusal) return this.#refused(step, refusal, attributes);
      if (definition.schema) defaultObject(definition.schema, attributes.object!);
    }
    const range = isPod ? attempt(() => before[0]!.validate?.(attributes)) : undefined;
    if (range) return this.#refused(before[0]!, range, attributes);
    const security = isPod ? podSecurity(attributes, this.documents) : undefined;
    if (security) return security;
    const refusal = attempt(() => policies.validate?.(attributes));
    if (refusal) return this.#refused(policies, refusal, attributes);
    const told = this.#told(attributes);
    if (told.outcome !== 'allow') return told;
    const asked = askWebhooks(attributes, this.documents, this.kinds);
    if (asked && asked.outcome !== 'allow') return asked;
    const quota = this.#quota(attributes, definition, beside);
    return quota ?? (asked ? { ...asked, because: [...asked.because, ...told.because] } : told);
  }

  /** The verdicts of policies one by one, as the answer of this hop. */
  #told(attributes: AdmissionAttributes): Answer {
    const answers = this.#policyAnswers(attributes);
    const open = answers.find(answer => answer.outcome === 'unknown') ?? answers[0];
    const because = answers
      .filter(answer => answer.outcome === 'deny')
      .map(answer => both(`Not refused, noted: ${answer.message}`, `未拒绝,仅记录:${answer.message}`));
    const deny = open?.outcome === 'deny';
    return {
      ...HOP,
      outcome: open?.outcome === 'unknown' ? 'unknown' : 'allow',
      by: open?.by ?? { default: NO_POLICY },
      because: deny ? because : [...(open?.because ?? []), ...because],
      nearMisses: (answers[0]?.nearMisses ?? []).slice(0, NEAR_MAX),
      unmodelled: answers.flatMap(answer => answer.unmodelled),
    };
  }

  #policyAnswers(attributes: AdmissionAttributes): readonly PolicyAnswer[] {
    return explainPolicies(policyRequest(attributes), this.source).map(answer => this.#placed(answer));
  }

  /** An answer with the place its policy was written at. */
  #placed(answer: PolicyAnswer): PolicyAnswer {
    const { by } = answer;
    if ('default' in by || by.where?.span) return answer;
    const object = this.kinds(by.kind).find(
      ({ metadata }) =>
        metadata.name === by.name && (by.namespace === undefined || metadata.namespace === by.namespace),
    );
    // `spec.validations[0]` names a place in the object.
    const inside = by.rule?.startsWith('spec.')
      ? `/${by.rule.replaceAll(/[.[]/g, '/').replaceAll(']', '')}`
      : undefined;
    const where = object && this.documents.originOf(object, inside);
    return where ? { ...answer, by: { ...by, where } } : answer;
  }

  #refused(step: AdmissionStep, refusal: StatusError, attributes: AdmissionAttributes): Answer {
    const said = both(refusal.message, refusal.message);
    if (step.name !== 'Policy')
      return { ...HOP, ...NONE, outcome: 'deny', by: { default: named(step) }, because: [said] };
    const denying = this.#policyAnswers(attributes).find(
      answer => answer.outcome === 'deny' && answer.actions.includes('deny'),
    );
    const { by, nearMisses, unmodelled } = denying ?? { by: { default: said }, nearMisses: [], unmodelled: [] };
    return { ...HOP, outcome: 'deny', by, because: [said], nearMisses: nearMisses.slice(0, NEAR_MAX), unmodelled };
  }

  /** In a folder nobody knows which pods come first: what does not fit alone is refused, what does not fit with all the others may be. */
  #quota(
    attributes: AdmissionAttributes,
    definition: ResourceDefinition,
    beside: readonly KubeObject[],
  ): Answer | undefined {
    const namespace = attributes.key.namespace;
    if (namespace === undefined) return undefined;
    const quotas = this.kinds('ResourceQuota').filter(
      ({ metadata }) => (metadata.namespace ?? 'default') === namespace,
    );
    if (quotas.length === 0) return undefined;
    const refusalWith = (pods: readonly KubeObject[]): StatusError | undefined => {
      const ledger = documentLedger(this.kinds, this.#catalog, true, () => pods);
      const step = resourceQuota(ledger);
      return step.handles('CREATE', definition, '') ? attempt(() => step.validate?.(attributes)) : undefined;
    };
    const answer = (outcome: 'deny' | 'unknown', refusal: StatusError): Answer => {
      const name = /(?:exceeded|failed) quota: ([^,:]+)/.exec(refusal.message)?.[1];
      const quota = quotas.find(({ metadata }) => metadata.name === name);
      const where = quota && this.documents.originOf(quota, '/spec/hard');
      return {
        ...HOP,
        ...NONE,
        outcome,
        by: { kind: 'ResourceQuota', namespace, name: name ?? '', rule: 'spec.hard', ...(where ? { where } : {}) },
        because: [
          both(refusal.message, refusal.message),
          ...(outcome === 'unknown'
            ? [
                both(
                  'Together the pods ask for more than the quota has: some of them are refused',
                  '所有 Pod 的需求之和超过配额:其中一部分会被拒绝',
                ),
              ]
            : []),
        ],
      };
    };
    const alone = refusalWith(beside);
    if (alone) return answer('deny', alone);
    if (this.documents.live || attributes.definition.kind !== 'Pod') return undefined;
    const others = this.#othersOf(namespace, attributes.object!);
    const together = refusalWith(others);
    return together && answer('unknown', together);
  }

  #othersOf(namespace: string, object: KubeObject): readonly KubeObject[] {
    let pods = this.#pods.get(namespace);
    if (!pods) this.#pods.set(namespace, (pods = wantedPods(this.documents.objects, namespace)));
    const self = pods.findIndex(pod => pod.metadata.name === object.metadata.name);
    return pods.filter((_, index) => index !== self);
  }

  #openPolicies(): PolicySource {
    const types = {
      schemaOf,
      kindOf: (group: string, version: string, resource: string): KindRef | undefined => {
        const found = this.#catalog.resource({ group, version, resource });
        return found && { group, version, kind: found.kind };
      },
    };
    const sets = this.dialects.map(dialect => ({ dialect, set: dialect.open(types) }));
    for (const object of this.documents.objects) {
      const { group } = kindOf(object);
      for (const { dialect, set } of sets)
        if (dialect.resources.some(resource => resource.group === group) || dialect.settings?.isSetting(object))
          set.set(object);
    }
    let policies: readonly CompiledPolicy[] | undefined;
    return {
      policies: () => (policies ??= sets.flatMap(({ set }) => set.policies())),
      world: worldOf(this.kinds),
      equivalent: equivalentsOf(this.#catalog),
    };
  }
}

/** Who delivers: the identity policies see. */
const REQUESTER = { name: 'kubernetes-admin', groups: ['system:masters', 'system:authenticated'] };
const NONE = { nearMisses: [], unmodelled: [] } as const;
const NO_POLICY = both('No policy applies to this write', '没有策略适用于此写入');
const named = (step: AdmissionStep): Text =>
  both(`The admission step ${step.name} of Kubernetes`, `Kubernetes 的准入步骤 ${step.name}`);
const said = (outcome: Answer['outcome'], text: Text): Answer => ({
  ...HOP,
  ...NONE,
  outcome,
  by: { default: text },
  because: [],
});

function attempt(take: () => unknown): StatusError | undefined {
  try {
    take();
    return undefined;
  } catch (error) {
    if (error instanceof StatusError) return error;
    throw error;
  }
}

function worldOf(kinds: Kinds): PolicyWorld {
  const all = (kind: KindRef): readonly KubeObject[] =>
    kinds(kind.kind).filter(object => kindOf(object).group === kind.group);
  return {
    parameter: (kind, namespace, name) =>
      all(kind).find(
        ({ metadata }) => metadata.name === name && (namespace === undefined || metadata.namespace === namespace),
      ),
    *parameters(kind, namespace) {
      for (const object of all(kind)) {
        const own = object.metadata.namespace;
        if (namespace === undefined || own === undefined || own === namespace) yield object;
      }
    },
    authorize: () => ({ allowed: true }),
  };
}

/** Pod Security Admission by the labels of the namespace; only `enforce` refuses. */
function podSecurity({ object, namespaceObject }: AdmissionAttributes, documents: Documents): Answer | undefined {
  const verdicts = judgePodSecurity(namespaceObject?.metadata.labels, object!);
  const refusing = verdicts.find(({ mode, violations }) => mode === 'enforce' && violations.length > 0);
  if (!refusing) return undefined;
  const { level, violations } = refusing;
  const name = namespaceObject?.metadata.name ?? '';
  const label = 'pod-security.kubernetes.io/enforce';
  const declared = documents.objects.find(each => each.kind === 'Namespace' && each.metadata.name === name);
  const where = declared && documents.originOf(declared, `/metadata/labels/${label.replace('/', '~1')}`);
  const fields = violations.map(({ field, value }) => `${field}=${JSON.stringify(value ?? null)}`).join(', ');
  return {
    ...HOP,
    ...NONE,
    outcome: 'deny',
    by: { kind: 'Namespace', name, rule: label, ...(where ? { where } : {}) },
    because: [both(`The pod violates "${level}": ${fields}`, `该 Pod 违反“${level}”级别:${fields}`)],
  };
}

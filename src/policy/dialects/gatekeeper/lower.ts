import { rememberObject } from '../../../base/index.ts';
import type { KindRef, KubeObject } from '../../../kernel/index.ts';
import type {
  AuditedDocument,
  CompiledPolicy,
  PolicyAction,
  PolicyAnswer,
  PolicyAudit,
  PolicyOutcome,
  PolicyRequest,
  PolicyWorld,
} from '../../model.ts';
import { auditObject, type AuditResult, NAMELESS } from './audit.ts';
import { type Constraint, ConstraintSet, Inventory, reviewConstraint } from './constraints.ts';
import { actionsOf, type Enforcement, enforcementAt } from './enforce.ts';
import type { Excluder, Process } from './excluder.ts';
import type { ExpansionSet } from './expansion.ts';
import { isNamespace, readMatch } from './match.ts';
import type { MutatorSet } from './mutations.ts';
import { askingBy, type ProviderSet } from './provider.ts';
import { fields, list, texts } from './read.ts';
import type { ReviewWorld } from './rego.ts';
import { type Review, reviewOfObject, reviewOfRequest } from './review.ts';
import { constraintStatus } from './status.ts';
import { CONSTRAINT_GROUP, readConstraint, type Template } from './template.ts';

/** Subresources the webhook is asked about, besides none (Gatekeeper's webhook rules). */
const SUBRESOURCES = new Set([
  '',
  'ephemeralcontainers',
  'exec',
  'log',
  'eviction',
  'portforward',
  'proxy',
  'attach',
  'binding',
  'scale',
]);
const OPERATIONS = ['CREATE', 'UPDATE'];

/** What decisions need of the set they are part of. */
export interface LowerContext {
  readonly expansions: ExpansionSet;
  readonly excluder: Excluder;
  readonly providers: ProviderSet;
  /** Kinds whose objects are in the inventory. */
  synced(): readonly KindRef[];
}

/** Whether a Config leaves out a request for a process: by its namespace, of a Namespace by its own name. */
function exempt(excluder: Excluder, process: Process, request: PolicyRequest): boolean {
  const isNamespaceKind = request.group === '' && request.kind.kind === 'Namespace';
  const name = isNamespaceKind ? request.name : request.namespace;
  return name !== '' && excluder.excludesNamespace(process, name);
}

/** The kind of a template's constraints. */
export const constraintKind = rememberObject(
  (template: Template): KindRef => ({ group: CONSTRAINT_GROUP, version: 'v1beta1', kind: template.kind }),
);

const isOwn = (request: PolicyRequest): boolean =>
  request.group.endsWith('.gatekeeper.sh') || request.group === 'apiextensions.k8s.io';

/** A template with whatever constraints of it the world has. */
export function lowerTemplate(template: Template, context: LowerContext): CompiledPolicy {
  const constraints = new WeakMap<KubeObject, Constraint | Error>();
  const constraintOf = (object: KubeObject): Constraint | Error => {
    let known = constraints.get(object);
    if (known === undefined) constraints.set(object, (known = open(template, object)));
    return known;
  };
  const target = fields(list(fields(template.object.spec).targets)[0]);
  const operations = texts(target.operations).length > 0 ? texts(target.operations) : OPERATIONS;
  const referential = JSON.stringify(target).includes('data.inventory');
  const passed = outcome(template, []);
  return {
    system: 'gatekeeper',
    kind: 'ConstraintTemplate',
    name: template.name,
    faults: [],
    matches: request =>
      !isOwn(request) &&
      !exempt(context.excluder, 'webhook', request) &&
      SUBRESOURCES.has(request.subresource) &&
      (operations.includes('*') || operations.includes(request.operation)),
    decide: (request, world) => {
      const answers: PolicyAnswer[] = [];
      const asked = {
        inventory: referential ? inventoryOf(context, world) : EMPTY,
        ask: askingBy(world, context.providers),
      };
      for (const object of world.parameters(constraintKind(template), undefined)) {
        const constraint = constraintOf(object);
        if (constraint instanceof Error) continue;
        const enforcement = enforcementOf(object);
        if (enforcement === undefined) continue;
        for (const { review, prefix, action } of reviewsOf(request, context.expansions))
          answers.push(...judge(constraint, review, prefix, action ?? enforcement, asked));
      }
      return answers.length > 0 ? outcome(template, answers) : passed;
    },
  };
}

const EMPTY = new Inventory().value;
const enforcementOf = rememberObject(({ spec }: KubeObject) => enforcementAt(spec, 'validation.gatekeeper.sh'));

function open(template: Template, object: KubeObject): Constraint | Error {
  try {
    const read = readConstraint(template, object);
    return { object: read, template, match: readMatch(fields(read.spec).match) };
  } catch (error) {
    return error as Error;
  }
}

function inventoryOf({ synced, excluder }: LowerContext, world: PolicyWorld): Inventory['value'] {
  const inventory = new Inventory();
  for (const kind of synced())
    for (const object of world.parameters(kind, undefined))
      if (!excluder.excludes('sync', object)) inventory.set(object);
  return inventory.value;
}

interface AskedReview {
  readonly review: Review;
  readonly prefix: string;
  readonly action: Enforcement | undefined;
}

const ownReviews = rememberObject((request: PolicyRequest): readonly AskedReview[] => [
  { review: reviewOfRequest(request), prefix: '', action: undefined },
]);

/** The request's own review, and one for each object it implies. */
function reviewsOf(request: PolicyRequest, expansions: ExpansionSet): Iterable<AskedReview> {
  return request.object === undefined || expansions.size === 0
    ? ownReviews(request)
    : impliedReviews(request, request.object, expansions);
}

function* impliedReviews(
  request: PolicyRequest,
  implying: KubeObject,
  expansions: ExpansionSet,
): Generator<AskedReview> {
  yield* ownReviews(request);
  const namespace = request.namespaceObject ?? (request.namespaced ? undefined : NAMELESS);
  for (const { object, template, enforcementAction } of expansions.expand(implying, namespace)) {
    yield {
      review: reviewOfObject(object, 'Generated', namespace),
      prefix: `[Implied by ${template}] `,
      action: enforcementAction === '' ? undefined : { action: enforcementAction, scoped: [] },
    };
  }
}

const NONE: readonly PolicyAnswer[] = [];
const ACTIONS: Readonly<Record<string, PolicyAction>> = { deny: 'deny', warn: 'warn', dryrun: 'audit' };

function judge(
  constraint: Constraint,
  review: Review,
  prefix: string,
  enforcement: Enforcement,
  world: ReviewWorld,
): readonly PolicyAnswer[] {
  try {
    const violations = reviewConstraint(constraint, review, world);
    if (violations.length === 0) return NONE;
    const actions = actionsOf(enforcement).flatMap(action =>
      Object.hasOwn(ACTIONS, action) ? [ACTIONS[action]!] : [],
    );
    return violations.map(({ message }) => answer(constraint, `${prefix}${message}`, actions, 403));
  } catch (error) {
    // A template that cannot decide refuses, with its reason: never a silent yes.
    return [answer(constraint, `${prefix}${(error as Error).message}`, ['deny'], 500)];
  }
}

function answer(
  { object, template }: Constraint,
  message: string,
  actions: readonly PolicyAction[],
  code: number,
): PolicyAnswer {
  const name = object.metadata.name ?? '';
  return {
    outcome: 'deny',
    layer: 'policy',
    enforcer: template.kind,
    by: { kind: object.kind, name, where: { object: `${object.kind}/${name}` } },
    because: [{ en: message, zh: message }],
    nearMisses: [],
    unmodelled: [],
    actions,
    message,
    reason: code === 403 ? 'Forbidden' : 'InternalError',
    code,
    refusal: `admission webhook "validation.gatekeeper.sh" denied the request: [${name}] ${message}`,
    warning: `[${name}] ${message}`,
  };
}

function outcome(template: Template, answers: readonly PolicyAnswer[]): PolicyOutcome {
  if (answers.length > 0) return { answers, annotations: {} };
  return {
    answers: [
      {
        outcome: 'allow',
        layer: 'policy',
        enforcer: template.kind,
        by: { kind: 'ConstraintTemplate', name: template.name },
        because: [{ en: 'No constraint of this kind is violated', zh: '没有违反该类约束' }],
        nearMisses: [],
        unmodelled: [],
        actions: [],
        message: '',
        reason: '',
        code: 200,
        refusal: '',
      },
    ],
    annotations: {},
  };
}

/** All mutators as one policy: they run until none changes the object any more. */
export function lowerMutators(mutators: MutatorSet, { excluder, providers }: LowerContext): CompiledPolicy {
  return {
    system: 'gatekeeper',
    kind: 'Mutators',
    name: 'mutation.gatekeeper.sh',
    faults: [],
    matches: request =>
      !isOwn(request) &&
      !exempt(excluder, 'mutation-webhook', request) &&
      request.object !== undefined &&
      OPERATIONS.includes(request.operation) &&
      request.subresource === '',
    mutate: (request, world) => {
      const object = request.object!;
      try {
        const namespace = request.namespaced ? request.namespaceObject : undefined;
        return {
          object: mutators.mutate(
            { object, namespace, source: 'Original', username: request.user.name },
            askingBy(world, providers),
          ),
          faults: [],
        };
      } catch (error) {
        const message = (error as Error).message;
        return { object, faults: [mutationFault(message)] };
      }
    },
  };
}

const mutationFault = (message: string): PolicyAnswer => ({
  outcome: 'deny',
  layer: 'policy',
  enforcer: 'Mutators',
  by: { kind: 'Mutators', name: 'mutation.gatekeeper.sh' },
  because: [{ en: message, zh: message }],
  nearMisses: [],
  unmodelled: [],
  actions: ['deny'],
  message,
  reason: 'InternalError',
  code: 500,
  refusal: `admission webhook "mutation.gatekeeper.sh" denied the request: ${message}`,
});

/** What an audit finds: each constraint of the templates with the status it ought to have. */
export function auditTemplates(
  templates: readonly Template[],
  context: LowerContext,
  { objects, world, time }: PolicyAudit,
): AuditedDocument[] {
  const set = new ConstraintSet();
  for (const kind of context.synced())
    for (const object of world.parameters(kind, undefined))
      if (!context.excluder.excludes('sync', object)) set.inventory.set(object);
  for (const object of objects) if (isNamespace(object)) set.inventory.set(object);
  const found = new Map<KubeObject, AuditResult[]>();
  for (const template of templates) {
    set.addTemplate(template);
    for (const object of world.parameters(constraintKind(template), undefined)) {
      if (open(template, object) instanceof Error) continue;
      set.addConstraint(object);
      found.set(object, []);
    }
  }
  const byName = new Map([...found.keys()].map(object => [`${object.kind}/${object.metadata.name}`, object]));
  for (const object of objects) {
    if (context.excluder.excludes('audit', object)) continue;
    for (const result of auditOne(set, context, object, world))
      found.get(byName.get(`${result.constraint.kind}/${result.constraint.metadata.name}`)!)?.push(result);
  }
  return [...found].map(([object, results]) => ({
    object,
    status: constraintStatus(object, results, { id: 'tenon', time }),
  }));
}

/** An object a template cannot decide about is left out of the audit: admission refuses it. */
function auditOne(set: ConstraintSet, context: LowerContext, object: KubeObject, world: PolicyWorld): AuditResult[] {
  try {
    return auditObject(set, context.expansions, object, 'audit.gatekeeper.sh', {
      ask: askingBy(world, context.providers),
    });
  } catch {
    return [];
  }
}

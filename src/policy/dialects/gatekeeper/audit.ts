import type { JsonObject, KubeObject } from '../../../kernel/index.ts';
import { compareText, type ConstraintSet, type Result } from './constraints.ts';
import { type EnforcementPoint } from './enforce.ts';
import type { ExpansionSet } from './expansion.ts';
import { isNamespace } from './match.ts';
import { text } from './read.ts';
import type { ReviewWorld } from './rego.ts';
import { isAdmissionReview, type Review, reviewOfAdmission, reviewOfObject } from './review.ts';

/** A violation with the object it is of; of implied objects, the generator. */
export interface AuditResult extends Result {
  readonly object: KubeObject;
}

/** Objects without a namespace that were expanded are looked at as if in this one. */
const DEFAULT_NAMESPACE: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };

/** The namespace of an object, as far as it was taken in. */
export function namespaceFor(set: ConstraintSet, object: KubeObject): KubeObject | undefined {
  const name = text(object.metadata?.namespace);
  return name === '' || isNamespace(object) ? undefined : set.inventory.namespace(name);
}

/** The namespace generated objects are matched in: their own, as far as it is known; `default` for those that name none. */
export function expansionNamespace(set: ConstraintSet, object: KubeObject): KubeObject | undefined {
  const name = text(object.metadata?.namespace);
  if (name === '' || name === 'default') return set.inventory.namespace('default') ?? DEFAULT_NAMESPACE;
  return set.inventory.namespace(name);
}

function reviewOf(set: ConstraintSet, object: KubeObject): Review {
  if (!isAdmissionReview(object)) return reviewOfObject(object, 'Original', namespaceFor(set, object));
  const request = (object.request ?? {}) as JsonObject;
  const namespace = text(request.namespace);
  const review = reviewOfAdmission(object, namespace === '' ? undefined : set.inventory.namespace(namespace));
  if (typeof review === 'string') throw new Error(review);
  return review;
}

/** Every violation of an object, and of all that it implies. Throws an Error where that cannot be told. */
export function auditObject(
  set: ConstraintSet,
  expansions: ExpansionSet,
  object: KubeObject,
  point: EnforcementPoint,
  world: Partial<ReviewWorld> = {},
): AuditResult[] {
  const review = reviewOf(set, object);
  const results: AuditResult[] = set.review(review, point, world).map(result => ({ ...result, object }));
  const base = review.request.object;
  if (base === undefined || expansions.size === 0) return results;
  for (const resultant of expansions.expand(base, expansionNamespace(set, base))) {
    const implied = reviewOfObject(resultant.object, 'Generated', expansionNamespace(set, resultant.object));
    for (const result of set.review(implied, point, world)) {
      results.push({
        ...result,
        object,
        message: `[Implied by ${resultant.template}] ${result.message}`,
        ...(resultant.enforcementAction === ''
          ? {}
          : { enforcement: { action: resultant.enforcementAction, scoped: [] } }),
      });
    }
  }
  return results;
}

/** All violations of all objects, by message. */
export function auditObjects(
  set: ConstraintSet,
  expansions: ExpansionSet,
  objects: readonly KubeObject[],
  point: EnforcementPoint,
): AuditResult[] {
  return objects
    .flatMap(object => auditObject(set, expansions, object, point))
    .sort((left, right) => compareText(left.message, right.message));
}

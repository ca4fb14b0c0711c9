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

/** `gator test` and expansion look at objects that name no namespace as if they were in one without a name. */
export const NAMELESS: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: '' } };

/** `gator test` knows of one namespace that nobody gave it. */
const DEFAULT: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } };

/** The namespace of an object, as far as it was taken in. */
export function namespaceFor(set: ConstraintSet, object: KubeObject): KubeObject | undefined {
  const name = text(object.metadata?.namespace);
  return name === '' || isNamespace(object) ? undefined : set.inventory.namespace(name);
}

/** The namespace generated objects are matched in: their own, as far as it is known. */
export function expansionNamespace(set: ConstraintSet, object: KubeObject): KubeObject | undefined {
  const name = text(object.metadata?.namespace);
  return name === '' ? NAMELESS : set.inventory.namespace(name);
}

function reviewOf(set: ConstraintSet, object: KubeObject, nameless: KubeObject | undefined): Review {
  if (!isAdmissionReview(object)) {
    const name = text(object.metadata?.namespace);
    const bare = name === '' && !isNamespace(object);
    const assumed = nameless !== undefined && name === 'default' ? DEFAULT : undefined;
    return reviewOfObject(object, 'Original', bare ? nameless : (namespaceFor(set, object) ?? assumed));
  }
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
  nameless?: KubeObject,
): AuditResult[] {
  const review = reviewOf(set, object, nameless);
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

/** All violations of all objects, by message, as `gator test` looks at them. */
export function auditObjects(
  set: ConstraintSet,
  expansions: ExpansionSet,
  objects: readonly KubeObject[],
  point: EnforcementPoint,
): AuditResult[] {
  return objects
    .flatMap(object => auditObject(set, expansions, object, point, {}, NAMELESS))
    .sort((left, right) => compareText(left.message, right.message));
}

import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { matchesLeaf } from '../../engine/patterns/leaf.ts';
import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import { checkPodSecurity, type PodSecurityViolation } from '../../engine/podsecurity/index.ts';
import { podPartOf } from './images.ts';

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);

/** Violations that a `podSecurity` rule and exceptions do not leave out (Kyverno, "Pod Security"). */
export function podSecurityViolations(
  rule: JsonObject,
  resource: JsonObject,
  exceptions: readonly Json[] = [],
): readonly PodSecurityViolation[] {
  const spec = podPartOf(resource, 'spec');
  if (spec === undefined) return [];
  const found = checkPodSecurity(String(rule.level ?? 'baseline'), podPartOf(resource, 'metadata') ?? {}, spec);
  const excludes = [...list(rule.exclude), ...exceptions].filter(isObject);
  return found.filter(violation => !excludes.some(exclude => leavesOut(exclude, violation)));
}

function leavesOut(exclude: JsonObject, violation: PodSecurityViolation): boolean {
  if (exclude.controlName !== violation.control) return false;
  const images = list(exclude.images);
  if (violation.image === undefined ? images.length > 0 : !imagesMatch(images, violation.image)) return false;
  if (typeof exclude.restrictedField !== 'string' || exclude.restrictedField === '') return true;
  if (exclude.restrictedField !== violation.field) return false;
  const values = list(exclude.values);
  // Of an object (a volume) its members are named.
  const { value: found } = violation;
  const names = isObject(found) ? Object.keys(found) : [leaf(found)];
  return values.length === 0 || values.some(value => names.some(name => matchesLeaf(name, value)));
}

const leaf = (value: Json): Json => (value !== null && typeof value === 'object' ? JSON.stringify(value) : value);

/** Without images an exclusion speaks of the pod's own fields only. */
const imagesMatch = (images: readonly Json[], image: string): boolean =>
  images.some(pattern => matchesWildcard(String(pattern), image));

import { isObject, type Json, type JsonObject, type ResourceDefinition } from '../../../kernel/index.ts';
import { isRulesKind } from '../../dialects/kyverno/kinds.ts';
import { parseKind } from '../../dialects/kyverno/match.ts';
import { type Review, textAt } from '../../dialects/kyverno/model.ts';
import { rulesOf } from '../../dialects/kyverno/run.ts';
import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import type { Lookup } from './lookup.ts';
import type { Background } from './model.ts';

const list = (value: Json | undefined): readonly Json[] => (Array.isArray(value) ? value : []);
const fields = (value: Json | undefined): JsonObject => (isObject(value) ? value : {});

/** Kinds a match clause names. */
export function kindsOf(clause: Json | undefined): readonly string[] {
  const { any, all, resources } = fields(clause);
  const filters = [...list(any), ...list(all)].filter(isObject).map(each => fields(each.resources));
  return [...filters, fields(resources)].flatMap(each => list(each.kinds).map(String));
}

/** Collections a policy speaks of, in the version they are stored in. */
export function matchedDefinitions(background: Background, policy: JsonObject): readonly ResourceDefinition[] {
  const isCleanup = /^(?:Cluster)?CleanupPolicy$/.test(String(policy.kind));
  const rules = isCleanup ? [fields(policy.spec)] : rulesOf(policy);
  const wanted =
    isCleanup || isRulesKind(String(policy.kind))
      ? rules
          .flatMap(rule => kindsOf(rule.match))
          .map(parseKind)
          .map(
            ({ group, version, kind, subresource }) =>
              (each: ResourceDefinition) =>
                (subresource === '' || subresource === '*') &&
                matchesWildcard(group, each.group) &&
                matchesWildcard(version, each.version) &&
                matchesWildcard(kind, each.kind),
          )
      : celRules(policy).map(rule => (each: ResourceDefinition) => {
          const names = (field: string, value: string): boolean =>
            list(rule[field]).some(name => name === '*' || name === value);
          return (
            names('apiGroups', each.group) && names('apiVersions', each.version) && names('resources', each.resource)
          );
        });
  return [...background.catalog.all()].filter(
    each =>
      each.served !== false &&
      each.verbs.includes('list') &&
      isFirst(background, each) &&
      wanted.some(fits => fits(each)),
  );
}

/** One version a resource: the stored one where it is served. */
function isFirst(background: Background, { group, version, resource, storageVersion }: ResourceDefinition): boolean {
  if (version === storageVersion) return true;
  return background.catalog.resource({ group, version: storageVersion, resource })?.served === false;
}

function celRules(policy: JsonObject): readonly JsonObject[] {
  const spec = fields(policy.spec);
  const rules = list(fields(spec.matchConstraints).resourceRules).filter(isObject);
  const pods = rules.some(rule => list(rule.resources).includes('pods'));
  if (!pods || spec.autogen === undefined) return rules;
  return [
    ...rules,
    {
      apiGroups: ['apps'],
      apiVersions: ['v1'],
      resources: ['deployments', 'daemonsets', 'statefulsets', 'replicasets'],
    },
    { apiGroups: ['batch'], apiVersions: ['v1'], resources: ['jobs', 'cronjobs'] },
  ];
}

/** Every object a policy may speak of, as a review. */
export async function triggersOf(
  background: Background,
  lookup: Lookup,
  policy: JsonObject,
): Promise<readonly Review[]> {
  const reviews: Review[] = [];
  for (const definition of matchedDefinitions(background, policy))
    for (const object of await lookup.list(definition)) {
      const { group, version, kind } = definition;
      const labels = await lookup.namespaceLabels(textAt(object, 'metadata', 'namespace'));
      reviews.push(existingReview(object, { group, version, kind }, labels));
    }
  return reviews;
}

/** An object that is there, as if it had just been created. */
export function existingReview(
  object: JsonObject,
  kind: Review['kind'],
  namespaceLabels: Review['namespaceLabels'],
): Review {
  return {
    operation: 'CREATE',
    object,
    oldObject: undefined,
    kind,
    subresource: '',
    namespaceLabels,
    requester: undefined,
  };
}

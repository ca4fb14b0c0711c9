import type { JsonObject } from '../../../kernel/index.ts';
import type { CompiledPolicy, PolicyTypes } from '../../model.ts';
import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import { accessFault, type Permitted } from './checks/access.ts';
import { type KindFinder, refusalOfDocument } from './checks/index.ts';
import { CEL_GROUP, RULES_GROUP } from './kinds.ts';

const NAME = 'validate-policy.kyverno.svc';

function kindFinder(types: PolicyTypes): KindFinder | undefined {
  const { kinds } = types;
  if (kinds === undefined) return undefined;
  return (group, version, kind) =>
    [...kinds()]
      .filter(
        each =>
          matchesWildcard(group, each.group) &&
          matchesWildcard(version, each.version) &&
          matchesWildcard(kind, each.kind),
      )
      .map(({ group: of, resource, namespaced, subresources }) => ({
        group: of,
        resource,
        namespaced,
        subresources: subresources.map(({ name }) => name),
      }));
}

/** Judges the dialect's own documents as they are written: what could not work is not taken. */
export function documentGuard(types: PolicyTypes, permitted?: Permitted): CompiledPolicy {
  const find = kindFinder(types);
  return {
    system: 'kyverno',
    kind: 'ValidatingWebhook',
    name: NAME,
    faults: [],
    documents: true,
    matches: ({ group, subresource, operation }) =>
      (group === RULES_GROUP || group === CEL_GROUP) &&
      subresource === '' &&
      (operation === 'CREATE' || operation === 'UPDATE'),
    decide: ({ object, oldObject }) => {
      const json = (value: unknown): JsonObject | undefined => value as JsonObject | undefined;
      const message = object?.metadata.deletionTimestamp
        ? undefined
        : (refusalOfDocument(json(object)!, json(oldObject), find) ??
          (find && permitted && accessFault(json(object)!, find, permitted)));
      if (message === undefined) return { answers: [], annotations: {} };
      const answer = {
        outcome: 'deny' as const,
        layer: 'policy',
        enforcer: 'Kyverno',
        by: { kind: 'ValidatingWebhook', name: NAME },
        because: [{ en: message, zh: message }],
        nearMisses: [],
        unmodelled: [],
        actions: ['deny'] as const,
        message,
        reason: 'BadRequest',
        code: 400,
        refusal: `admission webhook "${NAME}" denied the request: ${message}`,
        verbatim: true,
      };
      return { answers: [answer], annotations: {} };
    },
  };
}

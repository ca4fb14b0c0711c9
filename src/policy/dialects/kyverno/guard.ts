import type { JsonObject } from '../../../kernel/index.ts';
import type { CompiledPolicy, PolicyAnswer, PolicyTypes } from '../../model.ts';
import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import { accessFault, type Permitted } from './checks/access.ts';
import { type KindFinder, refusalOfDocument } from './checks/index.ts';
import { warningsOf } from './checks/warnings.ts';
import { CEL_GROUP, RULES_GROUP } from './kinds.ts';
import type { Settings } from './settings.ts';

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
export function documentGuard(
  types: PolicyTypes,
  permitted: Permitted | undefined,
  settings: () => Settings,
): CompiledPolicy {
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
      const warnings = object === undefined ? [] : warningsOf(json(object)!, json(oldObject), settings());
      const warned = warnings.map((text): PolicyAnswer => {
        return { ...answerOf(text, text), actions: ['warn'], warning: text };
      });
      if (message === undefined) return { answers: warned, annotations: {} };
      const denied = answerOf(message, `admission webhook "${NAME}" denied the request: ${message}`);
      // Kyverno gives no reason for what it finds in its CEL kinds.
      return {
        answers: [...warned, object?.apiVersion.startsWith(CEL_GROUP) ? { ...denied, reason: '' } : denied],
        annotations: {},
      };
    },
  };
}

function answerOf(message: string, refusal: string): PolicyAnswer {
  return {
    outcome: 'deny',
    layer: 'policy',
    enforcer: 'Kyverno',
    by: { kind: 'ValidatingWebhook', name: NAME },
    because: [{ en: message, zh: message }],
    nearMisses: [],
    unmodelled: [],
    actions: ['deny'],
    message,
    reason: 'BadRequest',
    code: 400,
    refusal,
    verbatim: true,
  };
}

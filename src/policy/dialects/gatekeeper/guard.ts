import type { KubeObject } from '../../../kernel/index.ts';
import type { CompiledPolicy, PolicyAnswer } from '../../model.ts';
import { isConfig } from './excluder.ts';
import { ExpansionSet, isExpansion } from './expansion.ts';
import { isMutator, readMutator } from './mutator.ts';
import { isProvider, readProvider } from './provider.ts';
import { fields, list, text } from './read.ts';
import { compileTemplate, isConstraint, isTemplate, readConstraint, type Template } from './template.ts';

const NAME = 'validation.gatekeeper.sh';
const ACTIONS = ['deny', 'dryrun', 'warn', 'scoped'];
const SCOPED_ACTIONS = ['deny', 'dryrun', 'warn'];
const UNPROCESSABLE = 422;

function checkActions(object: KubeObject): void {
  const spec = fields(object.spec);
  const action = text(spec.enforcementAction);
  if (action !== '' && !ACTIONS.includes(action))
    throw new Error(
      `spec.enforcementAction: Could not find the provided enforcementAction value within the supported list [${ACTIONS.join(' ')}]`,
    );
  for (const each of action === 'scoped' ? list(spec.scopedEnforcementActions) : [])
    if (!SCOPED_ACTIONS.includes(text(fields(each).action)))
      throw new Error(
        `spec.scopedEnforcementAction: Could not find the provided enforcementAction value within the supported list [${SCOPED_ACTIONS.join(' ')}]`,
      );
}

/** Throws an Error that tells why a document cannot be put in force. */
function check(object: KubeObject, templateOf: (kind: string) => Template | undefined): void {
  if (isTemplate(object)) compileTemplate(object);
  else if (isConstraint(object)) {
    const template = templateOf(object.kind);
    if (template !== undefined) readConstraint(template, object);
    checkActions(object);
  } else if (isMutator(object)) readMutator(object);
  else if (isExpansion(object)) new ExpansionSet().add(object);
  else if (isProvider(object)) readProvider(object);
  else if (isConfig(object) && object.metadata.name !== 'config')
    throw new Error("config resource must have name 'config'");
}

function refusal(message: string): PolicyAnswer {
  return {
    outcome: 'deny',
    layer: 'policy',
    enforcer: 'Gatekeeper',
    by: { kind: 'ValidatingWebhook', name: NAME },
    because: [{ en: message, zh: message }],
    nearMisses: [],
    unmodelled: [],
    actions: ['deny'],
    message,
    reason: 'Invalid',
    code: UNPROCESSABLE,
    refusal: `admission webhook "${NAME}" denied the request: ${message}`,
    verbatim: true,
  };
}

/** Refuses documents of the dialect that could not be put in force, as Gatekeeper's own webhook does. */
export function documentGuard(templateOf: (kind: string) => Template | undefined): CompiledPolicy {
  return {
    system: 'gatekeeper',
    kind: 'ValidatingWebhook',
    name: NAME,
    faults: [],
    documents: true,
    matches: ({ group, operation, subresource, object }) =>
      group.endsWith('.gatekeeper.sh') &&
      subresource === '' &&
      object !== undefined &&
      (operation === 'CREATE' || operation === 'UPDATE'),
    decide: ({ object }) => {
      try {
        // What is on its way out is let go.
        if (object!.metadata.deletionTimestamp === undefined) check(object!, templateOf);
        return { answers: [], annotations: {} };
      } catch (error) {
        return { answers: [refusal((error as Error).message)], annotations: {} };
      }
    },
  };
}

import type { Fault } from '../../../base/index.ts';
import type { KindRef, KubeObject } from '../../../kernel/index.ts';
import type { CompiledPolicy, PolicyDialect, PolicySet } from '../../model.ts';
import { constraintDefinition } from './definition.ts';
import { ExpansionSet, isExpansion } from './expansion.ts';
import { DocumentError, gatekeeperFaults } from './faults.ts';
import { auditTemplates, constraintKind, type LowerContext, lowerMutators, lowerTemplate } from './lower.ts';
import { isMutator } from './mutator.ts';
import { fields, list, text } from './read.ts';
import { templateStatus } from './status.ts';
import { compileTemplate, CONSTRAINT_GROUP, isConstraint, isTemplate, type Template } from './template.ts';

/** Gatekeeper's policies: templates with their constraints, mutators, expansions, and what the inventory holds. */
export const gatekeeperDialect: PolicyDialect = {
  system: 'gatekeeper',
  resources: [
    { group: 'templates.gatekeeper.sh', resource: 'constrainttemplates' },
    ...['assign', 'assignmetadata', 'assignimage', 'modifyset'].map(resource => ({
      group: 'mutations.gatekeeper.sh',
      resource,
    })),
    { group: 'expansion.gatekeeper.sh', resource: 'expansiontemplate' },
    { group: 'config.gatekeeper.sh', resource: 'configs' },
    { group: 'syncset.gatekeeper.sh', resource: 'syncsets' },
  ],
  groups: [CONSTRAINT_GROUP],
  policyOf: object =>
    isTemplate(object) ? object.metadata.name : isConstraint(object) ? object.kind.toLowerCase() : undefined,
  open: gatekeeperPolicySet,
};

interface OpenTemplate {
  readonly template: Template | undefined;
  readonly policy: CompiledPolicy | undefined;
  readonly fault: string | undefined;
}

/** Kinds a Config or SyncSet asks to have in the inventory. */
function syncedKinds(object: KubeObject): KindRef[] {
  const spec = fields(object.spec);
  const wanted = object.kind === 'Config' ? list(fields(spec.sync).syncOnly) : list(spec.gvks);
  return wanted.map(each => {
    const { group, version, kind } = fields(each);
    return { group: text(group), version: text(version), kind: text(kind) };
  });
}

const isSync = (object: KubeObject): boolean =>
  (object.kind === 'Config' && object.apiVersion.startsWith('config.gatekeeper.sh/')) ||
  (object.kind === 'SyncSet' && object.apiVersion.startsWith('syncset.gatekeeper.sh/'));

function openTemplate(object: KubeObject, context: LowerContext): OpenTemplate {
  try {
    const template = compileTemplate(object);
    return { template, policy: lowerTemplate(template, context), fault: undefined };
  } catch (error) {
    return { template: undefined, policy: undefined, fault: (error as Error).message };
  }
}

function attempt(take: () => void): readonly Fault[] {
  try {
    take();
    return [];
  } catch (error) {
    if (error instanceof DocumentError) return [error.fault];
    throw error;
  }
}

/** The documents of a cluster as they stand. */
export function gatekeeperPolicySet(): PolicySet {
  const expansions = new ExpansionSet();
  const templates = new Map<string, OpenTemplate>();
  const synced = new Map<string, readonly KindRef[]>();
  const context = { expansions, synced: () => [...synced.values()].flat() };
  const keyOf = (object: KubeObject): string =>
    `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
  const set = (object: KubeObject): readonly Fault[] => {
    if (isExpansion(object)) return attempt(() => expansions.add(object));
    if (isMutator(object)) return attempt(() => expansions.mutators.add(object));
    if (isSync(object)) synced.set(keyOf(object), syncedKinds(object));
    if (!isTemplate(object)) return [];
    const known = templates.get(object.metadata.name ?? '');
    // A status written back is no new template.
    if (known?.template && JSON.stringify(known.template.object.spec) === JSON.stringify(object.spec)) return [];
    const open = openTemplate(object, context);
    templates.set(object.metadata.name ?? '', open);
    if (open.fault === undefined) return [];
    return [
      gatekeeperFaults.make('document-invalid', {
        kind: object.kind,
        name: object.metadata.name ?? '',
        why: open.fault,
      }),
    ];
  };
  const remove = (object: KubeObject): void => {
    if (isExpansion(object)) expansions.remove(object);
    else if (isMutator(object)) expansions.mutators.remove(object);
    else if (isSync(object)) synced.delete(keyOf(object));
    else templates.delete(object.metadata.name ?? '');
  };
  return {
    set,
    remove,
    policies: () => [
      ...(expansions.mutators.size > 0 ? [lowerMutators(expansions.mutators)] : []),
      ...[...templates]
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .flatMap(([, { policy }]) => (policy ? [policy] : [])),
    ],
    paramKinds: () => [
      ...[...templates.values()].flatMap(({ template }) => (template ? [constraintKind(template)] : [])),
      ...context.synced(),
    ],
    status: object => {
      const open = isTemplate(object) ? templates.get(object.metadata.name ?? '') : undefined;
      return open && templateStatus(object, open.fault, 'tenon');
    },
    audit: audit =>
      auditTemplates(
        [...templates.values()].flatMap(({ template }) => (template ? [template] : [])),
        context,
        audit,
      ),
    definitions: object => {
      const template = isTemplate(object) ? templates.get(object.metadata.name ?? '')?.template : undefined;
      return template ? [constraintDefinition(template)] : [];
    },
  };
}

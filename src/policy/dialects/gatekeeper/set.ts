import type { Fault } from '../../../base/index.ts';
import type { KindRef, KubeObject } from '../../../kernel/index.ts';
import type { CompiledPolicy, PolicyDialect, PolicySet } from '../../model.ts';
import { constraintDefinition } from './definition.ts';
import { Excluder, isConfig } from './excluder.ts';
import { ExpansionSet, isExpansion } from './expansion.ts';
import { DocumentError, gatekeeperFaults } from './faults.ts';
import { auditTemplates, constraintKind, type LowerContext, lowerMutators, lowerTemplate } from './lower.ts';
import { documentGuard } from './guard.ts';
import { isMutator } from './mutator.ts';
import { isProvider, ProviderSet } from './provider.ts';
import { fields, list, text } from './read.ts';
import { documentStatus, templateStatus } from './status.ts';
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
    { group: 'externaldata.gatekeeper.sh', resource: 'providers' },
    { group: 'syncset.gatekeeper.sh', resource: 'syncsets' },
  ],
  groups: [CONSTRAINT_GROUP],
  policyOf: object =>
    isTemplate(object) ? object.metadata.name : isConstraint(object) ? object.kind.toLowerCase() : undefined,
  open: gatekeeperPolicySet,
};

/** Who reports: the pod's place in `byPod`. */
const REPORTER = 'tenon';
const CONFLICT = 'ErrConflictingSchema';

/** Mutators that see a field as different things, told in each one's status. */
export const conflictMessage = (conflicts: Iterable<string>): string =>
  `the following mutators have conflicting schemas: [${[...conflicts].sort().join(',')}]`;

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
  const excluder = new Excluder();
  const providers = new ProviderSet();
  /** Why documents of the other kinds are not in force. */
  const refused = new Map<string, string>();
  const context = { expansions, excluder, providers, synced: () => [...synced.values()].flat() };
  const guard = documentGuard(kind => templates.get(kind.toLowerCase())?.template);
  const keyOf = (object: KubeObject): string =>
    `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
  /** How a document that is no template is taken in; undefined for others. */
  const intake = (object: KubeObject): (() => void) | undefined =>
    isExpansion(object)
      ? () => expansions.add(object)
      : isMutator(object)
        ? () => expansions.mutators.add(object)
        : isProvider(object)
          ? () => providers.set(object)
          : undefined;
  const set = (object: KubeObject): readonly Fault[] => {
    const other = intake(object);
    if (other !== undefined) {
      refused.delete(keyOf(object));
      const faults = attempt(other);
      if (faults[0] !== undefined) refused.set(keyOf(object), String(faults[0].params.why));
      return faults;
    }
    if (isConfig(object)) excluder.set(object);
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
    refused.delete(keyOf(object));
    if (isConfig(object)) excluder.remove(object);
    if (isExpansion(object)) expansions.remove(object);
    else if (isMutator(object)) expansions.mutators.remove(object);
    else if (isProvider(object)) providers.remove(object);
    else if (isSync(object)) synced.delete(keyOf(object));
    else templates.delete(object.metadata.name ?? '');
  };
  /** Those in conflict or in a cycle as they were last told of. */
  let told: { readonly mutators: ReadonlySet<string>; readonly templates: ReadonlySet<string> } = {
    mutators: new Set(),
    templates: new Set(),
  };
  const affected = (): KubeObject[] => {
    const now = { mutators: expansions.mutators.conflicts, templates: expansions.cyclic };
    const changed = [
      ...expansions.mutators.documents(now.mutators.symmetricDifference(told.mutators)),
      ...expansions.documents(now.templates.symmetricDifference(told.templates)),
    ];
    told = now;
    return changed;
  };
  const refusedAs = (object: KubeObject, type: string): { type: string; message: string } | undefined => {
    const message = refused.get(keyOf(object));
    return message === undefined ? undefined : { type, message };
  };
  const mutatorFault = (object: KubeObject): { type: string; message: string } | undefined => {
    const { conflicts } = expansions.mutators;
    if (!conflicts.has(`${object.kind}/${object.metadata.name}`)) return refusedAs(object, 'InvalidMutator');
    return { type: CONFLICT, message: conflictMessage(conflicts) };
  };
  const expansionFault = (object: KubeObject): { type: string; message: string } | undefined =>
    expansions.cyclic.has(object.metadata.name ?? '')
      ? { type: 'UpsertError', message: 'template forms expansion cycle' }
      : refusedAs(object, 'UpsertError');
  return {
    set,
    remove,
    affected,
    policies: () => [
      guard,
      ...(expansions.mutators.size > 0 ? [lowerMutators(expansions.mutators, context)] : []),
      ...[...templates]
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .flatMap(([, { policy }]) => (policy ? [policy] : [])),
    ],
    paramKinds: () => [
      ...[...templates.values()].flatMap(({ template }) => (template ? [constraintKind(template)] : [])),
      ...context.synced(),
    ],
    status: object => {
      if (isMutator(object)) return documentStatus(object, 'mutator', mutatorFault(object), REPORTER);
      if (isExpansion(object)) return documentStatus(object, 'expansionTemplate', expansionFault(object), REPORTER);
      if (isProvider(object)) return documentStatus(object, 'provider', refusedAs(object, 'Conversion'), REPORTER);
      const open = isTemplate(object) ? templates.get(object.metadata.name ?? '') : undefined;
      return open && templateStatus(object, open.fault, REPORTER);
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

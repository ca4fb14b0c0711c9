import type { Fault } from '../../../base/index.ts';
import type { JsonObject, KindRef, KubeObject } from '../../../kernel/index.ts';
import type { AuditedDocument, CompiledPolicy, PolicyAudit, PolicyDialect, PolicySet } from '../../model.ts';
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
/** What is told of expansion templates that lead back to themselves. */
export const CYCLE = 'template forms expansion cycle';

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

type Reason = { readonly type: string; readonly message: string };

const keyOf = (object: KubeObject): string =>
  `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
const nameOf = (object: KubeObject): string => object.metadata.name ?? '';

/** The documents of a cluster as they stand. */
class GatekeeperSet implements PolicySet {
  readonly #expansions = new ExpansionSet();
  readonly #excluder = new Excluder();
  readonly #providers = new ProviderSet();
  readonly #templates = new Map<string, OpenTemplate>();
  readonly #synced = new Map<string, readonly KindRef[]>();
  /** Why documents that are no templates are not in force. */
  readonly #refused = new Map<string, string>();
  readonly #guard = documentGuard(kind => this.#templates.get(kind.toLowerCase())?.template);
  readonly #context: LowerContext = {
    expansions: this.#expansions,
    excluder: this.#excluder,
    providers: this.#providers,
    synced: () => [...this.#synced.values()].flat(),
  };
  /** Those in conflict or in a cycle as they were last told of. */
  #told: { readonly mutators: ReadonlySet<string>; readonly templates: ReadonlySet<string> } = {
    mutators: new Set(),
    templates: new Set(),
  };

  set(object: KubeObject): readonly Fault[] {
    const other = this.#intake(object);
    if (other !== undefined) {
      const faults = attempt(other);
      if (faults[0] === undefined) this.#refused.delete(keyOf(object));
      else this.#refused.set(keyOf(object), String(faults[0].params.why));
      return faults;
    }
    if (isConfig(object)) this.#excluder.set(object);
    if (isSync(object)) this.#synced.set(keyOf(object), syncedKinds(object));
    return isTemplate(object) ? this.#setTemplate(object) : [];
  }

  /** How a document that is no template is taken in; undefined for others. */
  #intake(object: KubeObject): (() => void) | undefined {
    if (isExpansion(object)) return () => this.#expansions.add(object);
    if (isMutator(object)) return () => this.#expansions.mutators.add(object);
    return isProvider(object) ? () => this.#providers.set(object) : undefined;
  }

  #setTemplate(object: KubeObject): readonly Fault[] {
    const known = this.#templates.get(nameOf(object));
    // A status written back is no new template.
    if (known?.template && JSON.stringify(known.template.object.spec) === JSON.stringify(object.spec)) return [];
    const open = openTemplate(object, this.#context);
    this.#templates.set(nameOf(object), open);
    if (open.fault === undefined) return [];
    return [gatekeeperFaults.make('document-invalid', { kind: object.kind, name: nameOf(object), why: open.fault })];
  }

  remove(object: KubeObject): void {
    this.#refused.delete(keyOf(object));
    if (isConfig(object)) this.#excluder.remove(object);
    if (isExpansion(object)) this.#expansions.remove(object);
    else if (isMutator(object)) this.#expansions.mutators.remove(object);
    else if (isProvider(object)) this.#providers.remove(object);
    else if (isSync(object)) this.#synced.delete(keyOf(object));
    else this.#templates.delete(nameOf(object));
  }

  policies(): readonly CompiledPolicy[] {
    const { mutators } = this.#expansions;
    return [
      this.#guard,
      ...(mutators.size > 0 ? [lowerMutators(mutators, this.#context)] : []),
      ...[...this.#templates]
        .sort(([left], [right]) => (left < right ? -1 : 1))
        .flatMap(([, { policy }]) => (policy ? [policy] : [])),
    ];
  }

  #open(): Template[] {
    return [...this.#templates.values()].flatMap(({ template }) => (template ? [template] : []));
  }

  paramKinds(): readonly KindRef[] {
    return [...this.#open().map(constraintKind), ...this.#context.synced()];
  }

  affected(): readonly KubeObject[] {
    const { mutators, cyclic } = this.#expansions;
    const now = { mutators: mutators.conflicts, templates: cyclic };
    const changed = [
      ...mutators.documents(now.mutators.symmetricDifference(this.#told.mutators)),
      ...this.#expansions.documents(now.templates.symmetricDifference(this.#told.templates)),
    ];
    this.#told = now;
    return changed;
  }

  #refusedAs(object: KubeObject, type: string): Reason | undefined {
    const message = this.#refused.get(keyOf(object));
    return message === undefined ? undefined : { type, message };
  }

  #mutatorFault(object: KubeObject): Reason | undefined {
    const { conflicts } = this.#expansions.mutators;
    if (!conflicts.has(`${object.kind}/${nameOf(object)}`)) return this.#refusedAs(object, 'InvalidMutator');
    return { type: CONFLICT, message: conflictMessage(conflicts) };
  }

  #expansionFault(object: KubeObject): Reason | undefined {
    return this.#expansions.cyclic.has(nameOf(object))
      ? { type: 'UpsertError', message: CYCLE }
      : this.#refusedAs(object, 'UpsertError');
  }

  status(object: KubeObject): JsonObject | undefined {
    if (isMutator(object)) return documentStatus(object, 'mutator', this.#mutatorFault(object), REPORTER);
    if (isExpansion(object)) return documentStatus(object, 'expansionTemplate', this.#expansionFault(object), REPORTER);
    if (isProvider(object)) return documentStatus(object, 'provider', this.#refusedAs(object, 'Conversion'), REPORTER);
    const open = isTemplate(object) ? this.#templates.get(nameOf(object)) : undefined;
    return open && templateStatus(object, open.fault, REPORTER);
  }

  audit(audit: PolicyAudit): readonly AuditedDocument[] {
    return auditTemplates(this.#open(), this.#context, audit);
  }

  definitions(object: KubeObject): readonly KubeObject[] {
    const template = isTemplate(object) ? this.#templates.get(nameOf(object))?.template : undefined;
    return template ? [constraintDefinition(template)] : [];
  }
}

export function gatekeeperPolicySet(): PolicySet {
  return new GatekeeperSet();
}

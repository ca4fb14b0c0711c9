import {
  type AdmissionAttributes,
  type AdmissionStep,
  beginAdmission,
  type Operation,
  runMutation,
  runValidation,
  settleAdmission,
} from '../admission/admission.ts';
import type { WriteOptions } from '../client.ts';
import { apiVersionOf, type KubeObject, type ObjectKey, type ResourceRef } from '../object.ts';
import type { ResourceDefinition } from '../resource.ts';
import { badRequest, StatusError } from '../status.ts';
import type { Collection } from '../store/collection.ts';
import { Superseded } from '../store/port.ts';
import { Version } from '../store/version.ts';
import { checkSubresource, collectionOf, definitionOf, storageOf, viewOf } from './collections.ts';
import { timestamp } from './metadata.ts';
import { bodyRefusal, decodingErrors, decodingWarnings, type Refusal, strictText } from './strict.ts';
import type { RegistryParts, Writer } from './ports.ts';
import type { RequestContext, StoredObject } from './registry.ts';

/** What a write is about. */
export interface Target {
  readonly definition: ResourceDefinition;
  readonly storage: ResourceDefinition;
  readonly collection: Collection;
  readonly context: RequestContext;
  readonly options: WriteOptions;
  readonly subresource: string;
  /** Set for patches: what an update takes for a precondition they only change, or may not. */
  patched: boolean;
  /** Set when the whole object was read by its schema, whatever lay in the store. */
  decoded: boolean;
}

export function targetOf(
  parts: RegistryParts,
  context: RequestContext,
  ref: ResourceRef,
  options: WriteOptions,
): Target {
  const definition = definitionOf(parts.catalog, ref);
  checkSubresource(definition, options.subresource);
  return {
    definition,
    storage: storageOf(parts.catalog, definition),
    collection: parts.journal.store.collection(collectionOf(ref)),
    context,
    options,
    subresource: options.subresource ?? '',
    patched: false,
    decoded: false,
  };
}

/** Whom managedFields name for this write. */
export function writerOf(parts: RegistryParts, target: Target): Writer {
  return {
    manager: target.options.fieldManager || 'unknown',
    apiVersion: apiVersionOf(target.definition),
    now: timestamp(parts.clock.now()),
    ...(target.subresource ? { subresource: target.subresource } : {}),
  };
}

/** Checks that a body is of the collection's kind, fills in both fields where a writer may leave them out. */
export function checkKind(definition: ResourceDefinition, object: KubeObject): void {
  const apiVersion = apiVersionOf(definition);
  object.apiVersion ||= apiVersion;
  object.kind ||= definition.kind;
  if (object.kind !== definition.kind || object.apiVersion !== apiVersion) {
    throw badRequest(
      `${object.kind} in version ${JSON.stringify(object.apiVersion)} cannot be handled as a ${definition.kind}: ` +
        `expected apiVersion ${JSON.stringify(apiVersion)}`,
    );
  }
  object.metadata ??= {};
}

/**
 * Removes unknown fields; says so, and of fields named twice, as `fieldValidation` asks (Kubernetes API concepts, "Field
 * validation"). `refusal` words what cannot be read at all and what is refused when read strictly.
 */
export function pruneUnknown(
  parts: RegistryParts,
  target: Target,
  object: KubeObject,
  refusal: Refusal = bodyRefusal(target.definition),
  known?: KubeObject,
): void {
  target.decoded = true;
  const unknown = parts.schema.prune(target.definition, object, refusal, known);
  const { context, options } = target;
  if (options.fieldValidation === 'Ignore' || (unknown.length === 0 && context.duplicates === undefined)) return;
  const errors = decodingErrors(target.definition, context.duplicates, unknown);
  if (errors.length === 0) return;
  if (options.fieldValidation === 'Strict') throw refusal(strictText(errors));
  for (const text of decodingWarnings(errors)) if (!context.warnings.includes(text)) context.warnings.push(text);
}

/** One write on its way through admission. */
export interface Admitted {
  readonly attributes: AdmissionAttributes;
  readonly steps: readonly AdmissionStep[];
  /** Set when a step changed the object. */
  mutated: boolean;
  /** Set once the write is durable. */
  stored: boolean;
}

const OPTION_KINDS = {
  CREATE: 'CreateOptions',
  UPDATE: 'UpdateOptions',
  DELETE: 'DeleteOptions',
  CONNECT: 'ConnectOptions',
} as const;

export function admissionOf(
  parts: RegistryParts,
  target: Target,
  operation: Operation,
  key: ObjectKey,
  object: KubeObject | undefined,
  oldObject: KubeObject | undefined,
): Admitted {
  const { definition, subresource, context, options } = target;
  const namespace = definition.namespaced ? key.namespace : undefined;
  return {
    steps: parts.admission.of(operation, definition, subresource),
    mutated: false,
    stored: false,
    attributes: {
      operation,
      definition,
      subresource,
      key,
      object,
      oldObject,
      user: context.user,
      dryRun: options.dryRun === true,
      options: shownOptions(OPTION_KINDS[operation], options),
      namespaceObject: namespace ? parts.journal.store.collection('namespaces').get(namespace)?.object : undefined,
      warnings: context.warnings,
    },
  };
}

/** The verb's options as admission reads them. */
function shownOptions(kind: string, options: WriteOptions): Record<string, unknown> {
  const shown: Record<string, unknown> = { kind, apiVersion: 'meta.k8s.io/v1' };
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && name !== 'subresource' && name !== 'dryRun') shown[name] = value;
  if (options.dryRun) shown.dryRun = ['All'];
  return shown;
}

/** Runs mutation; after every change defaults are filled and unknown fields removed again. */
export async function mutate(parts: RegistryParts, target: Target, admitted: Admitted): Promise<KubeObject> {
  const { attributes, steps } = admitted;
  if (steps.length > 0) {
    admitted.mutated = await runMutation(steps, attributes, () => {
      parts.schema.prune(target.definition, attributes.object!);
      parts.schema.fill(target.definition, attributes.object!);
    });
  }
  return attributes.object!;
}

/** Lets steps reserve what the object needs, now that it has its name. */
export async function begin({ attributes, steps }: Admitted): Promise<void> {
  if (steps.some(step => step.begin)) await beginAdmission(steps, attributes);
}

/** The head was not what the write was computed from any more. */
export const CHANGED = Symbol('changed');

/**
 * Validating admission, then the write itself. The head is compared and the write staged in one turn, so that two writers
 * can never both build on the same version. Resolves when durable.
 */
export async function admitAndStore(
  parts: RegistryParts,
  target: Target,
  admitted: Admitted,
  path: string,
  head: Version | undefined,
  object: KubeObject | null,
): Promise<StoredObject | typeof CHANGED> {
  const { attributes, steps } = admitted;
  if (steps.length > 0) await runValidation(steps, attributes);
  const kept =
    object === null || target.storage === target.definition
      ? object
      : await parts.schema.convert(object, target.definition, target.storage);
  const read = head === undefined || head.canonical || target.decoded;
  const canonical = read && kept === object && target.definition.custom !== true;
  if (target.collection.head(path) !== head) return CHANGED;
  if (target.options.dryRun) return provisional(path, head, object ?? attributes.oldObject!);
  const { durable } = parts.journal.write(target.collection.name, path, revision => {
    if (kept === null) return null;
    kept.metadata.resourceVersion = String(revision);
    return { json: JSON.stringify(kept), object: kept, canonical };
  });
  const version = await durable.catch((error: unknown) => {
    if (error instanceof Superseded) return undefined;
    throw error;
  });
  if (version === undefined) return CHANGED;
  admitted.stored = true;
  // A short history may have forgotten by now what the removal ended; the head it was checked against is that state.
  return version.removed ? version.lastState(head) : viewOf(parts.schema, version, target.storage, target.definition);
}

/** Runs one attempt of a write and tells every step of its chain how it ended, also where it ended in a throw. */
export async function settling<Outcome>(admitted: Admitted, attempt: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await attempt();
  } finally {
    const left =
      admitted.steps.length > 0 ? settleAdmission(admitted.steps, admitted.attributes, admitted.stored) : undefined;
    if (left) await left;
  }
}

/** What a dry run answers: the object as it would be, under the version it would replace. */
export function provisional(path: string, head: Version | undefined, object: KubeObject): StoredObject {
  if (head) object.metadata.resourceVersion = String(head.resourceVersion);
  return new Version(path, head?.resourceVersion ?? 0, JSON.stringify(object), object);
}

/**
 * Throws a refusal that was decided on a version still on its way to the disk only once that version is durable: nobody
 * may learn of a state that could still be lost.
 */
export async function refuse(parts: RegistryParts, target: Target, path: string, refusal: StatusError): Promise<never> {
  if (target.collection.isStaged(path)) await parts.journal.settled();
  throw refusal;
}

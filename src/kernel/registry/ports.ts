import type { Clock, Random } from '../../base/index.ts';
import type { JsonObject, KubeObject } from '../object.ts';
import type { ResourceCatalog, ResourceDefinition } from '../resource.ts';
import type { StatusCause } from '../status.ts';
import type { WriteOrder } from '../store/port.ts';
import type { Admission } from '../admission/admission.ts';
import type { Refusal } from './strict.ts';

/** What the registry needs to know of types. All work on plain JSON; `object` is the registry's own copy. */
export interface SchemaPort {
  /** Fills defaults, in place. What is the very same member in `known` has them, and is not changed. */
  fill(definition: ResourceDefinition, object: KubeObject, known?: KubeObject): void;
  /** The same for the status alone, after the server has set it anew. */
  fillStatus(definition: ResourceDefinition, object: KubeObject): void;
  /**
   * Removes fields the schema does not know, in place; returns their paths. Throws `refusal` for values of a wrong type. What
   * is the very same member in `known` has none, and is not read.
   */
  prune(definition: ResourceDefinition, object: KubeObject, refusal?: Refusal, known?: KubeObject): readonly string[];
  /** What is wrong with an object that is about to be stored. */
  validate(
    definition: ResourceDefinition,
    object: KubeObject,
    old: KubeObject | undefined,
    subresource?: string,
  ): readonly StatusCause[];
  /** A stored custom object as today's schema has it: pruned and with defaults that came later. The same object if nothing is missing. */
  complete?(definition: ResourceDefinition, object: KubeObject): KubeObject;
  /** The same object in another version of its group. */
  convert(object: KubeObject, from: ResourceDefinition, to: ResourceDefinition): KubeObject | Promise<KubeObject>;
}

/** Who wrote which fields. */
export interface Writer {
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource?: string;
  /** RFC 3339. */
  readonly now: string;
}

/** The patch kinds and field ownership. Inputs are never changed. */
export interface MergePort {
  jsonPatch(object: KubeObject, operations: readonly JsonObject[]): KubeObject;
  mergePatch(object: KubeObject, patch: JsonObject): KubeObject;
  strategicMerge(definition: ResourceDefinition, object: KubeObject, patch: JsonObject): KubeObject;
  /** Refuses an apply configuration its schema cannot describe: unknown fields, wrong shapes. */
  check(definition: ResourceDefinition, applied: KubeObject): void;
  /** Server-side apply; conflicts are thrown as the 409 of `kubectl apply --server-side`. */
  apply(
    definition: ResourceDefinition,
    live: KubeObject | undefined,
    applied: KubeObject,
    writer: Writer,
    force: boolean,
  ): KubeObject;
  /** `updated` with managedFields as they are after a plain write by somebody; those of `live` are known to be `own` or not. */
  track(
    definition: ResourceDefinition,
    live: KubeObject | undefined,
    updated: KubeObject,
    writer: Writer,
    own?: boolean,
  ): KubeObject;
}

/** Everything the verbs share. */
export interface RegistryParts {
  readonly journal: WriteOrder;
  readonly catalog: ResourceCatalog;
  readonly schema: SchemaPort;
  readonly merge: MergePort;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly random: Random;
  /** Lets other work run in the middle of a long one; absent where nothing else waits (tests, simulation). */
  readonly breathe?: () => Promise<void>;
}

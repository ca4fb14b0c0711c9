import type { Json } from '../object.ts';

/**
 * One node of a type, the same for built-in kinds (generated tables) and for CRDs (structural schemas). It carries what
 * decoding, pruning, defaulting, validation, strategic merge, server-side apply and the protobuf codec need to know.
 * Nodes are shared and may be recursive (JSONSchemaProps): never walk one without walking data beside it.
 */
export interface Schema {
  readonly type: SchemaType;
  /** Built-in types: the type's name in the generated table, `core.v1.PodSpec`. */
  readonly typeName?: string;
  /** Custom kinds: the words of the definition's author, for `kubectl explain`. */
  readonly description?: string;
  /** `list` that protobuf wraps into a message of its own (map values such as `ExtraValue`). */
  readonly wrapped?: boolean;
  /** Fields of an `object`, by name. */
  readonly fields?: ReadonlyMap<string, Field>;
  /** Values of a `map`, items of a `list`. */
  readonly items?: Schema;
  /** `list`: how server-side apply merges it (x-kubernetes-list-type). */
  readonly listType?: 'atomic' | 'set' | 'map';
  readonly listMapKeys?: readonly string[];
  /** `object`, `map`: replaced as a whole by server-side apply (x-kubernetes-map-type). */
  readonly atomic?: boolean;
  /** Strategic merge of lists and maps (x-kubernetes-patch-strategy, -merge-key). */
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[];
  readonly patchMergeKey?: string;
  /** `string` only: bytes in base64, a date-time and so on. */
  readonly format?: string;
  /** Built-in types: the name Go's decoder gives a type that stands for a scalar, list or map: `v1.Protocol`. */
  readonly goType?: string;
  readonly nullable?: boolean;
  /** Keep fields this schema does not name (x-kubernetes-preserve-unknown-fields). */
  readonly preserveUnknown?: boolean;
  /** An embedded object with apiVersion, kind and metadata. */
  readonly embedded?: boolean;
  readonly rules?: ValueRules;
}

export type SchemaType =
  | 'object'
  | 'map'
  | 'list'
  | 'string'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'int-or-string'
  | 'quantity'
  | 'any';

export interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly required?: boolean;
  /** A plain scalar that Go's encoder leaves out when it is zero; other optional scalars are pointers, whose zero is meant. */
  readonly omitZero?: boolean;
  /** An optional list or map that is written even when it is empty. */
  readonly keepEmpty?: boolean;
  readonly default?: Json;
  /** Protobuf field number; absent for CRDs. */
  readonly tag?: number;
  /** Numbers of the messages this field lies in where Go embeds one struct in another (VolumeSource in Volume), outermost first. */
  readonly embeddedTags?: readonly number[];
}

/** Value rules of JSON Schema that CRDs may use; built-in kinds leave these to the registry's own checks. */
export interface ValueRules {
  readonly enum?: readonly Json[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  /** Members a value that is an object must have, beside those of its fields. */
  readonly required?: readonly string[];
  readonly allOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly not?: Schema;
  /** CEL rules (x-kubernetes-validations). */
  readonly validations?: readonly {
    rule: string;
    message?: string;
    messageExpression?: string;
    reason?: string;
    fieldPath?: string;
    optionalOldSelf?: boolean;
  }[];
}

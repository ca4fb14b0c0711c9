import {
  checkStructural,
  defaultObject,
  type Json,
  type JsonObject,
  type KubeObject,
  readCustomSchema,
  type Schema,
  validateValue,
} from '../../../kernel/index.ts';
import { DocumentError } from './faults.ts';
import { compileTemplateCel, nativeSource } from './native.ts';
import { fields, isObject, list, text } from './read.ts';
import { compileTemplateRego, regoSource, type TemplateEngine } from './rego.ts';

export const TEMPLATE_GROUP = 'templates.gatekeeper.sh';
export const CONSTRAINT_GROUP = 'constraints.gatekeeper.sh';
export const TARGET = 'admission.k8s.gatekeeper.sh';

export const isTemplate = (object: KubeObject): boolean =>
  object.kind === 'ConstraintTemplate' && text(object.apiVersion).startsWith(`${TEMPLATE_GROUP}/`);

export const isConstraint = (object: KubeObject): boolean => text(object.apiVersion).startsWith(`${CONSTRAINT_GROUP}/`);

/** A template, compiled: the kind of its constraints, their schema, and what decides. */
export interface Template {
  readonly name: string;
  readonly kind: string;
  readonly object: KubeObject;
  readonly schema: Schema;
  /** The OpenAPI schema of the constraint kind, for the CRD. */
  readonly openAPI: JsonObject;
  readonly engine: TemplateEngine;
}

export interface TemplateOptions {
  /** Engines in order of preference; CEL first, as Gatekeeper has it. */
  readonly native?: boolean;
  /** Of CEL sources that name none. */
  readonly failurePolicy?: 'Fail' | 'Ignore';
}

/** Names of objects a match takes: wildcards stand at the ends. */
const NAME_PATTERN = '^\\*?[-:a-z0-9]*\\*?$';
const OPEN = { 'x-kubernetes-preserve-unknown-fields': true } as const;

/** Old schemas keep what they do not name, at every level (templates v1beta1 `legacySchema`). */
function legacy(schema: unknown): Json {
  if (!isObject(schema)) return schema as Json;
  const open: JsonObject = { ...schema, ...OPEN };
  const each = (value: unknown): JsonObject =>
    Object.fromEntries(Object.entries(fields(value)).map(([name, one]) => [name, legacy(one)]));
  if (isObject(schema.properties)) open.properties = each(schema.properties);
  if (isObject(schema.items)) open.items = legacy(schema.items);
  if (isObject(schema.additionalProperties)) open.additionalProperties = legacy(schema.additionalProperties);
  return open;
}

/** The schema of a template's constraints: its own parameters beside what all constraints have. */
function constraintSchema(template: KubeObject): { openAPI: JsonObject; structural: boolean } {
  const validation = fields(fields(fields(fields(template.spec).crd).spec).validation);
  const isLegacy =
    typeof validation.legacySchema === 'boolean'
      ? validation.legacySchema
      : text(template.apiVersion).endsWith('/v1beta1') || text(template.apiVersion).endsWith('/v1alpha1');
  const own = validation.openAPIV3Schema;
  const parameters = isObject(own) ? (isLegacy ? legacy(own) : own) : { ...OPEN };
  const selector: JsonObject = { type: 'object', ...OPEN };
  const names: JsonObject = { type: 'array', items: { type: 'string' } };
  const namespacePatterns: JsonObject = {
    type: 'array',
    items: { type: 'string', pattern: NAME_PATTERN },
  };
  const openAPI: JsonObject = {
    type: 'object',
    properties: {
      metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 63 } } },
      spec: {
        type: 'object',
        properties: {
          enforcementAction: { type: 'string' },
          scopedEnforcementActions: { type: 'array', items: { type: 'object', ...OPEN } },
          match: {
            type: 'object',
            ...OPEN,
            properties: {
              kinds: {
                type: 'array',
                items: { type: 'object', properties: { apiGroups: names, kinds: names } },
              },
              namespaces: namespacePatterns,
              excludedNamespaces: namespacePatterns,
              labelSelector: selector,
              namespaceSelector: selector,
              scope: { type: 'string' },
              name: { type: 'string', pattern: NAME_PATTERN },
              source: { type: 'string', enum: ['All', 'Generated', 'Original'] },
            },
          },
          parameters,
        },
      },
      status: { ...OPEN },
    },
  };
  return { openAPI, structural: !isLegacy };
}

function compileEngine(object: KubeObject, target: JsonObject, options: TemplateOptions): TemplateEngine {
  const native = options.native === false ? undefined : nativeSource(target);
  if (native) return compileTemplateCel(object, { failurePolicy: options.failurePolicy ?? 'Fail', ...native });
  const rego = regoSource(target);
  if (rego === undefined || rego.rego === '')
    throw new Error(
      nativeSource(target) ? 'no enabled engine can run this template' : 'invalid rego: missing source code',
    );
  return compileTemplateRego(rego);
}

/** Reads and compiles a ConstraintTemplate. Throws a {@link DocumentError}. */
export function compileTemplate(object: KubeObject, options: TemplateOptions = {}): Template {
  const fail = (why: string): never => {
    throw new DocumentError(object, why);
  };
  const spec = fields(object.spec);
  const kind = text(fields(fields(fields(spec.crd).spec).names).kind);
  const name = text(object.metadata?.name);
  if (name === '') fail('template has no name');
  if (kind === '') fail(`template "${name}" has an empty kind`);
  if (name !== kind.toLowerCase())
    fail(`template's name "${name}" is not equal to the lowercase of CRD's Kind: "${kind.toLowerCase()}"`);
  const targets = list(spec.targets);
  if (targets.length !== 1) fail(`template "${name}" must have exactly one target, it has ${targets.length}`);
  const target = fields(targets[0]);
  if (text(target.target) !== TARGET) fail(`target "${text(target.target)}" is unknown, the one target is ${TARGET}`);
  const { openAPI, structural } = constraintSchema(object);
  if (structural) {
    const causes = checkStructural(openAPI, 'spec.validation.openAPIV3Schema');
    if (causes.length > 0) fail(causes.map(({ field, message }) => `${field}: ${message}`).join(', '));
  }
  let engine: TemplateEngine;
  try {
    engine = compileEngine(object, target, options);
  } catch (error) {
    return fail((error as Error).message);
  }
  return { name, kind, object, openAPI, schema: readCustomSchema(openAPI), engine };
}

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Checks a constraint against its template's schema and fills its defaults. Throws a {@link DocumentError}. */
export function readConstraint(template: Template, object: KubeObject): KubeObject {
  const name = text(object.metadata?.name);
  if (!NAME.test(name)) throw new DocumentError(object, `invalid constraint name "${name}"`);
  if (!isConstraint(object))
    throw new DocumentError(object, `constraint group of "${text(object.apiVersion)}" is not ${CONSTRAINT_GROUP}`);
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...own } = object;
  const [cause] = validateValue(template.schema, own).list.filter(({ field }) => !IDENTITY.has(field ?? ''));
  if (cause) throw new DocumentError(object, `schema validation failed: [].${cause.field}: ${cause.message}`);
  return defaultObject(template.schema, structuredClone(object));
}

const IDENTITY = new Set(['apiVersion', 'kind', 'metadata']);

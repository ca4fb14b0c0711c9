import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { dns1035Label, dnsSubdomain } from './names.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string'];

/** Types of an OpenAPI schema and of everything in it; structural rules are the custom-kind machinery's. */
function openApiSchema(schema: Draft, field: string, causes: Causes, depth: number): void {
  if (depth > 100) return;
  const type = schema.type;
  if (type !== undefined && type !== '') causes.oneOf(`${field}.type`, type, TYPES);
  for (const list of ['properties', 'patternProperties', 'definitions']) {
    for (const [name, one] of Object.entries(part(schema, list) ?? {})) {
      if (isDraft(one)) openApiSchema(one, `${field}.${list}[${name}]`, causes, depth + 1);
    }
  }
  for (const one of ['items', 'additionalProperties', 'not']) {
    const inner = part(schema, one);
    if (inner) openApiSchema(inner, `${field}.${one}`, causes, depth + 1);
  }
  for (const list of ['allOf', 'anyOf', 'oneOf']) {
    parts(schema, list).forEach((one, i) => openApiSchema(one, `${field}.${list}[${i}]`, causes, depth + 1));
  }
}

function names(spec: Draft, causes: Causes): void {
  const own = part(spec, 'names') ?? {};
  for (const field of ['plural', 'singular'] as const) {
    const value = text(own[field]);
    if (value === '' && (field === 'plural' || text(own.plural) === '')) causes.required(`spec.names.${field}`);
    else if (value !== '') causes.invalidAll(`spec.names.${field}`, value, dns1035Label(value));
  }
  for (const field of ['kind', 'listKind'] as const) {
    const value = text(own[field]);
    if (value === '') causes.required(`spec.names.${field}`);
    else causes.invalidAll(`spec.names.${field}`, value, dns1035Label(value.toLowerCase()));
  }
  if (text(own.kind) !== '' && own.kind === own.listKind) {
    causes.invalid('spec.names.listKind', own.listKind, 'kind and listKind may not be the same');
  }
}

/** apiextensions v1 CustomResourceDefinition: names, versions, and the types its schemas use, in the order they are told. */
export function customResourceDefinition(object: Draft, causes: Causes): void {
  const spec = part(object, 'spec') ?? {};
  const group = text(spec.group);
  const name = text(part(object, 'metadata')?.name);
  const wanted = `${text(part(spec, 'names')?.plural)}.${group}`;
  if (name !== '' && name !== wanted) causes.invalid('metadata.name', name, 'must be spec.names.plural+"."+spec.group');
  if (group === '') causes.required('spec.group');
  else {
    causes.invalidAll('spec.group', group, dnsSubdomain(group));
    if (!group.includes('.')) causes.invalid('spec.group', group, 'should be a domain with at least one dot');
  }
  if (text(spec.scope) === '') causes.required('spec.scope');
  else causes.oneOf('spec.scope', spec.scope, ['Cluster', 'Namespaced']);
  const versions = parts(spec, 'versions');
  const stored = versions.filter(one => one.storage === true);
  if (stored.length !== 1)
    causes.invalid('spec.versions', spec.versions ?? null, 'must have exactly one version marked as storage version');
  schemas(versions, causes);
  names(spec, causes);
  if (stored.length === 0) causes.invalid('status.storedVersions', null, 'must have at least one stored version');
}

function schemas(versions: readonly Draft[], causes: Causes): void {
  const seen = new Set<string>();
  const single = versions.length === 1;
  versions.forEach((version, i) => {
    const at = `spec.versions[${i}]`;
    const named = text(version.name);
    causes.invalidAll(`${at}.name`, named, dns1035Label(named));
    if (seen.has(named)) causes.invalid('spec.versions', named, 'must contain unique version names');
    seen.add(named);
    const schema = part(part(version, 'schema'), 'openAPIV3Schema');
    if (schema === undefined || Object.keys(schema).length === 0) causes.required(`${at}.schema.openAPIV3Schema`);
    else openApiSchema(schema, single ? 'spec.validation.openAPIV3Schema' : `${at}.schema.openAPIV3Schema`, causes, 0);
  });
}

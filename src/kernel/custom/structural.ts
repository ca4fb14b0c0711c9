import { isObject } from '../merge/json.ts';
import { cloneJson, equalJson } from '../merge/json.ts';
import type { Json, JsonObject } from '../object.ts';
import { prune } from '../schema/prune.ts';
import { Causes } from '../schema/validation/causes.ts';
import { validateValue } from '../schema/value.ts';
import type { StatusCause } from '../status.ts';
import { readCustomSchema } from './schema.ts';

const UNSUPPORTED = [
  '$ref',
  'id',
  '$schema',
  'patternProperties',
  'dependencies',
  'definitions',
  'additionalItems',
] as const;
/** What only the structural part may say, not the branches of allOf, anyOf, oneOf and not. */
const STRUCTURAL_ONLY = [
  'type',
  'default',
  'description',
  'title',
  'nullable',
  'additionalProperties',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-embedded-resource',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-int-or-string',
] as const;

/** What keeps a schema from being structural (apiextensions "Specifying a structural schema"), in the API server's words. */
export function checkStructural(props: JsonObject, path: string): readonly StatusCause[] {
  const causes = new Causes();
  if (props.type === undefined || props.type === '') causes.required(`${path}.type`, 'must not be empty at the root');
  else if (props.type !== 'object') causes.invalid(`${path}.type`, props.type, 'must be object at the root');
  if (props.nullable === true) causes.forbidden(`${path}.nullable`, 'nullable cannot be true at the root');
  checkNode(props, path, causes, true, 0);
  if (isObject(props.properties)) checkMetadata(props.properties, path, causes);
  return causes.list;
}

function checkMetadata(properties: JsonObject, path: string, causes: Causes): void {
  const metadata = properties.metadata;
  if (!isObject(metadata)) return;
  const names = isObject(metadata.properties) ? Object.keys(metadata.properties) : [];
  if (names.some(name => name !== 'name' && name !== 'generateName')) {
    causes.forbidden(
      `${path}.properties[metadata]`,
      'must not specify anything other than name and generateName, but metadata is implicitly specified',
    );
  }
}

function checkNode(props: JsonObject, path: string, causes: Causes, root: boolean, depth: number): void {
  if (depth > 200) {
    causes.forbidden(path, 'schema is nested too deeply');
    return;
  }
  for (const name of UNSUPPORTED)
    if (Object.hasOwn(props, name)) causes.forbidden(`${path}.${name}`, `${name} is not supported`);
  if (props.uniqueItems === true)
    causes.forbidden(
      `${path}.uniqueItems`,
      'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
    );
  if (props.additionalProperties === false)
    causes.forbidden(`${path}.additionalProperties`, 'additionalProperties cannot be set to false');
  if (
    isObject(props.properties) &&
    Object.hasOwn(props, 'additionalProperties') &&
    props.additionalProperties !== false
  ) {
    causes.forbidden(`${path}.additionalProperties`, 'additionalProperties and properties are mutual exclusive');
  }
  if (Array.isArray(props.items)) causes.forbidden(`${path}.items`, 'items must be a schema object and not an array');
  const typeless =
    props['x-kubernetes-int-or-string'] === true || props['x-kubernetes-preserve-unknown-fields'] === true;
  if (props.type === 'array' && !isObject(props.items)) causes.required(`${path}.items`, 'must be specified');
  if (
    typeof props.type === 'string' &&
    !['object', 'array', 'string', 'integer', 'number', 'boolean'].includes(props.type)
  ) {
    causes.notSupported(`${path}.type`, props.type, ['array', 'boolean', 'integer', 'number', 'object', 'string']);
  }
  if (props['x-kubernetes-int-or-string'] === true && props.type !== undefined && props.type !== '') {
    causes.invalid(`${path}.type`, props.type, 'must be empty if x-kubernetes-int-or-string is true');
  }
  if (!root && !typeless && (props.type === undefined || props.type === '')) {
    causes.required(
      `${path}.type`,
      path.endsWith('items')
        ? 'must not be empty for specified array items'
        : 'must not be empty for specified object fields',
    );
  }
  checkList(props, path, causes);
  checkEmbedded(props, path, causes);
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    const list = props[name];
    if (!Array.isArray(list)) continue;
    for (const [i, each] of list.entries())
      if (isObject(each)) checkBranch(each, `${path}.${name}[${i}]`, causes, props);
  }
  if (isObject(props.not)) checkBranch(props.not, `${path}.not`, causes, props);
  if (isObject(props.items)) checkNode(props.items, `${path}.items`, causes, false, depth + 1);
  if (isObject(props.additionalProperties))
    checkNode(props.additionalProperties, `${path}.additionalProperties`, causes, false, depth + 1);
  if (isObject(props.properties)) {
    for (const [name, value] of Object.entries(props.properties)) {
      if (isObject(value))
        checkNode(
          value,
          `${path}.properties[${name}]`,
          causes,
          root && name === 'metadata' && value.type === 'object' ? true : false,
          depth + 1,
        );
    }
  }
  if (Object.hasOwn(props, 'default')) checkDefault(props, path, causes);
}

function checkList(props: JsonObject, path: string, causes: Causes): void {
  const listType = props['x-kubernetes-list-type'];
  if (listType !== undefined) {
    if (props.type !== 'array')
      causes.invalid(`${path}.type`, props.type ?? '', 'must be array if x-kubernetes-list-type is specified');
    if (!['atomic', 'set', 'map'].includes(String(listType)))
      causes.notSupported(`${path}.x-kubernetes-list-type`, listType, ['atomic', 'map', 'set']);
  }
  const keys = props['x-kubernetes-list-map-keys'];
  if (listType === 'map') {
    if (!Array.isArray(keys) || keys.length === 0)
      causes.required(`${path}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map');
    const items = isObject(props.items) ? props.items : {};
    const properties = isObject(items.properties) ? items.properties : {};
    for (const [i, key] of (Array.isArray(keys) ? keys : []).entries()) {
      const name = String(key);
      if (!Object.hasOwn(properties, name)) {
        causes.invalid(
          `${path}.x-kubernetes-list-map-keys[${i}]`,
          name,
          'entries must all be names of item properties',
        );
        continue;
      }
      const required = Array.isArray(items.required) && items.required.includes(name);
      const hasDefault = isObject(properties[name]) && Object.hasOwn(properties[name], 'default');
      if (!required && !hasDefault) {
        causes.required(
          `${path}.items.properties[${name}].default`,
          'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
        );
      }
    }
  } else if (keys !== undefined)
    causes.invalid(
      `${path}.x-kubernetes-list-type`,
      listType ?? '',
      'must be map if x-kubernetes-list-map-keys is non-empty',
    );
}

function checkEmbedded(props: JsonObject, path: string, causes: Causes): void {
  if (props['x-kubernetes-embedded-resource'] !== true) return;
  if (props.type !== 'object')
    causes.invalid(`${path}.type`, props.type ?? '', 'must be object if x-kubernetes-embedded-resource is true');
  if (props['x-kubernetes-preserve-unknown-fields'] !== true && !isObject(props.properties)) {
    causes.required(
      `${path}.properties`,
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    );
  }
}

/** A branch of allOf, anyOf, oneOf or not may only narrow what the structural part names. */
function checkBranch(branch: JsonObject, path: string, causes: Causes, structural: JsonObject): void {
  for (const name of STRUCTURAL_ONLY) {
    // The two types of int-or-string are the one exception.
    if (name === 'type' && structural['x-kubernetes-int-or-string'] === true) continue;
    const value = branch[name];
    if (value !== undefined && value !== '' && value !== false)
      causes.forbidden(`${path}.${name}`, 'must be empty to be structural');
  }
  const known = isObject(structural.properties) ? structural.properties : {};
  for (const [name, value] of Object.entries(isObject(branch.properties) ? branch.properties : {})) {
    if (!isObject(value)) continue;
    const other = known[name];
    if (isObject(other)) checkBranch(value, `${path}.properties[${name}]`, causes, other);
    else {
      const base = path.replace(/\.(?:allOf|anyOf|oneOf)\[\d+\].*$|\.not.*$/, '');
      causes.required(
        `${base}.properties[${name}]`,
        `because it is defined in ${path.slice(base.length + 1)}.properties[${name}]`,
      );
    }
  }
  if (isObject(branch.items))
    checkBranch(branch.items, `${path}.items`, causes, isObject(structural.items) ? structural.items : {});
  for (const name of ['allOf', 'anyOf', 'oneOf'] as const) {
    const list = branch[name];
    if (Array.isArray(list))
      for (const [i, each] of list.entries())
        if (isObject(each)) checkBranch(each, `${path}.${name}[${i}]`, causes, structural);
  }
  if (isObject(branch.not)) checkBranch(branch.not, `${path}.not`, causes, structural);
}

/** Defaults must be valid by their own schema and hold nothing that would be pruned. */
function checkDefault(props: JsonObject, path: string, causes: Causes): void {
  const value = props.default!;
  const holder = readCustomSchema({ type: 'object', properties: { default: withoutDefault(props) } });
  const field = holder.fields!.get('default')!.schema;
  const copy = { default: cloneJson(value) } as JsonObject;
  if (prune(holder, copy).length > 0 || !equalJson(copy.default, value))
    causes.invalid(`${path}.default`, value, 'must not have unknown fields');
  if (value === null && props.nullable !== true) {
    causes.invalid(`${path}.default`, null, `${path}.default in body must be of type ${String(props.type)}: "null"`);
    return;
  }
  causes.list.push(...validateValue(field, value as Json, `${path}.default`).list);
}

const withoutDefault = (props: JsonObject): JsonObject => {
  const { default: _, ...rest } = props;
  return rest;
};

import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import { anchorOf } from '../../../engine/patterns/anchors.ts';
import { fields, filtersOf, list, listAt } from './model.ts';

const BODIES = ['pattern', 'anyPattern', 'deny', 'foreach', 'cel'];
const EACH = ['pattern', 'anyPattern', 'deny', 'foreach'];

/** The first thing about a validate rule that cannot be taken. */
export function validateFault(rule: JsonObject, where: string): string | undefined {
  if (rule.validate === undefined) return undefined;
  const body = fields(rule.validate);
  const at = `${where}.validate`;
  const given = BODIES.filter(name => body[name] !== undefined);
  const others = ['podSecurity', 'manifests', 'assert'].some(name => body[name] !== undefined);
  if (given.length > 1) return `path: ${at}..: only one of ${BODIES.join(', ')} can be specified`;
  if (given.length === 0 && !others) return `path: ${at}..: one of ${BODIES.join(', ')} must be specified`;
  if (body.anyPattern !== undefined && !Array.isArray(body.anyPattern))
    return `path: ${at}.anyPattern.: failed to deserialize anyPattern, expect array`;
  const patterns: (readonly [Json, string])[] = body.pattern === undefined ? [] : [[body.pattern, `${at}.pattern`]];
  for (const [i, each] of list(body.anyPattern).entries()) patterns.push([each, `${at}.anyPattern[${i}]`]);
  for (const [pattern, place] of patterns) {
    const fault = anchorFault(pattern, '/');
    if (fault !== undefined) return `path: ${place}.${fault}`;
  }
  return foreachFault(body, at) ?? wildcardFault(rule, where);
}

function foreachFault(body: JsonObject, at: string): string | undefined {
  for (const each of listAt(body, 'foreach')) {
    if ((each.list ?? '') === '') return `path: ${at}..: foreach.list is required`;
    const given = EACH.filter(name => each[name] !== undefined).length;
    const names = 'pattern, anyPattern, deny, or a nested foreach';
    if (given > 1) return `path: ${at}..: only one of ${names} can be specified`;
    if (given === 0) return `path: ${at}..: one of ${names} must be specified`;
    const fault = foreachFault(each, at);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Additions belong to mutations; existence asks about lists. */
function anchorFault(pattern: Json, path: string): string | undefined {
  if (Array.isArray(pattern)) {
    for (const [i, each] of pattern.entries()) {
      const fault = anchorFault(each, `${path}/${i}`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }
  if (!isObject(pattern)) return undefined;
  for (const [key, value] of Object.entries(pattern)) {
    const kind = anchorOf(key)?.kind;
    const at = `${path}/${key}`;
    if (kind === 'add') return `${at}.: unsupported anchor ${key}`;
    if (kind === 'existence' && !Array.isArray(value)) return `${at}.: existence anchor should have value of type list`;
    const fault = anchorFault(value, at);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** A rule about every kind may look at metadata alone, and at no lists. */
function wildcardFault(rule: JsonObject, where: string): string | undefined {
  const body = fields(rule.validate);
  const isPlain = (pattern: Json): boolean => Object.keys(fields(pattern)).every(key => key === 'metadata');
  const patterns = [...(body.pattern === undefined ? [] : [body.pattern]), ...list(body.anyPattern)];
  for (const [path, filter] of filtersOf(rule.match)) {
    if (!list(fields(filter.resources).kinds).includes('*')) continue;
    const at = `path: ${where}.match${path}.kinds:`;
    if (body.foreach !== undefined) return `${at} wildcard policy does not support rule type`;
    if (!patterns.every(isPlain))
      return `${at} policy can only deal with the metadata field of the resource if the rule does not match any kind`;
  }
  return undefined;
}

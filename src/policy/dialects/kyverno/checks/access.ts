import type { JsonObject } from '../../../../kernel/index.ts';
import type { AuthorizationRequest } from '../../../need.ts';
import { isRulesKind } from '../kinds.ts';
import { parseKind } from '../match.ts';
import { textAt } from '../model.ts';
import { fields, filtersOf, type FoundKind, type KindFinder, list, listAt } from './model.ts';

/** Kyverno's controllers, each with a service account of its own. */
export type Controller = 'background' | 'cleanup' | 'reports';

/** Whether the service account of a controller may do something. */
export type Permitted = (controller: Controller, question: AuthorizationRequest) => boolean;

export const accountOf = (controller: Controller): string =>
  `system:serviceaccount:kyverno:kyverno-${controller}-controller`;

const GENERATE_VERBS = ['get', 'create'];
/** What is kept in step is written again and taken away as well. */
const SYNCHRONIZE_VERBS = [...GENERATE_VERBS, 'update', 'delete'];
const MUTATE_VERBS = ['get', 'update'];
const CLEANUP_VERBS = ['delete', 'list'];

/** What a policy asks of a controller that its account may not do (Kyverno, "Permissions"); undefined when nothing. */
export function accessFault(document: JsonObject, find: KindFinder, permitted: Permitted): string | undefined {
  const spec = fields(document.spec);
  const kind = String(document.kind);
  if (/^(?:Cluster)?CleanupPolicy$/.test(kind)) return cleanupFault(document, spec, find, permitted);
  if (!isRulesKind(kind)) return undefined;
  for (const [i, rule] of listAt(spec, 'rules').entries()) {
    const generate = fields(rule.generate);
    const parts = list(generate.foreach).length > 0 ? listAt(generate, 'foreach') : [generate];
    const verbs = generate.synchronize === true ? SYNCHRONIZE_VERBS : GENERATE_VERBS;
    for (const part of rule.generate === undefined ? [] : parts) {
      const fault = targetFault(part, verbs, find, permitted);
      if (fault !== undefined) return `path: spec.rules[${i}].generate: ${fault}`;
    }
    for (const target of listAt(fields(rule.mutate), 'targets')) {
      const fault = targetFault(target, MUTATE_VERBS, find, permitted);
      if (fault !== undefined) return `path: spec.rules[${i}].mutate.targets: ${fault}`;
    }
  }
  return undefined;
}

const varies = (text: string): boolean => text.includes('{{');

/** Kinds with variables are known only when the rule runs. */
function targetFault(
  target: JsonObject,
  verbs: readonly string[],
  find: KindFinder,
  permitted: Permitted,
): string | undefined {
  const named = list(fields(target.cloneList).kinds).map(String);
  const wanted =
    named.length > 0
      ? named.map(text => [text.slice(0, text.lastIndexOf('/')), text.slice(text.lastIndexOf('/') + 1)] as const)
      : [[textAt(target, 'apiVersion'), textAt(target, 'kind')] as const];
  for (const [apiVersion, whole] of wanted) {
    const [kind = '', subresource = ''] = whole.split('/');
    if (kind === '' || varies(apiVersion) || varies(kind)) continue;
    const [version = '', group = ''] = apiVersion.split('/').reverse();
    const found = find(group || (apiVersion === '' ? '*' : ''), version || '*', kind)[0];
    if (found === undefined) continue;
    const namespace = textAt(target, 'namespace');
    const place = varies(namespace) || !found.namespaced ? '' : namespace;
    const name = textAt(target, 'name');
    const single = varies(name) ? '' : name;
    const lacking = verbs.filter(verb => !permitted('background', question(found, verb, place, subresource, single)));
    if (lacking.length > 0)
      return `auth check fails, additional privileges are required for the service account '${accountOf('background')}': cannot ${lacking.join()} ${apiVersion}/${kind} in namespace ${place}`;
  }
  return undefined;
}

function question(
  { group, resource }: FoundKind,
  verb: string,
  namespace: string,
  subresource: string,
  name: string,
): AuthorizationRequest {
  return { verb, group, resource, namespace, subresource, name };
}

function cleanupFault(
  document: JsonObject,
  spec: JsonObject,
  find: KindFinder,
  permitted: Permitted,
): string | undefined {
  const namespace = document.kind === 'CleanupPolicy' ? textAt(document, 'metadata', 'namespace') : '';
  for (const [, filter] of filtersOf(spec.match))
    for (const text of list(fields(filter.resources).kinds).map(String)) {
      const { group, version, kind } = parseKind(text);
      if (kind === '*') continue;
      const found = find(group, version, kind)[0];
      const lacking = CLEANUP_VERBS.filter(
        verb => found !== undefined && !permitted('cleanup', question(found, verb, namespace, '', '')),
      );
      if (lacking.length > 0) return `cleanup controller has no permission to ${lacking[0]} kind ${kind}`;
    }
  return undefined;
}

import type { Json, JsonObject } from '../../../../kernel/index.ts';
import { compileJmes } from '../../../engine/jmespath/index.ts';
import { fields, listAt } from './model.ts';

/** Names the context has of itself. */
const RESERVED = ['images', 'request', 'serviceAccountName', 'serviceAccountNamespace', 'element', 'elementIndex'];

/** Why an expression cannot be parsed; variables in it stand for anything. */
export function queryFault(query: Json | undefined): string | undefined {
  if (typeof query !== 'string' || query === '' || query.includes('{{')) return undefined;
  try {
    compileJmes(query);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

/** The first thing about a rule's context that cannot be taken. */
export function entriesFault(rule: JsonObject, where: string): string | undefined {
  for (const entry of listAt(rule, 'context')) {
    const fault = entryFault(entry);
    if (fault !== undefined) return `path: ${where}: ${fault}`;
  }
  return undefined;
}

function entryFault(entry: JsonObject): string | undefined {
  const name = String(entry.name ?? '');
  if (name === '') return 'a name is required for context entries';
  const taken = RESERVED.find(each => name === each || name.startsWith(`${each}.`));
  if (taken !== undefined) return `entry name ${name} is invalid as it conflicts with a pre-defined variable ${taken}`;
  if (entry.variable !== undefined) return variableFault(fields(entry.variable));
  if (entry.configMap !== undefined) return configMapFault(fields(entry.configMap));
  if (entry.apiCall !== undefined) {
    const call = fields(entry.apiCall);
    if (call.service !== undefined && (call.urlPath ?? '') !== '')
      return 'a URLPath cannot be used for service API calls';
    return jmesFault(call);
  }
  if (entry.imageRegistry !== undefined) return jmesFault(fields(entry.imageRegistry));
  if (entry.globalReference === undefined) return undefined;
  const reference = fields(entry.globalReference);
  return (reference.name ?? '') === '' ? 'a name is required for globalReference context entry' : jmesFault(reference);
}

function variableFault(variable: JsonObject): string | undefined {
  const queried = (variable.jmesPath ?? '') !== '';
  if (variable.value === undefined && !queried) return 'a variable must define a value or a jmesPath expression';
  if (variable.default !== undefined && !queried)
    return 'a variable must define a default value only when a jmesPath expression is defined';
  return jmesFault(variable);
}

function configMapFault(map: JsonObject): string | undefined {
  for (const field of ['name', 'namespace'] as const)
    if ((map[field] ?? '') === '') return `a ${field} is required for configMap context entry`;
  return undefined;
}

function jmesFault({ jmesPath }: JsonObject): string | undefined {
  const fault = queryFault(jmesPath);
  return fault === undefined ? undefined : `failed to parse JMESPath ${String(jmesPath)}: ${fault}`;
}

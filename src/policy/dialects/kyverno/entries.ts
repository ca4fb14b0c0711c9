import { isObject, type Json, type JsonObject } from '../../../kernel/index.ts';
import { JmesError } from './context.ts';
import { imageParts } from './images.ts';
import { type KyvernoWorld, NEEDS_REGISTRY } from './model.ts';
import { substitute, type Substitution } from './variables.ts';

/** Puts the entries of a rule's `context` in place; each is computed when a query first names it. */
export function addEntries(entries: Json | undefined, how: Substitution, world: KyvernoWorld, given: JsonObject): void {
  const { context } = how;
  for (const [name, value] of Object.entries(given)) context.setPath(name, value);
  for (const entry of Array.isArray(entries) ? entries : []) {
    if (!isObject(entry) || typeof entry.name !== 'string') continue;
    const { name } = entry;
    const isGiven = Object.keys(given).some(key => key === name || key.startsWith(`${name}.`));
    if (isGiven && entry.variable === undefined) continue;
    // Tests give parts of image data among the values of a resource.
    if (entry.imageRegistry !== undefined && Object.hasOwn(context.data, name)) continue;
    context.defer({
      name,
      load: asking => {
        const value = loadEntry(entry, { ...how, context: asking }, world);
        if (value !== undefined) asking.set(name, value);
      },
    });
  }
}

function loadEntry(entry: JsonObject, how: Substitution, world: KyvernoWorld): Json | undefined {
  if (isObject(entry.variable)) return variable(entry.variable, how);
  if (isObject(entry.configMap)) return configMap(entry.configMap, how, world);
  if (isObject(entry.apiCall)) return apiCall(entry.apiCall, how, world);
  if (isObject(entry.globalReference)) return globalReference(entry.globalReference, how, world);
  return isObject(entry.imageRegistry) ? imageData(entry.imageRegistry, how, world) : undefined;
}

/** A value, a query over it or over the context, and a default for what comes to nothing. */
function variable(spec: JsonObject, how: Substitution): Json | undefined {
  const fallback = spec.default === undefined ? undefined : substitute(spec.default, how);
  try {
    const value = spec.value === undefined ? undefined : substitute(spec.value, how);
    if (typeof spec.jmesPath !== 'string') return value ?? fallback;
    const path = String(substitute(spec.jmesPath, how));
    const found = value === undefined ? how.context.query(path) : how.context.queryOver(path, value);
    return found === null && fallback !== undefined ? fallback : found;
  } catch (error) {
    if (!(error instanceof JmesError) || fallback === undefined || error.message.includes(NEEDS_REGISTRY)) throw error;
    return fallback;
  }
}

function configMap(spec: JsonObject, how: Substitution, world: KyvernoWorld): Json | undefined {
  const name = String(substitute(spec.name ?? '', how));
  const namespace = String(substitute(spec.namespace ?? 'default', how)) || 'default';
  const found = world.get('v1', 'configmaps', namespace, name);
  if (found !== undefined) return { data: found.data ?? {}, metadata: found.metadata ?? {} };
  if (!world.connected) return undefined;
  throw new JmesError(`failed to get configmap ${namespace}/${name}`);
}

function apiCall(spec: JsonObject, how: Substitution, world: KyvernoWorld): Json | undefined {
  const service = isObject(spec.service) ? spec.service : undefined;
  const url = String(substitute(service?.url ?? spec.urlPath ?? '', how));
  const body: JsonObject = {};
  for (const item of Array.isArray(spec.data) ? spec.data : [])
    if (isObject(item)) body[String(item.key)] = substitute(item.value ?? null, how);
  const method = String(spec.method ?? 'GET');
  let value = world.call(url, method, method === 'POST' ? body : undefined);
  if (value === undefined && spec.default !== undefined) return substitute(spec.default, how);
  if (value === undefined) {
    if (!world.connected) return undefined;
    throw new JmesError(`failed to call ${url}`);
  }
  if (typeof spec.jmesPath === 'string') value = how.context.queryOver(String(substitute(spec.jmesPath, how)), value);
  return value;
}

function globalReference(spec: JsonObject, how: Substitution, world: KyvernoWorld): Json | undefined {
  const [name = '', projection = ''] = String(substitute(spec.name ?? '', how)).split('.');
  const value = world.globalContext(name, projection);
  if (value === undefined) return undefined;
  return typeof spec.jmesPath === 'string'
    ? how.context.queryOver(String(substitute(spec.jmesPath, how)), value)
    : value;
}

function imageData(spec: JsonObject, how: Substitution, world: KyvernoWorld): Json | undefined {
  const reference = String(substitute(spec.reference ?? '', how));
  const found = world.image(reference);
  if (found === undefined) throw new JmesError(NEEDS_REGISTRY);
  const value: Json = { image: reference, ...imageParts(reference), ...found };
  return typeof spec.jmesPath === 'string' ? how.context.queryOver(spec.jmesPath, value) : value;
}

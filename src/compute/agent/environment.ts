import { isNotFound, type KubeObject, type kinds, StatusError } from '../../kernel/index.ts';
import { type DownwardContext, fieldText, resourceText } from '../engine/downward.ts';
import { expandVariables } from '../engine/expand.ts';
import type { ImageConfig } from '../ports.ts';
import type { NodeContext } from './node-context.ts';
import { CONFIG_MAPS, SECRETS } from './refs.ts';

/** A container whose configuration names something that is not there: `CreateContainerConfigError`. */
export class ConfigError extends Error {}

/** Why a container that could not be made waits. */
export const creationFailure = (error: unknown): 'CreateContainerConfigError' | 'CreateContainerError' =>
  error instanceof ConfigError || error instanceof StatusError ? 'CreateContainerConfigError' : 'CreateContainerError';

/** What of a node environments are made from. */
export interface EnvironmentParts extends Pick<NodeContext, 'services'> {
  readonly objects: Pick<NodeContext['objects'], 'get'>;
}

/** Printable ASCII without `=` (IsRelaxedEnvVarName). */
const ENV_NAME = /^[ -<>-~]+$/;

/** The environment of a container, in kubelet's order: image, services, envFrom, env. */
export async function environmentOf(
  node: EnvironmentParts,
  pod: kinds.Pod,
  container: kinds.Container,
  image: ImageConfig | undefined,
  downward: DownwardContext,
): Promise<[string, string][]> {
  const result = new Map<string, string>();
  for (const entry of image?.environment ?? []) {
    const equals = entry.indexOf('=');
    if (equals > 0) result.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  const known = new Map<string, string>();
  for (const [name, value] of serviceVariables(node, pod)) known.set(name, value);
  for (const source of container.envFrom ?? []) await addAll(node, pod, source, known);
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? await valueFrom(node, pod, container, variable.valueFrom, downward)
      : expandVariables(variable.value ?? '', name => known.get(name));
    if (value !== undefined) known.set(variable.name, value);
  }
  for (const [name, value] of known) result.set(name, value);
  return [...result];
}

/** ConfigMap data and Secret data as text; undefined when the object is missing and may be. */
async function dataOf(
  node: EnvironmentParts,
  namespace: string,
  kind: 'ConfigMap' | 'Secret',
  name: string,
  optional: boolean,
): Promise<Map<string, string> | undefined> {
  let object: KubeObject;
  try {
    object = await node.objects.get(kind === 'Secret' ? SECRETS : CONFIG_MAPS, namespace, name);
  } catch (error) {
    if (isNotFound(error) && optional) return undefined;
    if (isNotFound(error)) throw new ConfigError(`${kind.toLowerCase()} "${name}" not found`);
    throw error;
  }
  const data = Object.entries((object.data ?? {}) as Record<string, string>);
  return new Map(kind === 'Secret' ? data.map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]) : data);
}

async function addAll(
  node: EnvironmentParts,
  pod: kinds.Pod,
  source: kinds.EnvFromSource,
  known: Map<string, string>,
): Promise<void> {
  const kind = source.configMapRef ? 'ConfigMap' : 'Secret';
  const reference = source.configMapRef ?? source.secretRef;
  if (!reference) return;
  const data = await dataOf(
    node,
    pod.metadata.namespace ?? '',
    kind,
    reference.name ?? '',
    reference.optional ?? false,
  );
  for (const [key, value] of data ?? []) {
    const name = `${source.prefix ?? ''}${key}`;
    if (ENV_NAME.test(name)) known.set(name, value);
  }
}

async function valueFrom(
  node: EnvironmentParts,
  pod: kinds.Pod,
  container: kinds.Container,
  source: kinds.EnvVarSource,
  downward: DownwardContext,
): Promise<string | undefined> {
  if (source.fieldRef) {
    const text = fieldText(pod, source.fieldRef.fieldPath, downward);
    if (text === undefined) throw new ConfigError(`unsupported fieldPath: ${source.fieldRef.fieldPath}`);
    return text;
  }
  if (source.resourceFieldRef) return resourceText(pod, source.resourceFieldRef, container.name, downward);
  const reference = source.configMapKeyRef ?? source.secretKeyRef;
  if (!reference) return undefined;
  const kind = source.configMapKeyRef ? 'ConfigMap' : 'Secret';
  const optional = reference.optional ?? false;
  const data = await dataOf(node, pod.metadata.namespace ?? '', kind, reference.name ?? '', optional);
  const value = data?.get(reference.key);
  if (value === undefined && data && !optional)
    throw new ConfigError(`couldn't find key ${reference.key} in ${kind} ${pod.metadata.namespace}/${reference.name}`);
  return value;
}

/** Docker-link variables of services in the pod's namespace, and the API server's always. */
function serviceVariables(node: EnvironmentParts, pod: kinds.Pod): Map<string, string> {
  const result = new Map<string, string>();
  const links = pod.spec?.enableServiceLinks ?? true;
  for (const service of node.services()) {
    const { name = '', namespace } = service.metadata;
    const master = namespace === 'default' && name === 'kubernetes';
    const { clusterIP, ports = [] } = service.spec ?? {};
    if (!clusterIP || clusterIP === 'None' || ports.length === 0) continue;
    if (!master && (!links || namespace !== pod.metadata.namespace)) continue;
    const prefix = name.toUpperCase().replaceAll('-', '_');
    const host = clusterIP.includes(':') ? `[${clusterIP}]` : clusterIP;
    result.set(`${prefix}_SERVICE_HOST`, clusterIP);
    result.set(`${prefix}_SERVICE_PORT`, String(ports[0]!.port));
    for (const port of ports)
      if (port.name)
        result.set(`${prefix}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`, String(port.port));
    for (const [index, port] of ports.entries()) {
      const protocol = (port.protocol ?? 'TCP').toLowerCase();
      const url = `${protocol}://${host}:${port.port}`;
      const base = `${prefix}_PORT_${port.port}_${protocol.toUpperCase()}`;
      if (index === 0) result.set(`${prefix}_PORT`, url);
      result.set(base, url);
      result.set(`${base}_PROTO`, protocol);
      result.set(`${base}_PORT`, String(port.port));
      result.set(`${base}_ADDR`, clusterIP);
    }
  }
  return result;
}

import type { KubeObject, RequestContext, ResourceDefinition } from '../../kernel/index.ts';
import type { RequestTarget } from '../request/target.ts';
import type { Services } from '../serve/services.ts';

const KINDS: ReadonlyMap<string, string> = new Map([
  ['pods/exec', 'PodExecOptions'],
  ['pods/attach', 'PodAttachOptions'],
  ['pods/portforward', 'PodPortForwardOptions'],
  ['pods/proxy', 'PodProxyOptions'],
  ['services/proxy', 'ServiceProxyOptions'],
  ['nodes/proxy', 'NodeProxyOptions'],
]);

const truth = (value: string | null): boolean => value === 'true' || value === '1';

/** The query of a connection as the options object of its kind (core/v1 PodExecOptions …), with their defaults. */
export function connectOptions(target: RequestTarget, params: URLSearchParams): KubeObject {
  const kind = KINDS.get(`${target.resource}/${target.subresource}`)!;
  const options: Record<string, unknown> = { kind, apiVersion: 'v1' };
  if (kind === 'PodExecOptions' || kind === 'PodAttachOptions') {
    if (truth(params.get('stdin'))) options.stdin = true;
    // Absent means true, as the defaults of both kinds say.
    for (const name of ['stdout', 'stderr']) if (!params.has(name) || truth(params.get(name))) options[name] = true;
    if (truth(params.get('tty'))) options.tty = true;
    const container = params.get('container');
    if (container) options.container = container;
    const command = params.getAll('command');
    if (kind === 'PodExecOptions') options.command = command.length > 0 ? command : null;
  } else if (kind === 'PodPortForwardOptions') {
    const ports = params.getAll('ports').flatMap(text => text.split(',').map(Number));
    if (ports.length > 0) options.ports = ports;
  } else options.path = `/${target.rest}`;
  return options as unknown as KubeObject;
}

/** Asks admission whether a connection may be opened; throws its refusal. */
export async function admitConnection(
  services: Pick<Services, 'registry'>,
  context: RequestContext,
  definition: ResourceDefinition,
  target: RequestTarget,
  params: URLSearchParams,
): Promise<void> {
  const key = { ...(definition.namespaced ? { namespace: target.namespace } : {}), name: target.name };
  await services.registry.connect(context, definition, key, target.subresource, connectOptions(target, params));
}

import { type Language, reportFault } from '../../base/index.ts';
import type { DeliveryStatus } from '../../delivery/index.ts';
import type { KubeObject } from '../../kernel/index.ts';
import type { PlatformStatus } from './control.ts';
import type { Platform } from './platform.ts';

const isReady = (object: KubeObject): boolean => {
  const status = object.status as { conditions?: { type: string; status: string }[]; phase?: string } | undefined;
  return status?.conditions?.some(({ type, status: value }) => type === 'Ready' && value === 'True') ?? false;
};
const isFinished = (object: KubeObject): boolean =>
  (object.status as { phase?: string } | undefined)?.phase === 'Succeeded';

/** Where Ingress is served; empty until there is one. */
export function ingressUrl(platform: Pick<Platform, 'parts'>): string {
  const port = platform.parts.listeners?.().get('ingress/http');
  return port === undefined ? '' : `http://127.0.0.1:${port}`;
}

/** Reads the whole state once, as `status` prints it. */
export async function platformStatus(
  platform: Platform,
  consoleUrl: () => string,
  sources: ReadonlyMap<string, DeliveryStatus>,
  language: Language,
): Promise<PlatformStatus> {
  const client = platform.kernel.client();
  const [nodes, pods] = await Promise.all(
    ['nodes', 'pods'].map(resource => client.list({ group: '', version: 'v1', resource })),
  );
  const layers = Object.fromEntries(
    [...platform.layers].map(([name, { ready, faults }]) => [
      name,
      { ready, faults: faults.map(fault => reportFault(fault, language)) },
    ]),
  );
  return {
    ready: Object.values(layers).every(({ ready }) => ready),
    api: platform.api.url,
    console: consoleUrl(),
    ingress: ingressUrl(platform),
    pid: process.pid,
    nodes: { total: nodes!.items.length, ready: nodes!.items.filter(isReady).length },
    pods: { total: pods!.items.length, ready: pods!.items.filter(pod => isReady(pod) || isFinished(pod)).length },
    layers,
    sources: [...sources.values()].map(({ source, phase, revision, applied, wanted }) => ({
      name: source,
      phase,
      revision,
      applied,
      wanted,
    })),
  };
}

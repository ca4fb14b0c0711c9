/** What a simulated pod needs of the API before it can run: looked for by the node agent's own code, where anything is named. */
import {
  boundVolume,
  claimOf,
  containerSpec,
  environmentOf,
  mountFailure,
  project,
} from '../../../compute/decisions.ts';
import type { Clock } from '../../../base/index.ts';
import type { Client, kinds } from '../../../kernel/index.ts';

export interface NeedsParts {
  readonly client: Client;
  readonly clock: Clock;
  /** The node's. */
  readonly hostIps: readonly string[];
  readonly podIps: readonly string[];
  readonly capacity: { readonly milliCpu: number; readonly memory_bytes: number };
}

/** Tokens and the certificate beside them (`kube-api-access-...`) are there at once: nobody in a run reads them. */
const isToken = ({ projected }: kinds.Volume): boolean =>
  projected?.sources?.some(source => source.serviceAccountToken !== undefined) ?? false;

const isNamed = (volume: kinds.Volume): boolean =>
  volume.configMap !== undefined ||
  volume.secret !== undefined ||
  volume.persistentVolumeClaim !== undefined ||
  volume.ephemeral !== undefined ||
  (volume.projected !== undefined && !isToken(volume));

const reading = ({ client }: NeedsParts): Parameters<typeof project>[0]['objects'] => ({
  get: (ref, namespace, name) => client.get(ref, { namespace, name }),
});

/** Volumes that show objects or stand on claims. Undefined where there are none; rejects with words for a FailedMount event. */
export function volumesOf(pod: kinds.Pod, parts: NeedsParts): Promise<void> | undefined {
  const volumes = pod.spec?.volumes?.filter(isNamed) ?? [];
  return volumes.length === 0 ? undefined : prepare(pod, volumes, parts);
}

async function prepare(pod: kinds.Pod, volumes: readonly kinds.Volume[], parts: NeedsParts): Promise<void> {
  const { client, clock } = parts;
  for (const volume of volumes) {
    const claim = claimOf(pod, volume);
    try {
      if (claim !== undefined) await boundVolume(client, pod.metadata.namespace ?? '', claim);
      else await project({ client, clock, objects: reading(parts) }, pod, volume, parts);
    } catch (error) {
      throw mountFailure(volume.name, error);
    }
  }
}

/** The variables of a container that come from elsewhere. Undefined where none do; rejects as the start of the container does. */
export function variablesOf(pod: kinds.Pod, name: string, parts: NeedsParts): Promise<unknown> | undefined {
  const container = containerSpec(pod, name);
  const elsewhere = container?.envFrom?.length || container?.env?.some(({ valueFrom }) => valueFrom !== undefined);
  if (!container || !elsewhere) return undefined;
  // What Services add fails nobody.
  const node = { services: () => [], objects: reading(parts) };
  return environmentOf(node, pod, container, undefined, parts);
}

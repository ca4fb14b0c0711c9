import type { Client, kinds } from '../../kernel/index.ts';
import { CLAIMS, VOLUMES } from './refs.ts';

/** A claim's volume as it is bound. */
export interface BoundVolume {
  readonly volumeName: string;
  readonly spec: Readonly<Record<string, unknown>>;
}

/** The claim a volume of a pod names; undefined for volumes of other kinds. That of an ephemeral volume is named after both. */
export function claimOf(pod: kinds.Pod, volume: kinds.Volume): string | undefined {
  if (!volume.persistentVolumeClaim && !volume.ephemeral) return undefined;
  return volume.persistentVolumeClaim?.claimName ?? `${pod.metadata.name}-${volume.name}`;
}

/** The volume a claim is bound to. Rejects with words for a FailedMount event. */
export async function boundVolume(client: Client, namespace: string, claim: string): Promise<BoundVolume> {
  const object = await client.get<kinds.PersistentVolumeClaim>(CLAIMS, { namespace, name: claim });
  const volumeName = object.spec?.volumeName;
  if (!volumeName || object.status?.phase !== 'Bound') throw new Error(`persistentvolumeclaim "${claim}" is not bound`);
  const bound = await client.get<kinds.PersistentVolume>(VOLUMES, { name: volumeName });
  return { volumeName, spec: (bound.spec ?? {}) as Readonly<Record<string, unknown>> };
}

/** What a FailedMount event says of a volume that could not be made. */
export const mountFailure = (volume: string, error: unknown): Error =>
  new Error(`MountVolume.SetUp failed for volume "${volume}" : ${(error as Error).message}`, { cause: error });

import { isNotFound, type KubeObject, type kinds } from '../../kernel/index.ts';
import { type DownwardContext, fieldText, resourceText } from '../engine/downward.ts';
import type { ProjectedFile } from './atomic-folder.ts';
import type { NodeContext } from './node-context.ts';
import { CONFIG_MAPS, SECRETS, SERVICE_ACCOUNTS } from './refs.ts';

const MODE = 0o644;
const TOKEN_SECONDS = 3607;
/** A token is renewed when this share of its life is over (kubelet: 80 %). */
const RENEW_SHARE = 0.8;

/** What of a node the files of volumes are made from. */
export interface ProjectionParts extends Pick<NodeContext, 'client' | 'clock'> {
  readonly objects: Pick<NodeContext['objects'], 'get'>;
}

/** The files of one volume and when they must be made again. */
export interface Projection {
  readonly files: readonly ProjectedFile[];
  readonly renewAt_ms?: number;
}

interface Item {
  readonly key: string;
  readonly path: string;
  readonly mode?: number;
}

interface KeyedSource {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly name: string;
  readonly optional: boolean;
  readonly items: readonly Item[] | undefined;
  readonly mode: number;
}

/** A volume that shows API objects as files, or undefined for other kinds of volumes. */
export async function project(
  node: ProjectionParts,
  pod: kinds.Pod,
  volume: kinds.Volume,
  downward: DownwardContext,
): Promise<Projection | undefined> {
  if (volume.configMap) {
    const { name = '', optional = false, items, defaultMode = MODE } = volume.configMap;
    return {
      files: await keyed(node, pod, { kind: 'ConfigMap', name, optional, items: items as Item[], mode: defaultMode }),
    };
  }
  if (volume.secret) {
    const { secretName = '', optional = false, items, defaultMode = MODE } = volume.secret;
    return {
      files: await keyed(node, pod, {
        kind: 'Secret',
        name: secretName,
        optional,
        items: items as Item[],
        mode: defaultMode,
      }),
    };
  }
  if (volume.downwardAPI) {
    const { items = [], defaultMode = MODE } = volume.downwardAPI;
    return { files: downwardFiles(pod, items, defaultMode, downward) };
  }
  if (!volume.projected) return undefined;
  const mode = volume.projected.defaultMode ?? MODE;
  const files: ProjectedFile[] = [];
  let renewAt_ms: number | undefined;
  for (const source of volume.projected.sources ?? []) {
    if (source.configMap) {
      const { name = '', optional = false, items } = source.configMap;
      files.push(...(await keyed(node, pod, { kind: 'ConfigMap', name, optional, items: items as Item[], mode })));
    } else if (source.secret) {
      const { name = '', optional = false, items } = source.secret;
      files.push(...(await keyed(node, pod, { kind: 'Secret', name, optional, items: items as Item[], mode })));
    } else if (source.downwardAPI) files.push(...downwardFiles(pod, source.downwardAPI.items ?? [], mode, downward));
    else if (source.serviceAccountToken) {
      const token = await requestToken(node, pod, source.serviceAccountToken);
      files.push({ path: source.serviceAccountToken.path, bytes: Buffer.from(token.text), mode: tokenMode(pod, mode) });
      renewAt_ms = Math.min(renewAt_ms ?? Number.POSITIVE_INFINITY, token.renewAt_ms);
    }
  }
  return { files, ...(renewAt_ms === undefined ? {} : { renewAt_ms }) };
}

/** Tokens are for their pod alone: 0600, readable by the group where the pod has one of its own. */
const tokenMode = (pod: kinds.Pod, mode: number): number => {
  const { fsGroup, runAsUser } = pod.spec?.securityContext ?? {};
  if (fsGroup !== undefined) return 0o640;
  return runAsUser === undefined ? mode : 0o644;
};

async function keyed(node: ProjectionParts, pod: kinds.Pod, source: KeyedSource): Promise<ProjectedFile[]> {
  const namespace = pod.metadata.namespace ?? '';
  let object: KubeObject;
  try {
    object = await node.objects.get(source.kind === 'Secret' ? SECRETS : CONFIG_MAPS, namespace, source.name);
  } catch (error) {
    if (isNotFound(error) && source.optional) return [];
    throw error;
  }
  const data = (object.data ?? {}) as Record<string, string>;
  const binary = (object.binaryData ?? {}) as Record<string, string>;
  const bytes = (key: string): Uint8Array | undefined => {
    if (Object.hasOwn(data, key)) return Buffer.from(data[key]!, source.kind === 'Secret' ? 'base64' : 'utf8');
    return Object.hasOwn(binary, key) ? Buffer.from(binary[key]!, 'base64') : undefined;
  };
  const items: readonly Item[] =
    source.items ?? [...Object.keys(data), ...Object.keys(binary)].map(key => ({ key, path: key }));
  return items.flatMap(({ key, path, mode }) => {
    const content = bytes(key);
    if (content === undefined && !source.optional)
      throw new Error(`references non-existent ${source.kind === 'Secret' ? 'secret' : 'config'} key: ${key}`);
    return content === undefined ? [] : [{ path, bytes: content, mode: mode ?? source.mode }];
  });
}

function downwardFiles(
  pod: kinds.Pod,
  items: readonly kinds.DownwardAPIVolumeFile[],
  mode: number,
  context: DownwardContext,
): ProjectedFile[] {
  return items.map(item => {
    const text = item.fieldRef
      ? fieldText(pod, item.fieldRef.fieldPath, context)
      : item.resourceFieldRef &&
        resourceText(pod, item.resourceFieldRef, item.resourceFieldRef.containerName ?? '', context);
    return { path: item.path, bytes: Buffer.from(text ?? ''), mode: item.mode ?? mode };
  });
}

async function requestToken(
  node: ProjectionParts,
  pod: kinds.Pod,
  source: kinds.ServiceAccountTokenProjection,
): Promise<{ text: string; renewAt_ms: number }> {
  const namespace = pod.metadata.namespace ?? '';
  const name = pod.spec?.serviceAccountName || 'default';
  const request: KubeObject = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: {
      audiences: source.audience ? [source.audience] : [],
      expirationSeconds: source.expirationSeconds ?? TOKEN_SECONDS,
      boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: pod.metadata.uid },
    },
  };
  const answer = await node.client.create(SERVICE_ACCOUNTS, request, { namespace, name, subresource: 'token' });
  const status = (answer.status ?? {}) as { token?: string; expirationTimestamp?: string };
  const now = node.clock.now();
  const life_ms = (status.expirationTimestamp ? Date.parse(status.expirationTimestamp) : now + 3_600_000) - now;
  return { text: status.token ?? '', renewAt_ms: now + life_ms * RENEW_SHARE };
}

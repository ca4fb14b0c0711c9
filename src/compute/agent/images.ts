import { FaultError } from '../../base/index.ts';
import type { kinds } from '../../kernel/index.ts';
import type { ImageRecord, RegistryAuth } from '../ports.ts';
import type { NodeContext } from './node-context.ts';
import { SECRETS } from './refs.ts';

/** An image that could not be had, in kubelet's reasons. */
export class ImageProblem extends Error {
  readonly reason: string;
  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}

const REFERENCE = /^[a-zA-Z0-9][a-zA-Z0-9._\-/:@]*$/;

const seconds = (took_ms: number): string =>
  took_ms < 1000 ? `${Math.round(took_ms)}ms` : `${(took_ms / 1000).toFixed(3)}s`;

type Tell = (type: 'Normal' | 'Warning', reason: string, message: string) => void;

/** The image of a container by its pull policy, with kubelet's events. Rejects with an ImageProblem. */
export async function ensureImage(
  node: NodeContext,
  pod: kinds.Pod,
  container: kinds.Container,
  tell: Tell,
): Promise<ImageRecord> {
  const reference = container.image ?? '';
  if (!REFERENCE.test(reference)) {
    const message = `Failed to apply default image tag "${reference}": couldn't parse image name "${reference}": invalid reference format`;
    tell('Warning', 'InspectFailed', message);
    throw new ImageProblem('InvalidImageName', message);
  }
  const policy =
    container.imagePullPolicy ??
    (/:[^/]+$/.test(reference) && !reference.endsWith(':latest') ? 'IfNotPresent' : 'Always');
  const present = policy === 'Always' ? undefined : await resolve(node, reference);
  if (present) {
    tell('Normal', 'Pulled', `Container image "${reference}" already present on machine`);
    return present;
  }
  if (policy === 'Never') {
    const message = `Container image "${reference}" is not present with pull policy of Never`;
    tell('Warning', 'ErrImageNeverPull', message);
    throw new ImageProblem('ErrImageNeverPull', message);
  }
  return pull(node, pod, reference, tell);
}

async function resolve(node: NodeContext, reference: string): Promise<ImageRecord | undefined> {
  try {
    return await node.images.resolve(reference);
  } catch (error) {
    throw new ImageProblem('ImageInspectError', (error as Error).message);
  }
}

async function pull(node: NodeContext, pod: kinds.Pod, reference: string, tell: Tell): Promise<ImageRecord> {
  tell('Normal', 'Pulling', `Pulling image "${reference}"`);
  const start = node.clock.monotonic();
  try {
    const image = await node.images.pull(reference, { auth: await credentials(node, pod) });
    const took = seconds(node.clock.monotonic() - start);
    tell(
      'Normal',
      'Pulled',
      `Successfully pulled image "${reference}" in ${took} (${took} including waiting). Image size: ${image.size_bytes} bytes.`,
    );
    return image;
  } catch (error) {
    const words =
      error instanceof FaultError && error.fault.definition.remedy ? error.message : (error as Error).message;
    const message = `failed to pull and unpack image "${reference}": ${words}`;
    tell('Warning', 'Failed', `Failed to pull image "${reference}": ${message}`);
    tell('Warning', 'Failed', 'Error: ErrImagePull');
    throw new ImageProblem('ErrImagePull', message);
  }
}

/** What imagePullSecrets (the pod's; admission copies the service account's) say. */
async function credentials(node: NodeContext, pod: kinds.Pod): Promise<RegistryAuth[]> {
  const found: RegistryAuth[] = [];
  for (const { name } of pod.spec?.imagePullSecrets ?? []) {
    if (!name) continue;
    try {
      const secret = await node.objects.get(SECRETS, pod.metadata.namespace ?? '', name);
      const data = (secret.data ?? {}) as Record<string, string>;
      const modern = data['.dockerconfigjson'];
      const text = Buffer.from(modern ?? data['.dockercfg'] ?? '', 'base64').toString() || '{}';
      const parsed = JSON.parse(text) as { auths?: Record<string, DockerAuth> };
      const auths = modern === undefined ? (parsed as Record<string, DockerAuth>) : (parsed.auths ?? {});
      for (const [registry, entry] of Object.entries(auths)) found.push(authOf(registry, entry));
    } catch (error) {
      node.report(error, `image pull secret ${name}`);
    }
  }
  return found;
}

interface DockerAuth {
  readonly username?: string;
  readonly password?: string;
  readonly auth?: string;
  readonly identitytoken?: string;
}

function authOf(registry: string, entry: DockerAuth): RegistryAuth {
  const decoded = entry.auth ? Buffer.from(entry.auth, 'base64').toString() : '';
  const colon = decoded.indexOf(':');
  const username = entry.username ?? (colon > 0 ? decoded.slice(0, colon) : undefined);
  const password = entry.password ?? (colon > 0 ? decoded.slice(colon + 1) : undefined);
  return {
    registry: registry.replace(/^https?:\/\//, ''),
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(entry.identitytoken ? { identityToken: entry.identitytoken } : {}),
  };
}

import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import type { kinds } from '../../kernel/index.ts';
import type { Security } from '../model.ts';
import { ConfigError } from './environment.ts';
import type { NodeContext } from './node-context.ts';

const PROFILE_BYTES_MAX = 1024 * 1024;
const APPARMOR = '/sys/kernel/security/apparmor';

/** What a container may do. Rejects with ConfigError where it names a profile that this node has not. */
export async function securityOf(node: NodeContext, pod: kinds.Pod, container: kinds.Container): Promise<Security> {
  const own = container.securityContext;
  const privileged = own?.privileged ?? false;
  const apparmor = privileged ? undefined : apparmorOf(pod, container);
  return {
    privileged,
    readOnlyRootfs: own?.readOnlyRootFilesystem ?? false,
    noNewPrivileges: own?.allowPrivilegeEscalation === false,
    capabilities: { add: own?.capabilities?.add ?? [], drop: own?.capabilities?.drop ?? [] },
    seccomp: privileged ? 'unconfined' : await seccompOf(node, pod, container),
    procMount: own?.procMount === 'Unmasked' ? 'unmasked' : 'default',
    ...(apparmor === undefined ? {} : { apparmor }),
  };
}

/** A profile of the user's own is a file below the node's `seccomp` folder, as below kubelet's. */
async function seccompOf(node: NodeContext, pod: kinds.Pod, container: kinds.Container): Promise<Security['seccomp']> {
  const profile = container.securityContext?.seccompProfile ?? pod.spec?.securityContext?.seccompProfile;
  if (profile?.type === 'RuntimeDefault') return 'default';
  if (profile?.type !== 'Localhost') return 'unconfined';
  const folder = join(node.stateFolder, 'seccomp');
  const name = normalize(profile.localhostProfile ?? '');
  const path = join(folder, name);
  if (name === '.' || name.startsWith('/') || !path.startsWith(`${folder}/`))
    throw new ConfigError(`seccomp profile "${profile.localhostProfile ?? ''}" must lie below ${folder}`);
  try {
    if ((await stat(path)).size > PROFILE_BYTES_MAX) throw new Error('larger than 1 MiB');
    const text = await readFile(path, 'utf8');
    JSON.parse(text);
    return { profile: text };
  } catch (error) {
    throw new ConfigError(`cannot load seccomp profile "${path}": ${(error as Error).message}`);
  }
}

function apparmorOf(pod: kinds.Pod, container: kinds.Container): string | undefined {
  const profile = container.securityContext?.appArmorProfile ?? pod.spec?.securityContext?.appArmorProfile;
  if (profile?.type !== 'Localhost') return undefined;
  if (!existsSync(APPARMOR)) throw new ConfigError('Cannot enforce AppArmor: AppArmor is not enabled on the host');
  return profile.localhostProfile;
}

import { existsSync, readFileSync } from 'node:fs';
import type { Account, Security } from '../model.ts';
import type { ImageRecord, ImageStore } from '../ports.ts';
import { invalid } from './errors.ts';
import {
  type LinuxContainerSecurityContext,
  type SecurityProfile,
  ProfileType,
  SupplementalGroupsPolicy,
} from './generated/api.ts';

const PROFILE_BYTES_MAX = 1024 * 1024;

/** A user's profile: the JSON of the runtime specification's `linux.seccomp`. */
function readProfile(path: string): { readonly profile: string } {
  let profile: string;
  try {
    profile = readFileSync(path, 'utf8');
    if (profile.length > PROFILE_BYTES_MAX) throw new Error('larger than 1 MiB');
    JSON.parse(profile);
  } catch (error) {
    throw invalid(`failed to load seccomp profile "${path}": ${(error as Error).message}`);
  }
  return { profile };
}

function seccompOf(profile: SecurityProfile | undefined, legacy: string): Security['seccomp'] {
  if (profile) {
    if (profile.profileType === ProfileType.RuntimeDefault) return 'default';
    if (profile.profileType === ProfileType.Unconfined) return 'unconfined';
    return readProfile(profile.localhostRef);
  }
  if (legacy === '' || legacy === 'unconfined') return 'unconfined';
  if (legacy === 'runtime/default' || legacy === 'docker/default') return 'default';
  if (!legacy.startsWith('localhost/')) throw invalid(`invalid seccomp profile "${legacy}"`);
  return readProfile(legacy.slice('localhost/'.length));
}

function apparmorOf(profile: SecurityProfile | undefined, legacy: string): string | undefined {
  const wanted = profile
    ? profile.profileType === ProfileType.Localhost
      ? profile.localhostRef
      : undefined
    : legacy.startsWith('localhost/')
      ? legacy.slice('localhost/'.length)
      : undefined;
  if (wanted === undefined) return undefined;
  if (!existsSync('/sys/kernel/security/apparmor')) throw invalid('apparmor is not supported on this machine');
  return wanted.replace(/^localhost\//, '');
}

/** What a container may do, from its security context; a privileged one is confined by nothing. */
export function lowerSecurity(context: LinuxContainerSecurityContext | undefined): Security {
  if (!context)
    return {
      privileged: false,
      readOnlyRootfs: false,
      noNewPrivileges: false,
      capabilities: { add: [], drop: [] },
      seccomp: 'unconfined',
      procMount: { masked: [], readOnly: [] },
    };
  const { privileged, capabilities } = context;
  const apparmor = privileged ? undefined : apparmorOf(context.apparmor, context.apparmorProfile);
  return {
    privileged,
    readOnlyRootfs: context.readonlyRootfs,
    noNewPrivileges: context.noNewPrivs,
    capabilities: { add: capabilities?.addCapabilities ?? [], drop: capabilities?.dropCapabilities ?? [] },
    seccomp: privileged ? 'unconfined' : seccompOf(context.seccomp, context.seccompProfilePath),
    procMount: { masked: context.maskedPaths, readOnly: context.readonlyPaths },
    ...(apparmor === undefined ? {} : { apparmor }),
  };
}

/** Who runs: the context's user, else the image's; groups of the image's files only under the Merge policy. */
export async function lowerAccount(
  context: LinuxContainerSecurityContext | undefined,
  image: ImageRecord,
  images: ImageStore,
): Promise<Account> {
  const { runAsUser, runAsGroup, runAsUsername = '' } = context ?? {};
  if (runAsGroup && !runAsUser && !runAsUsername) throw invalid('user group is specified without user');
  const user = runAsUser ? String(runAsUser.value) : runAsUsername || image.config.user;
  const found = image.kind === 'wasm' ? { uid: 0, gid: 0, groups: [] } : await images.account(image.id, user);
  if (!found) throw invalid(`unable to find user ${user}: no matching entries in passwd file`);
  const strict = context?.supplementalGroupsPolicy === SupplementalGroupsPolicy.Strict;
  const gid = runAsGroup?.value ?? found.gid;
  // KEP-3619: the primary group is one of the supplementary ones under either policy.
  const groups = new Set([gid, ...(strict ? [] : found.groups), ...(context?.supplementalGroups ?? [])]);
  return { ...found, gid, groups: [...groups] };
}

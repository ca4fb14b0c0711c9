import { type Draft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';

const LISTS = ['containers', 'initContainers', 'ephemeralContainers'];
/** Fields, as they are said and as the API server tells of them. */
const SHARED = [
  ['hostNetwork', 'hostNetwork'],
  ['hostPID', 'HostPID'],
  ['hostIPC', 'HostIPC'],
] as const;

/** What a pod with users of its own may not share with its node, and what only such a pod may see (core/v1 PodSpec hostUsers). */
export function hostUsers(spec: Draft, field: string, causes: Causes): void {
  if (spec.hostUsers !== false) return;
  for (const [shared, told] of SHARED)
    if (spec[shared] === true) causes.forbidden(`${field}.${told}`, 'when `hostUsers` is false');
}

/** How much of /proc containers see. */
export function procMounts(spec: Draft, field: string, causes: Causes): void {
  for (const list of LISTS)
    parts(spec, list).forEach((one, i) => {
      const mount = part(one, 'securityContext')?.procMount;
      if (mount === undefined) return;
      const at = `${field}.${list}[${i}].securityContext.procMount`;
      causes.oneOf(at, mount, ['Default', 'Unmasked']);
      if (mount === 'Unmasked' && spec.hostUsers !== false)
        causes.invalid(at, mount, '`hostUsers` must be false to use `Unmasked`');
    });
}

import type { JsonObject } from '../../../../kernel/index.ts';
import { list, listAt } from './model.ts';

/** Controls that speak of containers alone, and of the pod alone (Pod Security Standards; Kyverno, "Pod Security"). */
const OF_CONTAINERS = new Set([
  'Capabilities',
  'Privileged Containers',
  'Host Ports',
  '/proc Mount Type',
  'Privilege Escalation',
]);
const OF_PODS = new Set(['Host Namespaces', 'HostPath Volumes', 'Sysctls', 'Volume Types']);

/** What is wrong with the controls that are left out of a pod security standard; `where` is their list. */
export function exclusionFault(of: JsonObject, name: 'exclude' | 'podSecurity', where: string): string | undefined {
  for (const [i, { controlName, images, restrictedField, values }] of listAt(of, name).entries()) {
    const at = `${where}[${i}]`;
    const control = String(controlName);
    const hasImages = list(images).length > 0;
    if (OF_CONTAINERS.has(control) && !hasImages)
      return `${at}: Invalid value: "${control}": exclude.images must be specified for the container level control`;
    if (OF_PODS.has(control) && hasImages)
      return `${at}: Invalid value: "${control}": exclude.images must not be specified for the pod level control`;
    const hasField = typeof restrictedField === 'string' && restrictedField !== '';
    const hasValues = list(values).length > 0;
    if (hasField && !hasValues) return `${at}.values: Required value: values is required`;
    if (hasValues && !hasField) return `${at}.restrictedField: Required value: restrictedField is required`;
  }
  return undefined;
}

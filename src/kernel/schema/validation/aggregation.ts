import { type Draft, part } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { specOf, text } from './common.ts';
import { dns1035Label, dnsSubdomain, pathSegment, portNumber } from './names.ts';

const GROUP_PRIORITY_MAX = 20_000;
const VERSION_PRIORITY_MAX = 1000;

/** apiregistration/v1 APIService: named by what it serves; one served elsewhere says how it is reached. */
export function apiService(object: Draft, causes: Causes): void {
  const spec = specOf(object);
  const name = text(part(object, 'metadata')?.name);
  const [group, version] = [text(spec.group), text(spec.version)];
  const wanted = `${version}.${group}`;
  if (name !== '' && pathSegment(name).length === 0 && name !== wanted)
    causes.invalid('metadata.name', name, `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(wanted)}`);
  if (group === '' && version !== 'v1')
    causes.required('spec.group', 'only v1 may have an empty group and it better be legacy kube');
  if (group !== '') causes.invalidAll('spec.group', group, dnsSubdomain(group));
  causes.invalidAll('spec.version', version, dns1035Label(version));
  for (const [field, most] of [
    ['groupPriorityMinimum', GROUP_PRIORITY_MAX],
    ['versionPriority', VERSION_PRIORITY_MAX],
  ] as const) {
    const given = Number(spec[field] ?? 0);
    if (given <= 0 || given > most) causes.invalid(`spec.${field}`, given, `must be positive and less than ${most}`);
  }
  const bundle = text(spec.caBundle);
  const service = part(spec, 'service');
  if (service === undefined) return local(spec, bundle, causes);
  for (const field of ['namespace', 'name']) if (text(service[field]) === '') causes.required(`spec.service.${field}`);
  const port = Number(service.port ?? 443);
  const wrong = portNumber(port);
  if (wrong.length > 0) causes.invalid('spec.service.port', port, `port is not valid: ${wrong.join(', ')}`);
  if (spec.insecureSkipTLSVerify === true && bundle !== '')
    causes.invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present');
}

function local(spec: Draft, bundle: string, causes: Causes): void {
  if (bundle !== '')
    causes.invalid(
      'spec.caBundle',
      `${Buffer.from(bundle, 'base64').length} bytes`,
      'local APIServices may not have a caBundle',
    );
  if (spec.insecureSkipTLSVerify === true)
    causes.invalid('spec.insecureSkipTLSVerify', true, 'local APIServices may not have insecureSkipTLSVerify');
}

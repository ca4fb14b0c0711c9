import type { Json } from '../../../kernel/index.ts';
import { type KyvernoWorld, textAt } from './model.ts';

/** `/api/v1/namespaces/NS/pods/NAME`, `/apis/GROUP/VERSION/RESOURCE`: answered from what is known of the resource. `complete` where an empty list means there is none. */
export function apiPath(url: string, find: KyvernoWorld['list'], complete = false): Json | undefined {
  const steps = url
    .split('?')[0]!
    .split('/')
    .filter(step => step !== '');
  const version = steps[0] === 'api' ? steps[1] : steps[0] === 'apis' ? `${steps[1]}/${steps[2]}` : undefined;
  if (version === undefined) return undefined;
  let rest = steps.slice(steps[0] === 'api' ? 2 : 3);
  let namespace = '';
  if (rest[0] === 'namespaces' && rest.length > 2) [namespace, rest] = [rest[1]!, rest.slice(2)];
  const [resource, name] = rest;
  if (resource === undefined) return undefined;
  const found = find(version, resource, namespace);
  if (name === undefined) return found.length === 0 && !complete ? undefined : { items: [...found] };
  return found.find(each => textAt(each, 'metadata', 'name') === name);
}

/** Objects by name, as kubectl takes them: `deploy/shop/web`, `node/n1`. */
import { builtinCatalog, type Path, type ResourceDefinition } from '../../../kernel/index.ts';
import { scenarioFaults } from './faults.ts';
import type { ObjectRef } from './model.ts';
import { nearest } from './nearest.ts';
import { type Bad, either, into, may, need, object, type Reader, type Shape, text } from './shape.ts';
import { name } from './values.ts';

let words: ReadonlyMap<string, ResourceDefinition> | undefined;

/** Definitions by every word that stands for them; the most usual group first. */
function definitions(): ReadonlyMap<string, ResourceDefinition> {
  if (words) return words;
  const found = new Map<string, ResourceDefinition>();
  const rank = ({ group, version }: ResourceDefinition): number =>
    (group === '' ? 0 : group === 'apps' || group === 'batch' ? 1 : group === 'events.k8s.io' ? 3 : 2) +
    (/^v\d+$/.test(version) ? 0 : 10);
  for (const definition of [...builtinCatalog().all()].sort((left, right) => rank(left) - rank(right))) {
    if (definition.served === false) continue;
    for (const word of [
      definition.kind.toLowerCase(),
      definition.singular,
      definition.resource,
      ...definition.shortNames,
    ])
      if (!found.has(word)) found.set(word, definition);
  }
  words = found;
  return found;
}

const apiVersionOf = ({ group, version }: ResourceDefinition): string =>
  group === '' ? version : `${group}/${version}`;

function fromText(written: string, path: Path, reader: Reader): ObjectRef | Bad {
  const [word = '', ...names] = written.split('/');
  const known = definitions();
  const definition = known.get(word.toLowerCase());
  if (!definition) {
    const near = nearest(word, [...known.keys()]);
    const of = { en: 'kind of object', zh: '对象类型' };
    const some = 'deploy, sts, ds, job, pod, svc, cm, hpa, node …';
    return reader.fault(scenarioFaults.make('not-known', { of, name: word, near, known: some }, reader.at(path)));
  }
  const base = { apiVersion: apiVersionOf(definition), kind: definition.kind };
  if (names.length === 1 && names[0] !== '') {
    return definition.namespaced ? { ...base, namespace: 'default', name: names[0]! } : { ...base, name: names[0]! };
  }
  if (names.length === 2 && definition.namespaced && names.every(Boolean))
    return { ...base, namespace: names[0]!, name: names[1]! };
  const wanted = definition.namespaced ? `${word}/NAMESPACE/NAME` : `${word}/NAME`;
  const params = { field: String(path.at(-1)), got: JSON.stringify(written), wanted: { en: wanted, zh: wanted } };
  return reader.fault(scenarioFaults.make('wrong-value', params, reader.at(path)));
}

const SAYS = { en: 'an object such as deploy/shop/web', zh: '对象,如 deploy/shop/web' };

/** `deploy/shop/web`, or {apiVersion, kind, namespace, name} for any kind. */
export const objectRef: Shape<ObjectRef> = either(
  SAYS,
  into(text(SAYS), fromText),
  object('an object', {
    apiVersion: need(text({ en: 'a group and version', zh: '组与版本' }), 'of the object'),
    kind: need(text({ en: 'a kind', zh: '类型' }), 'of the object'),
    namespace: may(name, 'of the object'),
    name: need(text({ en: 'a name', zh: '名称' }), 'of the object'),
  }),
) as Shape<ObjectRef>;

/** How an object is written in messages. */
export const describeRef = ({ kind, namespace, name: own }: ObjectRef): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${own}`;

import type { Change, JsonObject, KubeObject, ResourceRef } from '../../../kernel/index.ts';
import { BACKGROUND_RESOURCES, REPORTED_ADMISSION_RESOURCES } from '../../dialects/kyverno/kinds.ts';
import { isReportedAdmission } from '../../dialects/kyverno/background/admission-answers.ts';
import { usableExceptions } from '../../dialects/kyverno/settings.ts';
import type { BackgroundOptions, Documents } from './model.ts';
import { followSettings } from './settings.ts';

/** Custom kinds: the dialect's own come and go with them. */
export const DEFINITIONS: ResourceRef = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  resource: 'customresourcedefinitions',
};
const FOLLOWED = [...BACKGROUND_RESOURCES, ...REPORTED_ADMISSION_RESOURCES];
const isAdmission = (object: JsonObject): boolean => /AdmissionPolicy(?:Binding)?$/.test(String(object.kind));
const groupOf = (object: JsonObject): string => String(object.apiVersion).split('/')[0]!;

/** Follows every document of the dialect; its kinds are custom and may come later. `told` hears of changed settings. */
export function followDocuments(
  options: BackgroundOptions,
  changed: (now: JsonObject | undefined, before: JsonObject | undefined) => void,
  told: () => void,
): Documents {
  const kinds = new Map<string, Map<string, JsonObject>>();
  const known = new Map<string, readonly JsonObject[]>();
  const keep = (change: Change<KubeObject>): void => {
    const object = change.object as unknown as JsonObject;
    const key = `${groupOf(object)}/${change.object.metadata.namespace ?? ''}/${change.object.metadata.name}`;
    const kind = String(object.kind);
    const all = kinds.get(kind) ?? new Map<string, JsonObject>();
    kinds.set(kind, all);
    known.clear();
    const before = all.get(key);
    if (change.type === 'deleted') all.delete(key);
    else all.set(key, object);
    changed(change.type === 'deleted' ? undefined : object, before ?? (change.type === 'deleted' ? object : undefined));
  };
  const followed = new Set<string>();
  const followAll = (): void => {
    for (const definition of options.catalog.all()) {
      const { group, resource, storageVersion } = definition;
      const key = `${group}/${resource}`;
      if (followed.has(key) || !FOLLOWED.some(each => each.group === group && each.resource === resource)) continue;
      followed.add(key);
      options.informer({ group, version: storageVersion, resource }).onChange(keep);
    }
  };
  const settings = followSettings(options, told);
  const follow = (): void => {
    followAll();
    if (BACKGROUND_RESOURCES.some(({ group, resource }) => followed.has(`${group}/${resource}`))) settings.begin();
  };
  follow();
  options.informer(DEFINITIONS).onChange(follow);
  return {
    of: (...wanted) => {
      const key = wanted.join();
      let found = known.get(key);
      if (found === undefined) known.set(key, (found = wanted.flatMap(kind => [...(kinds.get(kind)?.values() ?? [])])));
      return found;
    },
    seen: () => kinds.size > 0,
    all: () => [...kinds.values()].flatMap(each => [...each.values()]).filter(each => !isAdmission(each)),
    admission: () =>
      ['ValidatingAdmissionPolicy', 'MutatingAdmissionPolicy']
        .flatMap(kind => [...(kinds.get(kind)?.values() ?? [])])
        .filter(isReportedAdmission),
    bindingsOf: policy => [...(kinds.get(`${String(policy.kind)}Binding`)?.values() ?? [])],
    settings: settings.current,
    exceptionsFor: policy =>
      usableExceptions(settings.current(), [...(kinds.get('PolicyException')?.values() ?? [])]).filter(
        each => groupOf(each) === groupOf(policy),
      ),
  };
}

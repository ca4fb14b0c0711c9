import { rememberObject, type Text } from '../../../base/index.ts';
import { type JsonObject, type LabelSelectorObject, selects } from '../../../kernel/index.ts';
import { matchesWildcard } from '../../engine/patterns/wildcard.ts';
import type { PolicyRequest } from '../../model.ts';
import { isFiltered } from './filters.ts';
import type { Requester } from './model.ts';
import type { Settings } from './settings.ts';

const labelsOf = (object: { readonly metadata?: { readonly labels?: Readonly<Record<string, string>> } } | undefined) =>
  object?.metadata?.labels ?? {};

const selected = (selector: JsonObject, labels: Readonly<Record<string, string>>): boolean =>
  selects(selector as LabelSelectorObject, labels);

/** True for requests that no webhook of Kyverno would be asked about, or that it lets through unseen. */
export function isPassedOver(settings: Settings, request: PolicyRequest): boolean {
  return passedOver(settings)(request);
}

const passedOver = rememberObject((settings: Settings) =>
  rememberObject(({ kind, subresource, namespace, name, user, namespaceObject, object, oldObject }: PolicyRequest) => {
    const { excludedUsers, excludedGroups, namespaceSelector, objectSelector } = settings;
    const kept = excludedUsers.some(each => each.startsWith('!') && matchesWildcard(each.slice(1), user.name));
    if (!kept && excludedUsers.some(each => matchesWildcard(each, user.name))) return true;
    if (!kept && excludedGroups.some(each => user.groups.some(group => matchesWildcard(each, group)))) return true;
    if (isFiltered(settings.filters, { ...kind, subresource, namespace, name })) return true;
    const isNamespace = kind.kind === 'Namespace' && kind.group === '';
    const scope = isNamespace ? (object ?? oldObject) : namespaceObject;
    if (isNamespace || namespace !== '') {
      const own = isNamespace ? name : namespace;
      const labels = { 'kubernetes.io/metadata.name': own, ...labelsOf(scope) };
      if (!selected(namespaceSelector, labels)) return true;
    }
    if (Object.keys(objectSelector).length === 0) return false;
    return ![object, oldObject].some(each => each !== undefined && selected(objectSelector, labelsOf(each)));
  }),
);

/** True where who asks holds a role whose holders are passed over. */
export const holdsExcludedRole = ({ excludedRoles, excludedClusterRoles }: Settings, who: Requester): boolean =>
  excludedRoles.some(each => who.roles.some(role => matchesWildcard(each, role))) ||
  excludedClusterRoles.some(each => who.clusterRoles.some(role => matchesWildcard(each, role)));

/** What is told of a policy that was not asked. */
export const passedOverText = ({ kind: { kind }, namespace, name }: PolicyRequest): Text => {
  const what = [kind, namespace, name].filter(part => part !== '').join('/');
  return {
    en: `Kyverno is not asked about ${what}: its resource filters, excluded users or webhook selectors leave it out`,
    zh: `Kyverno 不审查 ${what}：其资源过滤器、排除的用户或 webhook 选择器将其排除在外`,
  };
};

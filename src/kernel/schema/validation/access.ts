import { isDeepStrictEqual } from 'node:util';
import { type Draft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { text } from './common.ts';
import { dnsSubdomain, pathSegment } from './names.ts';
import { isSoundSelector, validateSelector } from './selector.ts';

export function role(object: Draft, causes: Causes): void {
  const aggregated = part(object, 'aggregationRule');
  if (aggregated) {
    const at = 'aggregationRule.clusterRoleSelectors';
    const selectors = parts(aggregated, 'clusterRoleSelectors');
    if (selectors.length === 0)
      causes.required(at, 'at least one clusterRoleSelector required if aggregationRule is non-nil');
    selectors.forEach((selector, i) => {
      validateSelector(selector, `${at}[${i}]`, causes);
      if (!isSoundSelector(selector)) causes.invalid(`${at}[${i}]`, undefined, 'invalid label selector.');
    });
  }
  parts(object, 'rules').forEach((rule, i) => {
    const at = `rules[${i}]`;
    const list = (field: string): unknown[] => (Array.isArray(rule[field]) ? rule[field] : []);
    if (list('verbs').length === 0) causes.required(`${at}.verbs`, 'verbs must contain at least one value');
    if (list('nonResourceURLs').length > 0) {
      if (object.kind === 'Role')
        causes.invalid(
          `${at}.nonResourceURLs`,
          rule.nonResourceURLs,
          'namespaced rules cannot apply to non-resource URLs',
        );
      if (list('apiGroups').length + list('resources').length + list('resourceNames').length > 0) {
        causes.invalid(
          `${at}.nonResourceURLs`,
          rule.nonResourceURLs,
          'rules cannot apply to both regular resources and non-resource URLs',
        );
      }
      return;
    }
    if (list('apiGroups').length === 0)
      causes.required(`${at}.apiGroups`, 'resource rules must supply at least one api group');
    if (list('resources').length === 0)
      causes.required(`${at}.resources`, 'resource rules must supply at least one resource');
  });
}

const RBAC = 'rbac.authorization.k8s.io';

export function roleBinding(object: Draft, causes: Causes): void {
  const reference = part(object, 'roleRef') ?? {};
  if (reference.apiGroup !== RBAC) causes.notSupported('roleRef.apiGroup', reference.apiGroup ?? '', [RBAC]);
  causes.oneOf(
    'roleRef.kind',
    reference.kind,
    object.kind === 'RoleBinding' ? ['Role', 'ClusterRole'] : ['ClusterRole'],
  );
  if (text(reference.name) === '') causes.required('roleRef.name');
  else causes.invalidAll('roleRef.name', reference.name, pathSegment(text(reference.name)));
  parts(object, 'subjects').forEach((subject, i) => {
    const at = `subjects[${i}]`;
    if (text(subject.name) === '') causes.required(`${at}.name`);
    const group = text(subject.apiGroup);
    if (subject.kind === 'ServiceAccount') {
      if (text(subject.name) !== '') causes.invalidAll(`${at}.name`, subject.name, dnsSubdomain(text(subject.name)));
      if (group !== '') causes.notSupported(`${at}.apiGroup`, group, ['']);
      if (object.kind === 'ClusterRoleBinding' && text(subject.namespace) === '') causes.required(`${at}.namespace`);
    } else if (subject.kind === 'User' || subject.kind === 'Group') {
      if (group !== RBAC) causes.notSupported(`${at}.apiGroup`, group, [RBAC]);
    } else causes.notSupported(`${at}.kind`, subject.kind ?? '', ['ServiceAccount', 'User', 'Group']);
  });
}

export function roleBindingUpdate(object: Draft, old: Draft, causes: Causes): void {
  if (!isDeepStrictEqual(object.roleRef, old.roleRef))
    causes.invalid('roleRef', object.roleRef, 'cannot change roleRef');
}

import type { UserInfo } from '../../kernel/index.ts';
import type { Attributes, Decision } from '../serve/services.ts';
import {
  allowsPath,
  allowsResource,
  type BindingObject,
  type PolicyRule,
  type RoleObject,
  type Subject,
} from './rules.ts';

/** A role granted to somebody in one place. */
interface Grant {
  /** `ClusterRoleBinding "x" of ClusterRole "y" to Group "z"`. */
  readonly via: string;
  /** Where it holds; '' is everywhere. */
  readonly namespace: string;
  readonly role: string;
  /** `namespace/name` of the binding it came from. */
  readonly binding: string;
}

const clusterRoleKey = (name: string): string => `/${name}`;
const roleKey = (namespace: string, name: string): string => `${namespace}/${name}`;

/** A subject as one string: `u:alice`, `g:system:masters`. Service accounts are users of their long name. */
function subjectKey(subject: Subject, namespace: string): string {
  switch (subject.kind) {
    case 'User':
      return `u:${subject.name}`;
    case 'Group':
      return `g:${subject.name}`;
    case 'ServiceAccount':
      return `u:system:serviceaccount:${subject.namespace || namespace}:${subject.name}`;
    default:
      return '';
  }
}

/**
 * RBAC as a decision structure: grants by subject, rules by role, so that a decision looks only at what is bound to the
 * user and the user's groups. Purely additive: nothing denies.
 */
export class Rbac {
  readonly #rules = new Map<string, readonly PolicyRule[]>();
  readonly #grants = new Map<string, Grant[]>();
  /** What each binding put into `#grants`, to take it out again. */
  readonly #bindings = new Map<string, readonly string[]>();

  setRole(role: RoleObject): void {
    this.#rules.set(roleKey(role.metadata.namespace ?? '', role.metadata.name!), role.rules ?? []);
  }

  removeRole(namespace: string, name: string): void {
    this.#rules.delete(roleKey(namespace, name));
  }

  rulesOf(kind: string, namespace: string, name: string): readonly PolicyRule[] | undefined {
    return this.#rules.get(kind === 'ClusterRole' ? clusterRoleKey(name) : roleKey(namespace, name));
  }

  setBinding(binding: BindingObject): void {
    const namespace = binding.metadata.namespace ?? '';
    const name = binding.metadata.name!;
    this.removeBinding(namespace, name);
    const { roleRef } = binding;
    const role = roleRef.kind === 'ClusterRole' ? clusterRoleKey(roleRef.name) : roleKey(namespace, roleRef.name);
    const kind = namespace === '' ? 'ClusterRoleBinding' : 'RoleBinding';
    const keys: string[] = [];
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subject, namespace);
      const place = namespace === '' ? name : `${name}/${namespace}`;
      const who =
        subject.kind === 'ServiceAccount' ? `${subject.name}/${subject.namespace || namespace}` : subject.name;
      const via = `RBAC: allowed by ${kind} "${place}" of ${roleRef.kind} "${roleRef.name}" to ${subject.kind} "${who}"`;
      const grant: Grant = { via, namespace, role, binding: `${namespace}/${name}` };
      const known = this.#grants.get(key);
      if (known) known.push(grant);
      else this.#grants.set(key, [grant]);
      keys.push(key);
    }
    this.#bindings.set(`${namespace}/${name}`, keys);
  }

  removeBinding(namespace: string, name: string): void {
    const id = `${namespace}/${name}`;
    for (const key of new Set(this.#bindings.get(id))) {
      const left = this.#grants.get(key)!.filter(grant => grant.binding !== id);
      if (left.length > 0) this.#grants.set(key, left);
      else this.#grants.delete(key);
    }
    this.#bindings.delete(id);
  }

  *#grantsOf(user: UserInfo): Generator<Grant> {
    const own = this.#grants.get(`u:${user.name}`);
    if (own) yield* own;
    for (const group of user.groups) {
      const found = this.#grants.get(`g:${group}`);
      if (found) yield* found;
    }
  }

  authorize(attributes: Attributes): Decision {
    for (const grant of this.#grantsOf(attributes.user)) {
      if (grant.namespace !== '' && (!attributes.isResource || grant.namespace !== attributes.namespace)) continue;
      const rules = this.#rules.get(grant.role);
      if (!rules) continue;
      for (const rule of rules) {
        const allowed = attributes.isResource
          ? allowsResource(rule, attributes)
          : allowsPath(rule, attributes.verb, attributes.path);
        if (allowed) return { allowed: true, reason: grant.via };
      }
    }
    return { allowed: false, reason: '' };
  }

  /** Every rule a user has in a namespace, cluster-wide ones included. */
  rulesFor(user: UserInfo, namespace: string): PolicyRule[] {
    const rules: PolicyRule[] = [];
    for (const grant of this.#grantsOf(user)) {
      if (grant.namespace !== '' && grant.namespace !== namespace) continue;
      rules.push(...(this.#rules.get(grant.role) ?? []));
    }
    return rules;
  }
}

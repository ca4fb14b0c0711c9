import type { Attributes, Authorizer, Decision } from '../serve/services.ts';
import type { NodeAuthorizer } from './node.ts';
import type { Rbac } from './rbac.ts';

const MASTERS: Decision = { allowed: true, reason: '' };
/** What everybody may ask without a role: nothing; discovery and health come from bootstrap roles. */
const NO_OPINION: Decision = { allowed: false, reason: '' };

/** The authorizers in the order kube-apiserver asks them: system:masters, Node, RBAC. */
export function authorizers(rbac: Rbac, node: NodeAuthorizer): Authorizer {
  return {
    authorize: (attributes: Attributes): Decision => {
      const { groups } = attributes.user;
      if (groups.includes('system:masters')) return MASTERS;
      if (groups.includes('system:nodes')) {
        const decision = node.authorize(attributes);
        if (decision.allowed) return decision;
        const fallback = rbac.authorize(attributes);
        return fallback.allowed ? fallback : decision;
      }
      const decision = rbac.authorize(attributes);
      return decision.allowed ? decision : NO_OPINION;
    },
  };
}

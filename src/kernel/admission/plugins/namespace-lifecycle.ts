import { forbidden, notFound, StatusError } from '../../status.ts';
import type { AdmissionAttributes, AdmissionStep } from '../admission.ts';
import type { AdmissionReads } from '../reads.ts';

const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public']);

/** Nothing is created in a namespace that is missing or going; three namespaces never go (NamespaceLifecycle). */
export function namespaceLifecycle(reads: AdmissionReads): AdmissionStep {
  const check = ({ operation, definition, subresource, key }: AdmissionAttributes): boolean => {
    if (operation === 'DELETE') {
      if (definition.resource === 'namespaces' && definition.group === '' && IMMORTAL.has(key.name)) {
        throw forbidden(definition, key.name, 'this namespace may not be deleted');
      }
      return false;
    }
    if (!definition.namespaced || subresource || definition.resource === 'localsubjectaccessreviews') return false;
    const namespace = reads.get('namespaces', key.namespace!);
    if (!namespace) throw notFound({ group: '', resource: 'namespaces' }, key.namespace!);
    if (namespace.metadata.deletionTimestamp === undefined) return false;
    const refusal = forbidden(
      definition,
      key.name,
      `unable to create new content in namespace ${key.namespace} because it is being terminated`,
    );
    const cause = {
      reason: 'NamespaceTerminating',
      message: `namespace ${key.namespace} is being terminated`,
      field: 'metadata.namespace',
    };
    throw new StatusError({ ...refusal.status, details: { ...refusal.status.details, causes: [cause] } });
  };
  return {
    name: 'NamespaceLifecycle',
    plain: true,
    handles: operation => operation === 'CREATE' || operation === 'DELETE',
    mutate: check,
    // The namespace may have been marked while mutating steps waited.
    validate: attributes => void check(attributes),
  };
}

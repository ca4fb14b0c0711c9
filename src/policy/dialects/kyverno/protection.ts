import type { CompiledPolicy, PolicyRequest } from '../../model.ts';
import type { Settings } from './settings.ts';

const MANAGED_BY = 'app.kubernetes.io/managed-by';
const OWN = 'system:serviceaccount:kyverno:kyverno-';
const MESSAGE = 'A kyverno managed resource can only be modified by kyverno';

const isManaged = ({ object, oldObject }: PolicyRequest): boolean =>
  [object, oldObject].some(each => each?.metadata.labels?.[MANAGED_BY] === 'kyverno');

/**
 * What Kyverno made may be changed by its own accounts alone, where `protectManagedResources` says so; as there, of the
 * requests that some policy is asked about.
 */
export function protection(
  policies: readonly CompiledPolicy[],
  { protectManagedResources }: Settings,
): readonly CompiledPolicy[] {
  if (!protectManagedResources) return [];
  const refused = {
    outcome: 'deny' as const,
    layer: 'policy',
    enforcer: 'Kyverno',
    by: { kind: 'ValidatingWebhook', name: 'protectManagedResources' },
    because: [{ en: MESSAGE, zh: MESSAGE }],
    nearMisses: [],
    unmodelled: [],
    actions: ['deny'] as const,
    message: MESSAGE,
    reason: 'BadRequest',
    code: 400,
    refusal: `admission webhook "validate.kyverno.svc-fail" denied the request: ${MESSAGE}`,
    verbatim: true,
  };
  return [
    {
      system: 'kyverno',
      kind: 'ValidatingWebhook',
      name: 'protectManagedResources',
      faults: [],
      matches: request =>
        isManaged(request) && !request.user.name.startsWith(OWN) && policies.some(each => each.matches(request)),
      decide: () => ({ answers: [refused], annotations: {} }),
    },
  ];
}

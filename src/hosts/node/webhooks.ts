import {
  type AdmissionStep,
  type Client,
  invalid,
  isNotFound,
  type KubeObject,
  type ResourceRef,
  type WebhookPort,
} from '../../kernel/index.ts';
import { httpWebhooks, type ResolveService } from '../../kernel/drivers/webhook-http.ts';
import { celTypes, compileCel, extendEnvironment, KUBERNETES_ENVIRONMENT } from '../../policy/index.ts';
import { formatIssues } from '../../policy/engine/cel/index.ts';

const SERVICES: ResourceRef = { group: '', version: 'v1', resource: 'services' };
const SLICES: ResourceRef = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' };

interface Service extends KubeObject {
  spec: { type?: string; externalName?: string; ports?: { name?: string; port: number }[] };
}
interface Slice extends KubeObject {
  endpoints?: { addresses: string[]; conditions?: { ready?: boolean } }[];
  ports?: { name?: string; port?: number }[];
}

/** Finds a ready endpoint of a Service: webhooks are called where their pods are, without a hop through the Service's address. */
export function endpointResolver(client: () => Client): ResolveService {
  return async ({ namespace, name, port }) => {
    const service = await client()
      .get<Service>(SERVICES, { namespace, name })
      .catch((error: unknown) => {
        if (isNotFound(error)) throw new Error(`service ${JSON.stringify(name)} not found`);
        throw error;
      });
    if (service.spec.type === 'ExternalName') return { host: service.spec.externalName ?? '', port };
    const wanted = service.spec.ports?.find(each => each.port === port);
    if (!wanted) throw new Error(`no service port ${port} found for service ${JSON.stringify(name)}`);
    const slices = await client().list<Slice>(SLICES, {
      namespace,
      labelSelector: `kubernetes.io/service-name=${name}`,
    });
    for (const { endpoints = [], ports = [] } of slices.items) {
      const at = ports.find(each => (each.name ?? '') === (wanted.name ?? ''))?.port;
      const ready = endpoints.find(({ conditions }) => conditions?.ready !== false);
      if (at !== undefined && ready?.addresses[0] !== undefined) return { host: ready.addresses[0], port: at };
    }
    throw new Error(`no endpoints available for service ${JSON.stringify(name)}`);
  };
}

/** Match conditions are CEL over `request`, `object` and `oldObject`; the variables' fields are known only when it runs. */
const ENVIRONMENT = extendEnvironment(KUBERNETES_ENVIRONMENT, {
  variables: ['request', 'object', 'oldObject'].map(name => [name, celTypes.DYN] as const),
});

const PROGRAMS_MAX = 1_000;

/** Evaluates match conditions, each compiled once. */
export function webhookConditions(): NonNullable<WebhookPort['condition']> {
  const programs = new Map<string, ReturnType<typeof compileCel>>();
  return (expression, variables) => {
    let program = programs.get(expression);
    if (!program) {
      if (programs.size >= PROGRAMS_MAX) programs.clear();
      programs.set(expression, (program = compileCel(expression, ENVIRONMENT)));
    }
    const outcome = program.value.evaluate(variables as Parameters<typeof program.value.evaluate>[0]);
    if ('error' in outcome) throw new Error(outcome.error);
    return outcome.value === true;
  };
}

/** Admission webhooks of a running cluster: by Service or URL over HTTPS, match conditions in CEL. */
export function clusterWebhooks(client: () => Client): WebhookPort {
  return httpWebhooks(endpointResolver(client), webhookConditions());
}

interface Hooks extends KubeObject {
  readonly webhooks?: readonly { readonly matchConditions?: readonly { readonly expression?: string }[] }[];
}

/** Refuses webhook configurations whose match conditions are no CEL: they could never be asked. */
export const matchConditionsStep: AdmissionStep = {
  name: 'WebhookMatchConditions',
  handles: (operation, { group, resource }) =>
    (operation === 'CREATE' || operation === 'UPDATE') &&
    group === 'admissionregistration.k8s.io' &&
    (resource === 'validatingwebhookconfigurations' || resource === 'mutatingwebhookconfigurations'),
  validate: ({ object, definition }) => {
    const causes = ((object as Hooks | undefined)?.webhooks ?? []).flatMap(({ matchConditions: list = [] }, hook) =>
      list.flatMap(({ expression = '' }, index) => {
        const [fault] = compileCel(expression, ENVIRONMENT).faults;
        if (!fault) return [];
        const field = `webhooks[${hook}].matchConditions[${index}].expression`;
        const why = formatIssues(expression, [fault]);
        const message = `Invalid value: ${JSON.stringify(expression)}: compilation failed: ${why}`;
        return [{ reason: 'FieldValueInvalid', message, field }];
      }),
    );
    if (causes.length > 0) throw invalid(definition.kind, definition.group, object?.metadata.name ?? '', causes);
  },
};

import type { Answer, Text } from '../../base/index.ts';
import { kindOf, type KubeObject, type ResourceRef } from '../../kernel/index.ts';
import { explainRoute, type MeshReads } from '../../mesh/index.ts';
import type { PartyReference } from '../../network/index.ts';
import type { FlowQuestion } from '../model.ts';
import type { Goal } from './parties.ts';
import { serviceGoal } from './parties.ts';
import type { Prepared } from './prepared.ts';

/** The kinds routing reads, by collection. */
const KINDS: Readonly<Record<string, string>> = {
  services: 'Service',
  secrets: 'Secret',
  namespaces: 'Namespace',
  ingresses: 'Ingress',
  ingressclasses: 'IngressClass',
  gatewayclasses: 'GatewayClass',
  gateways: 'Gateway',
  httproutes: 'HTTPRoute',
  referencegrants: 'ReferenceGrant',
};

/** Documents as routing reads collections. */
function readsOf(prepared: Prepared): MeshReads {
  const of = <T extends KubeObject>(ref: ResourceRef) => {
    const objects = prepared
      .kinds(KINDS[ref.resource] ?? '')
      .filter(object => kindOf(object).group === ref.group) as readonly KubeObject[] as readonly T[];
    const keyOf = ({ metadata }: KubeObject): string =>
      metadata.namespace === undefined ? (metadata.name ?? '') : `${metadata.namespace}/${metadata.name}`;
    return { list: () => objects, get: (key: string) => objects.find(object => keyOf(object) === key) };
  };
  return { of };
}

/** The proxy at the edge as network policy sees it: a pod of which nothing is known. */
export const EDGE: PartyReference = {
  kind: 'pod',
  namespace: 'ingress-controller-ns',
  name: 'ingress-controller',
  identity: {
    kind: 'pod',
    namespace: 'ingress-controller-ns',
    labels: new Map(),
    namespaceLabels: new Map([['kubernetes.io/metadata.name', 'ingress-controller-ns']]),
    ports: [],
  },
};

const both = (en: string, zh: string): Text => ({ en, zh });

/** Where a request for a host of the edge goes; undefined where no route speaks for the host. */
export function routeOf(prepared: Prepared, host: string, question: FlowQuestion): ReturnType<typeof explainRoute> {
  const [path = '/', query = ''] = (question.path ?? '/').split('?');
  const { method = 'GET', headers = {} } = question.http ?? {};
  const port = typeof question.port === 'number' ? { port: question.port } : {};
  const answer = explainRoute({ host, path, query, method, headers, ...port }, readsOf(prepared));
  if (!answer || 'default' in answer.by) return answer;
  const object = prepared.find(answer.by.kind, answer.by.namespace ?? 'default', answer.by.name);
  return object ? { ...answer, by: prepared.ruleOf(object, answer.by.rule) } : answer;
}

/** The way of a request through the edge: the route, then the Services it may go to. */
export function edgeGoal(prepared: Prepared, question: FlowQuestion): Goal | undefined {
  const { destination } = question;
  if (destination.kind !== 'dns') return undefined;
  const route = routeOf(prepared, destination.host, question);
  if (!route) return undefined;
  if (route.outcome !== 'value') return { hops: [route], host: destination.host, ends: [] };
  const goals = (route.value ?? []).flatMap(({ backend }) => {
    const service = backend && prepared.find('Service', backend.namespace, backend.name);
    return service ? [serviceGoal(prepared, service, backend.port, 'TCP')] : [];
  });
  const missing = goals.length < (route.value ?? []).length;
  const broken: Answer[] = missing
    ? [
        {
          ...route,
          outcome: goals.length > 0 ? 'unknown' : 'deny',
          because: [
            both(
              'A backend of the route is missing: its share is answered with 500',
              '路由的某个后端不存在:其份额返回 500',
            ),
          ],
        },
      ]
    : [];
  const chosen: Answer = { ...route, outcome: 'allow' };
  return {
    hops: [chosen, ...broken, ...goals.flatMap(goal => goal.hops)],
    host: destination.host,
    ends: goals.flatMap(goal => goal.ends),
  };
}

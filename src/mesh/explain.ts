import type { Answer, DecidedByRule, Text } from '../base/index.ts';
import type { kinds } from '../kernel/index.ts';
import { lowerIngress } from './dialects/kubernetes/ingress.ts';
import { REFS } from './drivers/backends.ts';
import { matchesRule, type RequestView, selectListener, selectRule } from './engine/route.ts';
import { GatewayView } from './gateway.ts';
import type { BackendReference, HttpRule, Listener } from './model.ts';
import type { MeshReads } from './ports.ts';

/** A request that comes to the edge. */
export interface RouteQuestion extends RequestView {
  /** Of the listener; every port when absent. */
  readonly port?: number;
}

const both = (en: string, zh: string): Text => ({ en, zh });
const NEAR_MAX = 10;
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

interface Edge {
  readonly kind: 'Ingress' | 'HTTPRoute';
  readonly listener: Listener;
}

/** Everything that takes requests from outside, whoever's class it names. */
function edges(reads: MeshReads): Edge[] {
  const services = reads.of<kinds.Service>(REFS.services);
  const hasPort = ({ namespace, name, port }: BackendReference): boolean =>
    services
      .get(`${namespace}/${name}`)
      ?.spec?.ports?.some(entry => entry.port === Number(port) || entry.name === port) === true;
  const view = new GatewayView(reads, { hasPort }, () => '', true);
  const gateways = view.gateways.flatMap(({ gateway, listeners }) =>
    listeners
      .filter(({ supported }) => supported)
      .map(({ spec, rules }): Edge => {
        const id = `${gateway.metadata.namespace}/${gateway.metadata.name}/${spec.name}`;
        const host = spec.hostname ? { host: spec.hostname } : {};
        const tls = spec.protocol === 'HTTPS';
        return {
          kind: 'HTTPRoute',
          listener: { id, address: '', port: spec.port, tls, ...host, certificates: [], rules },
        };
      }),
  );
  const rules = [...reads.of<kinds.Ingress>(REFS.ingresses).list()].flatMap(lowerIngress);
  if (rules.length === 0) return gateways;
  const ports = [HTTP_PORT, HTTPS_PORT].map(
    (port): Edge => ({
      kind: 'Ingress',
      listener: { id: `ingress/${port}`, address: '', port, tls: port === HTTPS_PORT, certificates: [], rules },
    }),
  );
  return [...gateways, ...ports];
}

function ruleOf(kind: Edge['kind'], rule: HttpRule): DecidedByRule {
  const [namespace, name = ''] = rule.key.split('/');
  return { kind, namespace: namespace!, name, rule: `#${rule.order + 1}` };
}

/** The first condition of a rule that a request does not meet. */
function missed(rule: HttpRule, request: RouteQuestion): Text {
  if (
    !matchesRule(
      { ...rule, path: { kind: 'prefix', value: '/' }, headers: [], query: [], method: '' },
      { ...request, method: '' },
    )
  )
    return both(`The host is not ${rule.hosts.join(', ')}`, `主机名不是 ${rule.hosts.join('、')}`);
  const { kind, value } = rule.path;
  if (!matchesRule({ ...rule, headers: [], query: [], method: request.method }, request))
    return both(`The path does not match ${kind} ${value}`, `路径不匹配 ${kind} ${value}`);
  if (rule.method !== undefined && rule.method !== request.method)
    return both(`The method is not ${rule.method}`, `请求方法不是 ${rule.method}`);
  return both('A header or query parameter does not match', '请求头或查询参数不匹配');
}

/** The Services a request goes to, by the rules the gateway itself uses; undefined where nothing takes requests for this host. */
export function explainRoute(
  question: RouteQuestion,
  reads: MeshReads,
): Answer<readonly { readonly backend?: BackendReference; readonly weight: number }[]> | undefined {
  const all = edges(reads).filter(({ listener }) => question.port === undefined || listener.port === question.port);
  const asked = all.filter(
    ({ listener }) => selectListener([listener], question.host) !== undefined && speaksFor(listener, question.host),
  );
  const [first] = asked;
  if (!first) return undefined;
  const base = { layer: 'mesh', enforcer: 'gateway', unmodelled: [] } as const;
  const best = selectListener(
    asked.map(({ listener }) => listener),
    question.host,
  )!;
  const candidates = asked.filter(({ listener }) => listener.host === best.host);
  const rules = candidates.flatMap(({ listener }) => listener.rules);
  const chosen = selectRule(rules, question);
  const kindFor = (rule: HttpRule): Edge['kind'] =>
    candidates.find(({ listener }) => listener.rules.includes(rule))?.kind ?? first.kind;
  const nearMisses = [...new Set(rules)]
    .filter(rule => rule !== chosen && !matchesRule(rule, question))
    .slice(0, NEAR_MAX)
    .map(rule => ({ rule: ruleOf(kindFor(rule), rule), failed: missed(rule, question) }));
  if (!chosen) {
    const nothing = both('No rule matches the request: it is answered with 404', '没有规则匹配该请求:返回 404');
    return { ...base, outcome: 'deny', by: { default: nothing }, because: [], nearMisses };
  }
  const redirect = chosen.filters.find(filter => filter.kind === 'redirect');
  const backends = chosen.backends.filter(({ weight }) => weight > 0);
  const names = backends.map(({ backend, weight }) =>
    backend ? `${backend.namespace}/${backend.name}:${backend.port} (${weight})` : `- (${weight})`,
  );
  const leads = redirect
    ? both(`The request is redirected (${redirect.status})`, `请求被重定向(${redirect.status})`)
    : both(`The request goes to ${names.join(', ') || 'nobody'}`, `请求转到 ${names.join('、') || '无'}`);
  return {
    ...base,
    outcome: redirect ? 'unknown' : backends.some(({ backend }) => backend) ? 'value' : 'deny',
    value: backends.map(({ backend, weight }) => ({ ...(backend ? { backend } : {}), weight })),
    by: ruleOf(kindFor(chosen), chosen),
    because: [leads],
    nearMisses,
  };
}

/** Whether a listener or one of its rules names this host; those of any host speak for all. */
function speaksFor(listener: Listener, host: string): boolean {
  return (
    listener.host !== undefined ||
    listener.rules.some(rule => selectRule([{ ...rule, path: ANY, headers: [], query: [] }], anyRequest(rule, host)))
  );
}

const ANY = { kind: 'prefix', value: '/' } as const;
const anyRequest = (rule: HttpRule, host: string): RequestView => ({
  method: rule.method ?? 'GET',
  host,
  path: '/',
  query: '',
  headers: {},
});

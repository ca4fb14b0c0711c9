import type { JsonObject } from '../../kernel/index.ts';
import type { ApiRequest, AuditNotes } from '../serve/request.ts';
import type { Audit } from '../serve/services.ts';
import { type AuditDecision, auditDecision, type AuditPolicy, type AuditStage } from './policy.ts';

export interface AuditOptions {
  readonly policy: AuditPolicy;
  readonly now: () => number;
  /** Takes one event as a line of JSON, without its line end. */
  readonly write: (line: string) => void;
}

interface Pending {
  readonly decision: AuditDecision;
  readonly received_ms: number;
}

const BODY_CHARACTERS_MAX = 1024 * 1024;

const micro = (at_ms: number): string => `${new Date(at_ms).toISOString().slice(0, -1)}000Z`;

function bodyOf(text: string | undefined, omitManagedFields: boolean): JsonObject | undefined {
  if (!text || text.length > BODY_CHARACTERS_MAX) return undefined;
  try {
    const value = JSON.parse(text) as JsonObject & { metadata?: { managedFields?: unknown } };
    if (omitManagedFields && value.metadata) delete value.metadata.managedFields;
    return value;
  } catch {
    return undefined;
  }
}

/** Writes audit.k8s.io/v1 Events as JSON lines. */
export class AuditLog implements Audit {
  readonly #options: AuditOptions;
  readonly #pending = new WeakMap<ApiRequest, Pending>();

  constructor(options: AuditOptions) {
    this.#options = options;
  }

  received(request: ApiRequest): void {
    const decision = auditDecision(this.#options.policy, request.user, request.verb, request.target);
    if (decision.level === 'None') return;
    this.#pending.set(request, { decision, received_ms: this.#options.now() });
    const notes: AuditNotes = {
      wantsRequest: decision.level === 'Request' || decision.level === 'RequestResponse',
      wantsResponse: decision.level === 'RequestResponse',
    };
    request.audit = notes;
    this.#event(request, 'RequestReceived');
  }

  completed(request: ApiRequest): void {
    if (request.verb !== 'watch' || request.exchange.closed) return this.#event(request, 'ResponseComplete');
    this.#event(request, 'ResponseStarted');
    request.exchange.onClosed(() => this.#event(request, 'ResponseComplete'));
  }

  #event(request: ApiRequest, stage: AuditStage): void {
    const pending = this.#pending.get(request);
    if (!pending || pending.decision.omitStages.has(stage)) return;
    const { decision, received_ms } = pending;
    const { target, user, exchange, audit } = request;
    const finished = stage !== 'RequestReceived';
    const sent = finished ? bodyOf(audit?.requestText, decision.omitManagedFields) : undefined;
    const answered = finished ? bodyOf(audit?.responseText, decision.omitManagedFields) : undefined;
    const event = {
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level: decision.level,
      auditID: request.auditId,
      stage,
      requestURI: exchange.url,
      verb: request.verb,
      user: { username: user.name, uid: user.uid, groups: user.groups, extra: user.extra },
      sourceIPs: [exchange.connection.remoteAddress],
      userAgent: exchange.header('user-agent'),
      objectRef: target.isResource
        ? {
            resource: target.resource,
            namespace: target.namespace || undefined,
            name: target.name || undefined,
            apiGroup: target.group || undefined,
            apiVersion: target.version,
            subresource: target.subresource || undefined,
          }
        : undefined,
      responseStatus: finished ? { metadata: {}, code: audit?.code ?? 0 } : undefined,
      requestObject: sent,
      responseObject: answered,
      requestReceivedTimestamp: micro(received_ms),
      stageTimestamp: micro(this.#options.now()),
    };
    this.#options.write(JSON.stringify(event));
  }
}

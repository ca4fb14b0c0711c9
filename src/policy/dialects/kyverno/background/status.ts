import { isObject, type Json, type JsonObject } from '../../../../kernel/index.ts';
import { celForms } from '../cel/autogen.ts';
import type { Permitted } from '../checks/access.ts';
import { isRulesKind, plainKind } from '../kinds.ts';
import { rulesOf } from '../run.ts';

const fields = (value: unknown): JsonObject => (isObject(value) ? (value as JsonObject) : {});
const PODS_KINDS: ReadonlySet<string> = new Set(['ValidatingPolicy', 'MutatingPolicy', 'ImageValidatingPolicy']);
const KIND_OF: Readonly<Record<string, string>> = {
  daemonsets: 'DaemonSet',
  deployments: 'Deployment',
  replicasets: 'ReplicaSet',
  statefulsets: 'StatefulSet',
  jobs: 'Job',
  cronjobs: 'CronJob',
};

/** Whether an admission policy was made of the document; undefined where nobody asked. */
export interface MadePolicy {
  readonly generated: boolean;
  readonly message: string;
}

/** The status a document of the dialect ought to have; `time` (RFC 3339) is when conditions turned. */
export function statusOf(
  document: JsonObject,
  made: MadePolicy,
  time: string,
  permitted?: Permitted,
): JsonObject | undefined {
  const kind = String(document.kind);
  const before = fields(document.status);
  if (isRulesKind(kind)) return rulesStatus(document, made, before, time);
  const plain = plainKind(kind);
  if (plain === 'GlobalContextEntry' || plain.endsWith('CleanupPolicy') || plain === 'PolicyException')
    return undefined;
  return celStatus(document, plain, made, time, permitted);
}

interface Turned {
  readonly type: string;
  readonly message: string;
  readonly failed?: true;
}

/** Conditions, with the times at which those that stand there already turned. */
export function conditionsOf(turned: readonly Turned[], before: Json | undefined, time: string): JsonObject[] {
  const had = Array.isArray(before) ? before.filter(isObject) : [];
  return turned.map(({ type, message, failed }) => {
    const status = failed ? 'False' : 'True';
    const same = had.find(each => each.type === type && each.status === status);
    const reason = failed ? 'Failed' : 'Succeeded';
    return { lastTransitionTime: same?.lastTransitionTime ?? time, message, reason, status, type };
  });
}

function rulesStatus(document: JsonObject, made: MadePolicy, before: JsonObject, time: string): JsonObject {
  const own = fields(document.spec).rules;
  const names = new Set((Array.isArray(own) ? own : []).map(rule => fields(rule).name));
  const all = rulesOf(document);
  const count = (part: string): number => all.filter(rule => rule[part] !== undefined).length;
  const generated = all.filter(rule => !names.has(rule.name!));
  return {
    autogen: generated.length === 0 ? {} : { rules: [...generated] },
    conditions: conditionsOf([{ type: 'Ready', message: 'Ready' }], before.conditions, time),
    ready: true,
    rulecount: {
      generate: count('generate'),
      mutate: count('mutate'),
      validate: count('validate'),
      verifyimages: count('verifyImages'),
    },
    validatingadmissionpolicy: { generated: made.generated, message: made.message },
  };
}

const READING = ['get', 'list', 'watch'];

/** What the reports controller may not read of the kinds a policy speaks of; it could not look at what is there. */
function unreadable(spec: JsonObject, permitted: Permitted): string[] {
  const rules = fields(spec.matchConstraints).resourceRules;
  const each = (value: Json | undefined): string[] => (Array.isArray(value) ? value.map(String) : []);
  return (Array.isArray(rules) ? rules.filter(isObject) : []).flatMap(rule =>
    each(rule.apiGroups).flatMap(group =>
      each(rule.apiVersions).flatMap(version =>
        each(rule.resources).flatMap(name => {
          const [resource = '', subresource = ''] = name.split('/');
          return READING.filter(
            verb => !permitted('reports', { verb, group, resource, subresource, namespace: '', name: '' }),
          ).map(verb => `${verb} ${group}/${version}, Resource=${name}: `);
        }),
      ),
    ),
  );
}

function reportingOf(spec: JsonObject, kind: string, permitted: Permitted | undefined): Turned {
  const type = 'RBACPermissionsGranted';
  const asks = kind === 'ValidatingPolicy' || kind === 'ImageValidatingPolicy';
  const lacking = asks && permitted !== undefined ? unreadable(spec, permitted) : [];
  if (lacking.length === 0) return { type, message: 'Policy is ready for reporting.' };
  return {
    type,
    message: `Policy is not ready for reporting, missing permissions: ${lacking.join('; ')}.`,
    failed: true,
  };
}

function celStatus(
  document: JsonObject,
  kind: string,
  made: MadePolicy,
  time: string,
  permitted: Permitted | undefined,
): JsonObject {
  const spec = fields(document.spec);
  const before = fields(document.status);
  const admission = fields(fields(spec.evaluation).admission).enabled !== false && kind !== 'DeletingPolicy';
  const reporting = reportingOf(spec, kind, permitted);
  const turned: Turned[] = [
    ...(admission ? [{ type: 'WebhookConfigured', message: 'Webhook configured.' }] : []),
    reporting,
  ];
  const conditions = conditionsOf(turned, fields(before.conditionStatus).conditions, time);
  const status: JsonObject = { conditionStatus: { conditions, message: '', ready: reporting.failed !== true } };
  if (PODS_KINDS.has(kind)) {
    status.autogen = autogenOf(spec, kind === 'ImageValidatingPolicy');
    if (kind !== 'ImageValidatingPolicy') status.generated = made.generated;
  }
  if (before.lastExecutionTime !== undefined) status.lastExecutionTime = before.lastExecutionTime;
  return status;
}

/** Forms for what makes pods, as the status lists them: `defaults` and `cronjobs`. */
function autogenOf(spec: JsonObject, keepsAutogen: boolean): JsonObject {
  const configs: JsonObject = {};
  for (const form of celForms(spec).filter(each => each.path.length > 0)) {
    const rules = fields(form.spec.matchConstraints).resourceRules as JsonObject[];
    const targets = rules.flatMap(rule =>
      (rule.resources as string[]).map(resource => ({
        group: (rule.apiGroups as string[])[0]!,
        kind: KIND_OF[resource] ?? resource,
        resource,
        version: 'v1',
      })),
    );
    const { autogen, evaluation: _, ...rest } = form.spec;
    const kept = keepsAutogen && autogen !== undefined ? { ...rest, autogen } : rest;
    configs[form.path.length > 2 ? 'cronjobs' : 'defaults'] = { spec: kept, targets };
  }
  return Object.keys(configs).length === 0 ? {} : { configs };
}

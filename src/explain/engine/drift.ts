import type { Answer, Text } from '../../base/index.ts';
import { kindOf, type KubeObject } from '../../kernel/index.ts';
import { applicationsOf } from '../dialects/scalers.ts';
import { explainFaults } from '../faults.ts';
import type { Journey } from '../model.ts';
import { differences } from './differences.ts';
import { asWanted } from './overlay.ts';
import type { Prepared } from './prepared.ts';
import { outcomeOf } from './why.ts';
import { brokenHop } from './unread.ts';
import { fieldsOf, listOf } from './workload.ts';

const both = (en: string, zh: string): Text => ({ en, zh });
const NONE = { because: [], nearMisses: [], unmodelled: [] } as const;
const PATHS_SHOWN = 8;

/** Who wrote a field last, by the ledger the API server keeps (structured-merge-diff, fieldsV1). */
export function managerOf(object: KubeObject, pointer: string): string | undefined {
  const steps = pointer.split('/').slice(1);
  const owns = (tree: unknown, at: number): boolean => {
    if (at === steps.length) return true;
    const node = fieldsOf(tree);
    const direct = node[`f:${steps[at]}`];
    if (direct !== undefined) return Object.keys(fieldsOf(direct)).length === 0 || owns(direct, at + 1);
    // A list position: any keyed item may be meant.
    if (!/^\d+$/.test(steps[at]!)) return false;
    return Object.entries(node).some(([key, child]) => /^[kv]:/.test(key) && owns(child, at + 1));
  };
  const entries = listOf(object.metadata.managedFields).map(fieldsOf);
  const found = entries.filter(entry => owns(entry.fieldsV1, 0));
  return found.sort((left, right) => String(right.time ?? '').localeCompare(String(left.time ?? '')))[0]?.manager as
    | string
    | undefined;
}

const identityOf = ({ kind, apiVersion, metadata }: KubeObject): string =>
  `${apiVersion.includes('/') ? apiVersion.split('/')[0] : ''}|${kind}|${metadata.namespace ?? ''}|${metadata.name ?? ''}`;

function objectHop(wanted: Prepared, live: Prepared, object: KubeObject, found: KubeObject | undefined): Answer {
  const base = { ...NONE, layer: 'delivery', enforcer: 'sync' } as const;
  const by = wanted.ruleOf(object);
  const { group } = kindOf(object);
  const hidden = live.documents.unread?.find(
    each => each.group === group && (each.kind === object.kind || each.kind === '*'),
  );
  if (!found && hidden) {
    const unseen = both('Whether it is in the cluster could not be read', '无法读取它是否在集群中');
    return { ...base, outcome: 'unknown', by, because: [unseen], unmodelled: [hidden.fault] };
  }
  if (!found) return { ...base, outcome: 'deny', by, because: [both('It is not in the cluster', '集群中没有该对象')] };
  const paths = differences(object, asWanted(object, found)).filter(path => path !== '/apiVersion');
  if (paths.length === 0) return { ...base, outcome: 'allow', by };
  const because = paths.slice(0, PATHS_SHOWN).map(path => {
    const manager = managerOf(found, path);
    return manager
      ? both(`${path} differs; ${manager} wrote it last`, `${path} 不一致;最后由 ${manager} 写入`)
      : both(`${path} differs`, `${path} 不一致`);
  });
  return { ...base, outcome: 'deny', by: wanted.ruleOf(object, undefined, paths[0]), because };
}

/** Fields that somebody in the cluster fills, so that what is written never stays: certificates of webhooks. */
function filledFields(prepared: Prepared): { object: KubeObject; pointer: string }[] {
  const kinds = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];
  const hooks = kinds.flatMap(kind =>
    prepared
      .kinds(kind)
      .flatMap(object =>
        listOf(object.webhooks).map((_, index) => ({ object, pointer: `/webhooks/${index}/clientConfig/caBundle` })),
      ),
  );
  const injected = ({ metadata }: KubeObject): boolean =>
    Object.keys(metadata.annotations ?? {}).some(key => /inject-ca-from|inject-apiserver-ca/.test(key));
  return hooks.filter(({ object }) => injected(object));
}

/** What other delivery systems would call out of sync cannot be decided here; what will never agree is told. */
function foreignHops(prepared: Prepared, name: string): Answer[] {
  return applicationsOf(prepared.documents.objects)
    .filter(({ object }) => object.metadata.name === name)
    .map(({ object, ignored }) => {
      const filled = filledFields(prepared).filter(
        field =>
          !ignored.some(
            ({ kind, pointer }) => (kind === '' || kind === field.object.kind) && pointer === field.pointer,
          ),
      );
      const because = filled.map(field => {
        const where = `${field.object.kind} ${field.object.metadata.name} ${field.pointer}`;
        return both(
          `${where} is filled in the cluster and never stays as written`,
          `${where} 由集群内组件填写,不会保持清单中的值`,
        );
      });
      const fault = explainFaults.make(
        'unbuilt-layer',
        { kind: object.kind, name },
        prepared.documents.originOf(object)?.span,
      );
      return {
        ...NONE,
        outcome: 'unknown',
        layer: 'delivery',
        enforcer: object.kind,
        by: prepared.ruleOf(object),
        because,
        unmodelled: [fault],
      } as const;
    });
}

/** Why a delivered application is not as its source says: every object that differs, and who wrote it last. */
export function whyOutOfSync(wanted: Prepared | undefined, live: Prepared, name: string): Journey {
  const foreign = foreignHops(live, name);
  const known = new Map(live.documents.objects.map(object => [identityOf(object), object]));
  const compared = (wanted?.documents.objects ?? []).map(object =>
    objectHop(wanted!, live, object, known.get(identityOf(object))),
  );
  const differing = compared.filter(hop => hop.outcome !== 'allow');
  const same = both(
    `All ${compared.length} objects are as the source says`,
    `全部 ${compared.length} 个对象与来源一致`,
  );
  const unasked = both(
    'Nothing to compare with: name the source with --source DIR',
    '没有可比较的来源:请用 --source DIR 指定',
  );
  const base = { ...NONE, layer: 'delivery', enforcer: 'sync' } as const;
  const none: Answer[] =
    foreign.length > 0 || differing.length > 0
      ? []
      : [{ ...base, outcome: wanted ? 'allow' : 'unknown', by: { default: wanted ? same : unasked } }];
  const unseen = wanted ? brokenHop(wanted.documents) : [];
  const hops = [...differing, ...foreign, ...unseen, ...none];
  return { outcome: outcomeOf(hops), hops };
}

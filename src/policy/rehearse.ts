import { equalJson, kindOf, type KindRef, type KubeObject, LOOPBACK } from '../kernel/index.ts';
import { judge } from './engine/judge.ts';
import type { PolicyAnswer, PolicyDialect, PolicyRequest, PolicyTypes, PolicyWorld } from './model.ts';

/** What a rehearsal looks at; all of it is read when a policy is written. */
export interface RehearsalOptions {
  readonly types: PolicyTypes;
  readonly dialects: readonly PolicyDialect[];
  /** Policy documents that are in force. */
  readonly documents: () => readonly KubeObject[];
  readonly world: PolicyWorld;
  readonly everything: () => Promise<readonly KubeObject[]>;
}

/** Objects that are judged at most: a warning is owed soon, not in full. */
const OBJECTS_MAX = 20_000;
const NAMED_MAX = 5;
const MESSAGE_CHARACTERS_MAX = 120;

const groupOf = (object: KubeObject): string => kindOf(object).group;
const sameObject = (left: KubeObject, right: KubeObject): boolean =>
  left.kind === right.kind &&
  groupOf(left) === groupOf(right) &&
  left.metadata.name === right.metadata.name &&
  left.metadata.namespace === right.metadata.namespace;

/** The dialect whose policy is being written. */
function dialectOf(dialects: readonly PolicyDialect[], request: PolicyRequest): PolicyDialect | undefined {
  return dialects.find(
    ({ resources, groups = [] }) =>
      groups.includes(request.group) ||
      resources.some(({ group, resource }) => group === request.group && resource === request.resource),
  );
}

/** The world with one object as it is to be: constraints and the like are parameters of policies. */
function worldWith(world: PolicyWorld, object: KubeObject): PolicyWorld {
  const own = (kind: KindRef): boolean => kind.kind === object.kind && kind.group === groupOf(object);
  return {
    parameter: (kind, namespace, name) =>
      own(kind) && name === object.metadata.name ? object : world.parameter(kind, namespace, name),
    *parameters(kind, namespace) {
      if (own(kind)) yield object;
      for (const each of world.parameters(kind, namespace)) if (!own(kind) || !sameObject(each, object)) yield each;
    },
    authorize: world.authorize,
  };
}

/** A standing object as the write that would make it again. */
function requestOf(
  object: KubeObject,
  { user }: PolicyRequest,
  types: Map<string, { readonly resource: string; readonly namespaced: boolean }>,
  namespaces: ReadonlyMap<string, KubeObject>,
): PolicyRequest | undefined {
  const kind = kindOf(object);
  const type = types.get(`${kind.group}/${kind.kind}`);
  if (type === undefined) return undefined;
  const namespace = object.metadata.namespace ?? '';
  return {
    uid: object.metadata.uid ?? '',
    operation: 'CREATE',
    group: kind.group,
    version: kind.version,
    resource: type.resource,
    subresource: '',
    kind,
    namespaced: type.namespaced,
    name: object.metadata.name ?? '',
    namespace,
    object,
    oldObject: undefined,
    namespaceObject: type.namespaced ? namespaces.get(namespace) : undefined,
    user,
    dryRun: true,
    options: {},
  };
}

interface Violated {
  readonly object: KubeObject;
  readonly answer: PolicyAnswer;
}

async function violations(
  options: RehearsalOptions,
  dialect: PolicyDialect,
  request: PolicyRequest,
): Promise<Violated[]> {
  const document = request.object!;
  const name = dialect.policyOf?.(document);
  if (name === undefined) return [];
  const open = (documents: readonly KubeObject[], world: PolicyWorld) => {
    const set = dialect.open(options.types);
    for (const each of documents) set.set(each);
    const policies = set.policies().filter(policy => policy.name === name && policy.documents === undefined);
    return { policies: () => policies, world };
  };
  // What belongs to no one policy (exceptions, inventory) counts for each.
  const related = options.documents().filter(each => {
    const of = dialect.policyOf?.(each);
    return of === undefined || of === name;
  });
  const next = open(
    [...related.filter(each => !sameObject(each, document)), document],
    worldWith(options.world, document),
  );
  if (next.policies().every(({ decide }) => decide === undefined)) return [];
  const before = open(related, options.world);
  const objects = (await options.everything()).slice(0, OBJECTS_MAX);
  const namespaces = new Map(
    objects.filter(each => each.kind === 'Namespace').map(each => [each.metadata.name ?? '', each]),
  );
  const types = new Map([...(options.types.kinds?.() ?? [])].map(each => [`${each.group}/${each.kind}`, each]));
  return objects.flatMap(object => {
    if (groupOf(object) === request.group) return [];
    const asked = requestOf(object, request, types, namespaces);
    if (asked === undefined) return [];
    const known = new Set(judge(before, asked).found.map(({ message }) => message));
    return judge(next, asked)
      .found.filter(({ message }) => !known.has(message))
      .slice(0, 1)
      .map(answer => ({ object, answer }));
  });
}

function told(found: readonly Violated[]): string[] {
  if (found.length === 0) return [];
  const refused = found.some(({ answer }) => answer.actions.includes('deny'));
  const names = found.slice(0, NAMED_MAX).map(({ object, answer }) => {
    const { kind, metadata } = object;
    const message = (answer.message.trim().split('\n')[0] ?? '').slice(0, MESSAGE_CHARACTERS_MAX);
    return `${kind} ${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}: ${message}`;
  });
  const more = found.length > NAMED_MAX ? [`and ${found.length - NAMED_MAX} more`] : [];
  const what = found.length === 1 ? '1 existing object violates' : `${found.length} existing objects violate`;
  const then = refused ? 'writes of them will be refused' : 'they are noted, not refused';
  return [`${what} this policy; ${then}: ${[...names, ...more].join('; ')}`];
}

/** The host itself and controllers of the cluster: nobody reads what they are warned of. */
const OWN = new RegExp(`^${LOOPBACK.name}$|^system:serviceaccount:kube-system:`);

/** Tells who writes a policy what is there and would violate it; undefined for other writes and for the host's own. */
export function rehearsal(
  options: RehearsalOptions,
): (request: PolicyRequest) => Promise<readonly string[]> | undefined {
  return request => {
    if (OWN.test(request.user.name) || request.object === undefined || request.subresource !== '') return undefined;
    const dialect = dialectOf(options.dialects, request);
    if (dialect?.policyOf === undefined || sameSpec(request)) return undefined;
    return violations(options, dialect, request).then(told);
  };
}

/** A write that changes no rule has nothing new to tell. */
const sameSpec = ({ object, oldObject }: PolicyRequest): boolean =>
  oldObject !== undefined && equalJson(object?.spec as never, oldObject.spec as never);

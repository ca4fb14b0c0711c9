import {
  type Client,
  equalJson,
  type Informer,
  isConflict,
  isNotFound,
  type KindRef,
  type KubeObject,
  type ResourceCatalog,
  type ResourceRef,
  type Schema,
} from '../kernel/index.ts';
import { policyStatus, typeCheck } from './dialects/cel/status.ts';
import { celPolicySet } from './dialects/cel/set.ts';
import type { PolicyDocument } from './dialects/cel/schema.ts';
import type { PolicyWorld } from './model.ts';
import type { PolicySource } from './ports.ts';

const GROUP = 'admissionregistration.k8s.io';
const RESOURCES = [
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
];

export interface PoliciesOptions {
  readonly client: Client;
  readonly catalog: ResourceCatalog;
  readonly schemaOf: (kind: KindRef) => Schema | undefined;
  /** A started informer of a collection; asked once each. */
  readonly informer: (ref: ResourceRef) => Informer;
  readonly authorize: PolicyWorld['authorize'];
  readonly report?: (error: unknown) => void;
}

/** The policies of a cluster, kept current; hand it to `policyStep`. */
export interface RunningPolicies extends PolicySource {
  /** Resolves when everything known at this moment is in force. */
  settled(): Promise<void>;
}

/** Watches admission policies, their bindings and parameters, and writes type checks into their status. */
export function runPolicies(options: PoliciesOptions): RunningPolicies {
  const { catalog } = options;
  const set = celPolicySet(options.schemaOf);
  const params = new Map<string, Informer>();
  let pending: Promise<void> = Promise.resolve();
  let ready = false;
  const refOf = (kind: KindRef): ResourceRef | undefined => {
    const definition = catalog.kind(kind);
    return definition && { group: definition.group, version: definition.version, resource: definition.resource };
  };
  const wait = (promise: Promise<unknown>): void => {
    ready = false;
    const mine = Promise.all([pending, promise]).then(() => {
      if (pending === mine) ready = true;
    });
    pending = mine;
  };
  const watchParams = (): void => {
    for (const kind of set.paramKinds()) {
      const key = `${kind.group}/${kind.version}/${kind.kind}`;
      const ref = params.has(key) ? undefined : refOf(kind);
      if (ref === undefined) continue;
      const informer = options.informer(ref);
      params.set(key, informer);
      wait(informer.whenSynced());
    }
  };
  for (const resource of RESOURCES) {
    const definition = [...catalog.all()].find(each => each.group === GROUP && each.resource === resource);
    if (definition === undefined) continue;
    const informer = options.informer({ group: GROUP, version: definition.version, resource });
    informer.onChange(change => {
      if (change.type === 'deleted') set.remove(change.object);
      else {
        set.set(change.object);
        watchParams();
        if (change.object.kind === 'ValidatingAdmissionPolicy')
          void writeStatus(options, set.documents(), change.object);
      }
    });
    wait(informer.whenSynced());
  }
  const world: PolicyWorld = {
    parameter: (kind, namespace, name) => {
      const informer = params.get(`${kind.group}/${kind.version}/${kind.kind}`);
      return informer?.get(namespace === undefined ? name : `${namespace}/${name}`);
    },
    *parameters(kind, namespace) {
      for (const object of params.get(`${kind.group}/${kind.version}/${kind.kind}`)?.list() ?? []) {
        if (
          namespace === undefined ||
          object.metadata.namespace === undefined ||
          object.metadata.namespace === namespace
        )
          yield object;
      }
    },
    authorize: options.authorize,
  };
  return { policies: () => set.policies(), world, ready: () => (ready ? undefined : pending), settled: () => pending };
}

/** Writes observedGeneration and the type check, where they are not there yet. */
async function writeStatus(
  options: PoliciesOptions,
  documents: Iterable<PolicyDocument>,
  object: KubeObject,
): Promise<void> {
  const document = [...documents].find(each => each.source === object);
  const definition = options.catalog.kind({
    group: GROUP,
    version: object.apiVersion.split('/')[1]!,
    kind: object.kind,
  });
  if (document === undefined || definition === undefined) return;
  const kindsOf = (group: string, version: string, resource: string): KindRef | undefined => {
    const found = options.catalog.resource({ group, version, resource });
    return found && { group, version, kind: found.kind };
  };
  const status = {
    ...(object.status as object),
    ...policyStatus(document, typeCheck(document, kindsOf, options.schemaOf)),
  };
  if (equalJson(status, object.status)) return;
  try {
    await options.client.update(
      { group: GROUP, version: definition.version, resource: definition.resource },
      { ...object, status },
      { subresource: 'status' },
    );
  } catch (error) {
    // Another write came first and brings its own change; a policy that is gone needs no status.
    if (!isConflict(error) && !isNotFound(error)) options.report?.(error);
  }
}

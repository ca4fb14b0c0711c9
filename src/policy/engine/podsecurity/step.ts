import {
  type AdmissionAttributes,
  type AdmissionStep,
  equalJson,
  forbidden,
  invalid,
  type KubeObject,
} from '../../../kernel/index.ts';
import { judgePodSecurity, podSecurityLabelCauses, type PodSecurityVerdict, tightens } from './namespace.ts';
import { podSecurityReasons, podSecurityWords } from './words.ts';

/** Kinds that make pods, and where their pod template lies: they are warned about, never refused. */
const TEMPLATES: ReadonlyMap<string, readonly string[]> = new Map([
  ['replicationcontrollers', ['spec', 'template']],
  ['podtemplates', ['template']],
  ['deployments.apps', ['spec', 'template']],
  ['replicasets.apps', ['spec', 'template']],
  ['statefulsets.apps', ['spec', 'template']],
  ['daemonsets.apps', ['spec', 'template']],
  ['jobs.batch', ['spec', 'template']],
  ['cronjobs.batch', ['spec', 'jobTemplate', 'spec', 'template']],
]);

const nameOf = ({ definition }: AdmissionAttributes): string =>
  definition.group ? `${definition.resource}.${definition.group}` : definition.resource;

function templateOf(object: KubeObject, path: readonly string[]): KubeObject | undefined {
  let at: unknown = object;
  for (const step of path)
    at = typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[step] : undefined;
  return at as KubeObject | undefined;
}

const words = ({ level, version, violations }: PodSecurityVerdict): string =>
  `violate PodSecurity "${level}:${version}": ${podSecurityWords(level, violations)}`;

interface Containers {
  readonly spec?: Readonly<Record<string, readonly { readonly name?: string; readonly image?: string }[] | undefined>>;
}

/** An update that changes no image leaves a pod as safe as it was admitted (isSignificantPodUpdate). */
function isInsignificant({ oldObject, object, subresource }: AdmissionAttributes): boolean {
  if (!oldObject || !object || subresource !== '') return false;
  const images = (of: KubeObject): string =>
    ['containers', 'initContainers']
      .map(list => (of as Containers).spec?.[list]?.map(one => one.image ?? '').join(' ') ?? '')
      .join('\n');
  return images(oldObject) === images(object);
}

function judge(attributes: AdmissionAttributes): void {
  const { object, namespaceObject, key, definition } = attributes;
  const labels = namespaceObject?.metadata.labels;
  if (!object || labels === undefined) return;
  const isPod = nameOf(attributes) === 'pods';
  if (isPod && isInsignificant(attributes)) return;
  const judged = isPod ? object : templateOf(object, TEMPLATES.get(nameOf(attributes)) ?? []);
  if (!judged) return;
  const found = judgePodSecurity(labels, judged).filter(({ violations }) => violations.length > 0);
  const refusing = isPod ? found.find(({ mode }) => mode === 'enforce') : undefined;
  if (refusing) {
    throw forbidden(
      definition,
      key.name || (object.metadata.name ?? ''),
      words(refusing).replace('violate', 'violates'),
    );
  }
  for (const verdict of found) if (verdict.mode === 'warn') attributes.warnings.push(`would ${words(verdict)}`);
}

/** Pods that are there, by namespace. */
export type PodsOf = (namespace: string) => Promise<readonly KubeObject[]>;

/** As many pods are judged when a namespace asks for more (pod-security-admission, maxPodsToCheck). */
const PODS_MAX = 3_000;

/** What is told of pods that are there and break the level their namespace is given: those with the same reasons together. */
function standing(name: string, labels: Readonly<Record<string, string>>, pods: readonly KubeObject[]): string[] {
  const reasons = new Map<string, string[]>();
  let level = '';
  for (const pod of pods.slice(0, PODS_MAX)) {
    const verdict = judgePodSecurity(labels, pod).find(({ mode }) => mode === 'enforce');
    if (!verdict || verdict.violations.length === 0) continue;
    level = `${verdict.level}:${verdict.version}`;
    const reason = podSecurityReasons(verdict.level, verdict.violations);
    const names = reasons.get(reason) ?? [];
    reasons.set(reason, names);
    names.push(pod.metadata.name ?? '');
  }
  if (reasons.size === 0) return [];
  const told = [...reasons].map(([reason, names]) => {
    names.sort();
    const others = names.length - 1;
    const more = others === 0 ? '' : ` (and ${others} other pod${others > 1 ? 's' : ''})`;
    return `${names[0]}${more}: ${reason}`;
  });
  return [
    `existing pods in namespace ${JSON.stringify(name)} violate the new PodSecurity enforce level ${JSON.stringify(level)}`,
    ...told.sort(),
  ];
}

/** A namespace's labels must be levels and versions; one that asks for more is warned of what is there. */
function judgeNamespace(attributes: AdmissionAttributes, podsOf: PodsOf | undefined): Promise<void> | undefined {
  const { object, oldObject, definition, key } = attributes;
  const [after, before] = [object?.metadata.labels ?? {}, oldObject?.metadata.labels ?? {}];
  const causes = podSecurityLabelCauses(after);
  // What was wrong before stays writable for who changes something else.
  if (causes.length > 0 && !equalJson(causes as never, podSecurityLabelCauses(before) as never))
    throw invalid(definition.kind, definition.group, key.name || (object?.metadata.name ?? ''), causes);
  if (!oldObject || !podsOf || !tightens(before, after)) return undefined;
  const name = oldObject.metadata.name ?? '';
  return podsOf(name).then(pods => void attributes.warnings.push(...standing(name, after, pods)));
}

/** Pod Security Admission: namespaces say by label what their pods may ask for (kubernetes.io, "Pod Security Admission"). */
export function podSecurityStep(podsOf?: PodsOf): AdmissionStep {
  return {
    name: 'PodSecurity',
    handles: (operation, definition, subresource) => {
      if (operation !== 'CREATE' && operation !== 'UPDATE') return false;
      const name = definition.group ? `${definition.resource}.${definition.group}` : definition.resource;
      if (name === 'namespaces') return subresource === '';
      if (name === 'pods') return subresource === '' || subresource === 'ephemeralcontainers';
      return subresource === '' && TEMPLATES.has(name);
    },
    validate: attributes =>
      nameOf(attributes) === 'namespaces' ? judgeNamespace(attributes, podsOf) : judge(attributes),
  };
}

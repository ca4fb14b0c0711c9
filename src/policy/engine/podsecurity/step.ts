import { type AdmissionAttributes, type AdmissionStep, forbidden, type KubeObject } from '../../../kernel/index.ts';
import { judgePodSecurity, type PodSecurityVerdict } from './namespace.ts';
import { podSecurityWords } from './words.ts';

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

/** Pod Security Admission: namespaces say by label what their pods may ask for (kubernetes.io, "Pod Security Admission"). */
export function podSecurityStep(): AdmissionStep {
  return {
    name: 'PodSecurity',
    handles: (operation, definition, subresource) => {
      if (operation !== 'CREATE' && operation !== 'UPDATE') return false;
      const name = definition.group ? `${definition.resource}.${definition.group}` : definition.resource;
      if (name === 'pods') return subresource === '' || subresource === 'ephemeralcontainers';
      return subresource === '' && TEMPLATES.has(name);
    },
    validate: judge,
  };
}

import type { Json } from '../../../kernel/index.ts';
import type { PodSecurityViolation } from './model.ts';

/** The API server's words for what a pod violates, by control (pod-security-admission, the checks' forbidden reasons). */
interface Words {
  readonly reason: string;
  /** What is wrong, of the containers that have the field; `values` are theirs. */
  readonly detail: (who: Who) => string;
}

interface Who {
  /** `pod`, where the pod's own field is wrong. */
  readonly pod: readonly PodSecurityViolation[];
  readonly containers: readonly PodSecurityViolation[];
}

const quoted = (names: readonly string[]): string => names.map(name => JSON.stringify(name)).join(', ');
const unique = <T>(list: readonly T[]): T[] => [...new Set(list)];
const namesOf = (list: readonly PodSecurityViolation[]): string[] => unique(list.map(one => one.container ?? ''));
const plural = (one: string, names: readonly string[]): string =>
  `${one}${names.length > 1 ? 's' : ''} ${quoted(names)}`;
const valuesOf = (list: readonly PodSecurityViolation[]): string[] =>
  unique(list.map(({ value }) => (typeof value === 'string' ? value : JSON.stringify(value)))).toSorted();

/** `pod must not set …`, `container "a" must not set …`: what both may have. */
function setBy({ pod, containers }: Who, what: (list: readonly PodSecurityViolation[]) => string): string {
  const parts = [
    ...(pod.length > 0 ? [`pod ${what(pod)}`] : []),
    ...(containers.length > 0 ? [`${plural('container', namesOf(containers))} ${what(containers)}`] : []),
  ];
  return parts.join(' and ');
}

/** What the pod or each container must set, where none does. */
function mustSet({ containers }: Who, what: string): string {
  return `pod or ${plural('container', namesOf(containers))} must set ${what}`;
}

function nonRoot(who: Who): string {
  const explicit = (list: readonly PodSecurityViolation[]): PodSecurityViolation[] =>
    list.filter(({ value }) => value === false);
  const [pod, containers] = [explicit(who.pod), explicit(who.containers)];
  if (pod.length === 0 && containers.length === 0) return mustSet(who, 'securityContext.runAsNonRoot=true');
  return setBy({ pod, containers }, () => 'must not set securityContext.runAsNonRoot=false');
}

function capabilities({ containers }: Who): string {
  const kept = containers.filter(({ field }) => field.endsWith('.drop'));
  const added = containers.filter(({ field }) => field.endsWith('.add'));
  const parts = [
    ...(kept.length > 0
      ? [`${plural('container', namesOf(kept))} must set securityContext.capabilities.drop=["ALL"]`]
      : []),
    ...(added.length > 0
      ? [
          `${plural('container', namesOf(added))} must not include ${quoted(valuesOf(added))} in securityContext.capabilities.add`,
        ]
      : []),
  ];
  return parts.join('; ');
}

const isUnset = ({ value }: { readonly value: Json }): boolean => value === null;

/** Controls in the order the API server tells them. */
const WORDS: readonly (readonly [control: string, words: (restricted: boolean) => Words])[] = [
  [
    'Privilege Escalation',
    () => ({
      reason: 'allowPrivilegeEscalation != false',
      detail: ({ containers }) =>
        `${plural('container', namesOf(containers))} must set securityContext.allowPrivilegeEscalation=false`,
    }),
  ],
  [
    'AppArmor',
    () => ({
      reason: 'forbidden AppArmor profile',
      detail: who => setBy(who, list => `must not set AppArmor profile type to ${quoted(valuesOf(list))}`),
    }),
  ],
  [
    'Capabilities',
    restricted => ({
      reason: restricted ? 'unrestricted capabilities' : 'non-default capabilities',
      detail: capabilities,
    }),
  ],
  [
    'Host Namespaces',
    () => ({
      reason: 'host namespaces',
      detail: ({ pod }) => pod.map(({ field }) => `${field.replace('spec.', '')}=true`).join(', '),
    }),
  ],
  [
    'HostPath Volumes',
    () => ({
      reason: 'hostPath volumes',
      detail: ({ pod }) => plural('volume', unique(pod.map(one => one.volume ?? ''))),
    }),
  ],
  [
    'Host Ports',
    () => ({
      reason: 'hostPort',
      detail: ({ containers }) => {
        const ports = valuesOf(containers);
        const verb = namesOf(containers).length > 1 ? 'use' : 'uses';
        return `${plural('container', namesOf(containers))} ${verb} hostPort${ports.length > 1 ? 's' : ''} ${ports.join(', ')}`;
      },
    }),
  ],
  [
    'Host Probes / Lifecycle Hooks',
    () => ({
      reason: 'probe or lifecycle host',
      detail: ({ containers }) => {
        const hosts = unique(containers.map(({ value }) => String(value)));
        const verb = namesOf(containers).length > 1 ? 'use' : 'uses';
        return `${plural('container', namesOf(containers))} ${verb} ${plural('probe or lifecycle host', hosts)}`;
      },
    }),
  ],
  [
    'Privileged Containers',
    () => ({
      reason: 'privileged',
      detail: ({ containers }) =>
        `${plural('container', namesOf(containers))} must not set securityContext.privileged=true`,
    }),
  ],
  [
    '/proc Mount Type',
    () => ({
      reason: 'procMount',
      detail: ({ containers }) =>
        `${plural('container', namesOf(containers))} must not set securityContext.procMount to ${quoted(valuesOf(containers))}`,
    }),
  ],
  [
    'Volume Types',
    () => ({
      reason: 'restricted volume types',
      detail: ({ pod }) => {
        const types = unique(pod.map(({ field }) => field.split('.').at(-1)!));
        const volumes = unique(pod.map(one => one.volume ?? ''));
        const verb = volumes.length > 1 ? 'use' : 'uses';
        return `${plural('volume', volumes)} ${verb} restricted volume type${types.length > 1 ? 's' : ''} ${quoted(types.toSorted())}`;
      },
    }),
  ],
  ['Running as Non-root', () => ({ reason: 'runAsNonRoot != true', detail: nonRoot })],
  [
    'Running as Non-root user',
    () => ({ reason: 'runAsUser=0', detail: who => setBy(who, () => 'must not set runAsUser=0') }),
  ],
  [
    'SELinux',
    () => ({
      reason: 'seLinuxOptions',
      detail: who => {
        const all = [...who.pod, ...who.containers];
        const told = ['type', 'user', 'role'].flatMap(name => {
          const values = valuesOf(all.filter(({ field }) => field.endsWith(`.${name}`)));
          return values.length === 0
            ? []
            : [name === 'type' ? `type${values.length > 1 ? 's' : ''} ${quoted(values)}` : `${name} may not be set`];
        });
        return `${setBy(who, () => 'set forbidden securityContext.seLinuxOptions')}: ${told.join('; ')}`;
      },
    }),
  ],
  [
    'Seccomp',
    () => ({
      reason: 'seccompProfile',
      detail: who => {
        const set = {
          pod: who.pod.filter(one => !isUnset(one)),
          containers: who.containers.filter(one => !isUnset(one)),
        };
        if (set.pod.length + set.containers.length > 0)
          return setBy(set, list => `must not set securityContext.seccompProfile.type to ${quoted(valuesOf(list))}`);
        return mustSet(who, 'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"');
      },
    }),
  ],
  ['Sysctls', () => ({ reason: 'forbidden sysctls', detail: ({ pod }) => valuesOf(pod).join(', ') })],
  [
    'HostProcess',
    () => ({
      reason: 'hostProcess',
      detail: who => setBy(who, () => 'must not set securityContext.windowsOptions.hostProcess=true'),
    }),
  ],
];

/** Controls of the restricted level. */
const RESTRICTED: ReadonlySet<string> = new Set([
  'Privilege Escalation',
  'Capabilities',
  'Volume Types',
  'Running as Non-root',
  'Running as Non-root user',
  'Seccomp',
]);

/** Releases before 1.22 had no rule of the restricted level for capabilities. */
const isRestrictedCapability = ({ control, restricted }: PodSecurityViolation): boolean =>
  control === 'Capabilities' && restricted === true;

interface Told {
  readonly reason: string;
  readonly text: string;
}

function toldOf(level: 'baseline' | 'restricted', violations: readonly PodSecurityViolation[]): Told[] {
  const restricted = level === 'restricted';
  // The restricted level's own checks come last; where one says more than a check of the baseline, it stands for both.
  const own = (control: string): boolean =>
    RESTRICTED.has(control) && !(control === 'Capabilities' && !violations.some(isRestrictedCapability));
  const order = restricted
    ? [
        ...WORDS.filter(([control]) => !own(control) && control !== 'HostPath Volumes'),
        ...WORDS.filter(([control]) => own(control)),
      ]
    : WORDS;
  return order.flatMap(([control, words]) => {
    const found = violations.filter(one => one.control === control);
    if (found.length === 0) return [];
    const { reason, detail } = words(restricted && (control !== 'Capabilities' || own(control)));
    const containers = found.filter(one => one.container !== undefined);
    return [{ reason, text: detail({ pod: found.filter(one => one.container === undefined), containers }) }];
  });
}

/** Violations as the API server words them: `privileged (container "c" must not set securityContext.privileged=true)`. */
export function podSecurityWords(
  level: 'baseline' | 'restricted',
  violations: readonly PodSecurityViolation[],
): string {
  return toldOf(level, violations)
    .map(({ reason, text }) => `${reason} (${text})`)
    .join(', ');
}

/** The reasons alone, for pods told of together: `host namespaces, privileged`. */
export const podSecurityReasons = (
  level: 'baseline' | 'restricted',
  violations: readonly PodSecurityViolation[],
): string =>
  toldOf(level, violations)
    .map(({ reason }) => reason)
    .join(', ');

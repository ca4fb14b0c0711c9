import type { Json, JsonObject } from '../../../kernel/index.ts';
import type { PodSecurityViolation } from '../../engine/podsecurity/index.ts';
import { imageParts } from './images.ts';

/** A check of the standards as Kyverno names it: its id, its control, and why it refuses. */
interface Check {
  readonly id: string;
  readonly control: string;
  readonly reason: string;
  /** Only what the restricted level asks (true), or what the baseline asks (false), where a control has both. */
  readonly restricted?: boolean;
  /** What Kyverno tells of it where that is not all: fields without images, or nothing, not even the control's name. */
  readonly tells?: 'fields' | 'nothing';
}

/** In the order of their ids, as messages and reports list them. */
const CHECKS: readonly Check[] = [
  { id: 'allowPrivilegeEscalation', control: 'Privilege Escalation', reason: 'allowPrivilegeEscalation != false' },
  { id: 'appArmorProfile', control: 'AppArmor', reason: 'forbidden AppArmor profile' },
  { id: 'capabilities_baseline', control: 'Capabilities', reason: 'non-default capabilities', restricted: false },
  { id: 'capabilities_restricted', control: 'Capabilities', reason: 'unrestricted capabilities', restricted: true },
  { id: 'hostNamespaces', control: 'Host Namespaces', reason: 'host namespaces' },
  { id: 'hostPathVolumes', control: 'HostPath Volumes', reason: 'hostPath volumes' },
  {
    id: 'hostProbesAndHostLifecycle',
    control: 'Host Probes / Lifecycle Hooks',
    reason: 'probe or lifecycle host',
    tells: 'nothing',
  },
  { id: 'hostPorts', control: 'Host Ports', reason: 'hostPort', tells: 'fields' },
  { id: 'privileged', control: 'Privileged Containers', reason: 'privileged' },
  { id: 'procMount', control: '/proc Mount Type', reason: 'procMount' },
  { id: 'restrictedVolumes', control: 'Volume Types', reason: 'restricted volume types' },
  { id: 'runAsNonRoot', control: 'Running as Non-root', reason: 'runAsNonRoot != true' },
  { id: 'runAsUser', control: 'Running as Non-root user', reason: 'runAsUser=0' },
  { id: 'seLinuxOptions', control: 'SELinux', reason: 'seLinuxOptions' },
  { id: 'seccompProfile_baseline', control: 'Seccomp', reason: 'seccompProfile', restricted: false },
  { id: 'seccompProfile_restricted', control: 'Seccomp', reason: 'seccompProfile', restricted: true },
  { id: 'sysctls', control: 'Sysctls', reason: 'forbidden sysctls' },
  { id: 'windowsHostProcess', control: 'HostProcess', reason: 'hostProcess' },
];

/** What a rule of Pod Security says of a pod that it does not allow. */
export interface PodSecurityWords {
  readonly message: string;
  /** For reports: the standard, its version, and the controls that refuse. */
  readonly properties: Readonly<Record<string, string>>;
}

/**
 * Words and report properties of violations (Kyverno, "Pod Security"). `rule` is the body of `podSecurity`, `all` has those
 * that were left out as well: their images are told with a control that still refuses.
 */
export function podSecurityWords(
  rule: JsonObject,
  violations: readonly PodSecurityViolation[],
  all = violations,
): PodSecurityWords {
  const [level, version] = [String(rule.level ?? 'baseline'), String(rule.version ?? 'latest')];
  const failed = CHECKS.flatMap(check => {
    const isOf = (each: PodSecurityViolation): boolean =>
      each.control === check.control && (check.restricted === undefined || check.restricted === !!each.restricted);
    const own = violations.filter(isOf);
    return own.length === 0 ? [] : [{ check, own, every: all.filter(isOf) }];
  });
  const reasons = failed.map(({ check, own }) => {
    const errors = check.tells === 'nothing' ? [] : errorsOf(own);
    const plural = check.id === 'appArmorProfile' && errors.length > 1 ? 's' : '';
    return `(Forbidden reason: ${check.reason}${plural}, field error list: [${errors.join(', ')}])`;
  });
  const told = failed.map(({ check: { id, control, tells }, every }) => ({
    ID: id,
    Name: tells === 'nothing' ? '' : control,
    Images: tells === undefined ? imagesOf(every) : null,
  }));
  return {
    message: `It violates PodSecurity "${level}:${version}": ${reasons.join('')}`,
    properties: {
      controls: failed.map(({ check }) => check.id).join(','),
      controlsJSON: JSON.stringify(told),
      standard: level,
      version,
    },
  };
}

/** One text a field; what several values of one list are wrong is told together. */
function errorsOf(violations: readonly PodSecurityViolation[]): string[] {
  const texts = new Map<string, Json[]>();
  const plain: string[] = [];
  // The pod's own unset field is told by the containers that rely on it.
  const inner = violations.some(({ container }) => container !== undefined);
  for (const { at, field, value, control, container, isLeftOut } of violations) {
    const where = at ?? field;
    if (value === null && container === undefined && inner) continue;
    if (control === 'Volume Types') plain.push(`${where}: Forbidden`);
    else if (value === null && isLeftOut && control === 'Privilege Escalation')
      plain.push(`${where} is forbidden, forbidden values found: nil`);
    else if (value === null) plain.push(`${where}: Required value`);
    else if (/\.capabilities\.(?:add|drop)$/.test(where))
      texts.set(where, [...(texts.get(where) ?? []), ...(Array.isArray(value) ? value : [value])]);
    else
      plain.push(
        `${where} is forbidden, forbidden values found: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
  }
  const lists = [...texts].map(
    ([where, values]) => `${where} is forbidden, forbidden values found: [${values.map(String).toSorted().join(' ')}]`,
  );
  return [...plain, ...lists];
}

function imagesOf(violations: readonly PodSecurityViolation[]): string[] | null {
  const images = new Set(violations.flatMap(({ image }) => (image === undefined ? [] : [whole(image)])));
  return images.size === 0 ? null : [...images];
}

/** `nginx` -> `docker.io/nginx:latest`. */
function whole(image: string): string {
  const parts = imageParts(image);
  return parts === undefined ? image : String(parts.reference ?? image);
}

import type { JsonObject, KubeObject, StatusCause } from '../../../kernel/index.ts';
import { checkPodSecurity, LATEST } from './checks.ts';
import type { PodSecurityViolation } from './model.ts';

/** What one mode of a namespace says of a pod; a mode without a label, or with an unknown level, says nothing. */
export interface PodSecurityVerdict {
  readonly mode: 'enforce' | 'audit' | 'warn';
  readonly level: 'baseline' | 'restricted';
  /** `latest`, or the minor release the namespace names, by whose rules pods are judged. */
  readonly version: string;
  readonly violations: readonly PodSecurityViolation[];
}

const PREFIX = 'pod-security.kubernetes.io/';
const MODES = ['enforce', 'audit', 'warn'] as const;

const VERSION = /^v1\.(0|[1-9]\d*)$/;
const minorOf = (version: string | undefined): number => {
  const found = VERSION.exec(version ?? '');
  return found ? Number(found[1]) : LATEST;
};

/** Labels of a namespace that are no level or no version, as the API server words them. */
export function podSecurityLabelCauses(labels: Readonly<Record<string, string>>): StatusCause[] {
  const causeOf = (name: string, fits: (value: string) => boolean, asked: string): StatusCause[] => {
    const value = Object.hasOwn(labels, PREFIX + name) ? labels[PREFIX + name] : undefined;
    if (value === undefined || fits(value)) return [];
    const message = `Invalid value: ${JSON.stringify(value)}: must be ${asked}`;
    return [{ reason: 'FieldValueInvalid', message, field: `metadata.labels[${PREFIX}${name}]` }];
  };
  const isVersion = (value: string): boolean => value === 'latest' || VERSION.test(value);
  return MODES.flatMap(mode => [
    ...causeOf(mode, value => LEVELS.includes(value), `one of ${LEVELS.join(', ')}`),
    ...causeOf(`${mode}-version`, isVersion, '"latest" or "v1.x"'),
  ]);
}

const LEVELS: readonly string[] = ['privileged', 'baseline', 'restricted'];

/** Whether a namespace now asks for more than before, or for the same by the rules of another release. */
export function tightens(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): boolean {
  const [old, level] = [before, after].map(labels => LEVELS.indexOf(labels[`${PREFIX}enforce`] ?? 'privileged'));
  if (level! <= 0) return false;
  const versions = [before, after].map(labels => labels[`${PREFIX}enforce-version`] ?? 'latest');
  return level! > old! || versions[0] !== versions[1];
}

/** Judges a pod by the labels of its namespace (kubernetes.io, "Pod Security Admission"). */
export function judgePodSecurity(
  namespaceLabels: Readonly<Record<string, string>> | undefined,
  pod: KubeObject,
): readonly PodSecurityVerdict[] {
  const labels = namespaceLabels ?? {};
  return MODES.flatMap(mode => {
    const level = Object.hasOwn(labels, PREFIX + mode) ? labels[PREFIX + mode] : undefined;
    if (level !== 'baseline' && level !== 'restricted') return [];
    const violations = checkPodSecurity(
      level,
      pod.metadata as unknown as JsonObject,
      (pod.spec ?? {}) as unknown as JsonObject,
      minorOf(labels[`${PREFIX}${mode}-version`]),
    );
    return [{ mode, level, version: labels[`${PREFIX}${mode}-version`] ?? 'latest', violations }];
  });
}

import { isIPv4, isIPv6 } from 'node:net';
import { Quantity } from '../../quantity.ts';
import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { validateLabels, validateAnnotations } from './meta.ts';
import { configKey, dnsLabel, dnsSubdomain, environmentName, portName, portNumber, qualifiedName } from './names.ts';
import { validateSelector } from './selector.ts';
import { validateVolumes } from './volume.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const atLeast = (minimum: number): string => `must be greater than or equal to ${minimum}`;

/** A number that may not be negative. */
export function notNegative(value: unknown, field: string, causes: Causes): void {
  if (typeof value === 'number' && value < 0) causes.invalid(field, value, atLeast(0));
}

function containerPorts(ports: readonly Draft[], field: string, causes: Causes): void {
  const names = new Set<string>();
  ports.forEach((port, i) => {
    const at = `${field}[${i}]`;
    const name = text(port.name);
    if (name !== '') {
      causes.invalidAll(`${at}.name`, name, portName(name));
      if (names.has(name)) causes.duplicate(`${at}.name`, name);
      names.add(name);
    }
    const number = Number(port.containerPort ?? 0);
    if (number === 0) causes.required(`${at}.containerPort`);
    else causes.invalidAll(`${at}.containerPort`, number, portNumber(number));
    if (typeof port.hostPort === 'number' && port.hostPort !== 0) {
      causes.invalidAll(`${at}.hostPort`, port.hostPort, portNumber(port.hostPort));
    }
    if ((port.protocol ?? '') === '') causes.required(`${at}.protocol`);
    else causes.oneOf(`${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']);
  });
}

function keyReference(reference: Draft | undefined, field: string, causes: Causes): void {
  if (reference === undefined) return;
  if (text(reference.key) === '') causes.required(`${field}.key`);
  else causes.invalidAll(`${field}.key`, reference.key, configKey(text(reference.key)));
}

const FIELD_REFERENCES = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

const DYNAMIC_FIELD = /^metadata\.(labels|annotations)\['.+'\]$/;

function environment(container: Draft, field: string, causes: Causes): void {
  parts(container, 'env').forEach((variable, i) => {
    const at = `${field}.env[${i}]`;
    const name = text(variable.name);
    if (name === '') causes.required(`${at}.name`);
    else causes.invalidAll(`${at}.name`, name, environmentName(name));
    const from = part(variable, 'valueFrom');
    if (from === undefined) return;
    const sources = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'].filter(one =>
      isDraft(from[one]),
    );
    if (sources.length === 0)
      causes.invalid(
        `${at}.valueFrom`,
        '',
        `must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\`, \`secretKeyRef\` or \`fileKeyRef\``,
      );
    else if (sources.length > 1)
      causes.invalid(`${at}.valueFrom`, '', 'may not have more than one field specified at a time');
    if (text(variable.value) !== '' && sources.length > 0) {
      causes.invalid(`${at}.valueFrom`, '', 'may not be specified when `value` is not empty');
    }
    const reference = part(from, 'fieldRef');
    if (reference) {
      const path = text(reference.fieldPath);
      if (path === '') causes.required(`${at}.valueFrom.fieldRef.fieldPath`);
      else if (!FIELD_REFERENCES.includes(path) && !DYNAMIC_FIELD.test(path)) {
        causes.notSupported(`${at}.valueFrom.fieldRef.fieldPath`, path, FIELD_REFERENCES);
      }
    }
    keyReference(part(from, 'configMapKeyRef'), `${at}.valueFrom.configMapKeyRef`, causes);
    keyReference(part(from, 'secretKeyRef'), `${at}.valueFrom.secretKeyRef`, causes);
  });
  parts(container, 'envFrom').forEach((source, i) => {
    const at = `${field}.envFrom[${i}]`;
    const count = ['configMapRef', 'secretRef'].filter(one => isDraft(source[one])).length;
    if (count === 0) causes.invalid(at, '', 'must specify one of: `configMapRef` or `secretRef`');
    else if (count > 1) causes.invalid(at, '', 'may not have more than one field specified at a time');
  });
}

function mounts(
  container: Draft,
  field: string,
  volumes: ReadonlySet<string>,
  claims: ReadonlySet<string>,
  causes: Causes,
): void {
  const paths = new Set<string>();
  parts(container, 'volumeMounts').forEach((mount, i) => {
    const at = `${field}.volumeMounts[${i}]`;
    const name = text(mount.name);
    if (name === '') causes.required(`${at}.name`);
    else if (!volumes.has(name)) causes.notFound(`${at}.name`, name);
    const path = text(mount.mountPath);
    if (path === '') causes.required(`${at}.mountPath`);
    else if (paths.has(path)) causes.invalid(`${at}.mountPath`, path, 'must be unique');
    paths.add(path);
    const sub = text(mount.subPath);
    if (sub.startsWith('/')) causes.invalid(`${at}.subPath`, sub, 'must be a relative path');
    else if (sub.split('/').includes('..')) causes.invalid(`${at}.subPath`, sub, "must not contain '..'");
    if (sub !== '' && text(mount.subPathExpr) !== '') {
      causes.invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive');
    }
  });
  parts(container, 'volumeDevices').forEach((device, i) => {
    const at = `${field}.volumeDevices[${i}]`;
    if (text(device.name) === '') causes.required(`${at}.name`);
    else if (!claims.has(text(device.name))) {
      causes.invalid(
        `${at}.name`,
        device.name,
        volumes.has(text(device.name))
          ? 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode'
          : 'must not already exist in volumeMounts',
      );
    }
    if (text(device.devicePath) === '') causes.required(`${at}.devicePath`);
  });
}

/** Requests and limits: names, amounts, and that no request is above its limit. */
export function validateResources(resources: Draft | undefined, field: string, causes: Causes): void {
  const limits = part(resources, 'limits') ?? {};
  const requests = part(resources, 'requests') ?? {};
  for (const [kind, list] of [
    ['limits', limits],
    ['requests', requests],
  ] as const) {
    for (const [name, amount] of Object.entries(list)) {
      const at = `${field}.${kind}`;
      causes.invalidAll(at, name, qualifiedName(name));
      const quantity = Quantity.parse(String(amount));
      if (quantity === undefined) continue;
      if (quantity.nano < 0n) causes.invalid(`${at}[${name}]`, quantity.toString(), atLeast(0));
      if (
        !name.includes('/') &&
        !['cpu', 'memory', 'ephemeral-storage', 'storage'].includes(name) &&
        !name.startsWith('hugepages-')
      ) {
        causes.invalid(at, name, 'must be a standard resource type or fully qualified');
      }
    }
  }
  for (const [name, amount] of Object.entries(requests)) {
    if (!Object.hasOwn(limits, name)) continue;
    const request = Quantity.of(String(amount));
    const limit = Quantity.of(String(limits[name]));
    if (request.compare(limit) > 0) {
      causes.invalid(
        `${field}.requests`,
        request.toString(),
        `must be less than or equal to ${name} limit of ${limit.toString()}`,
      );
    }
  }
}

function handler(action: Draft, field: string, causes: Causes, name: 'probe' | 'handler'): void {
  const allowed = ['exec', 'httpGet', 'tcpSocket', 'grpc', 'sleep'].filter(one => isDraft(action[one]));
  if (allowed.length === 0) causes.required(field, 'must specify a handler type');
  for (const extra of allowed.slice(1))
    causes.forbidden(`${field}.${extra}`, 'may not specify more than 1 handler type');
  const exec = part(action, 'exec');
  if (exec && !(Array.isArray(exec.command) && exec.command.length > 0)) causes.required(`${field}.exec.command`);
  for (const kind of ['httpGet', 'tcpSocket', 'grpc'] as const) {
    const target = part(action, kind);
    if (target === undefined) continue;
    const at = `${field}.${kind}.port`;
    if (typeof target.port === 'string') causes.invalidAll(at, target.port, portName(target.port));
    else causes.invalidAll(at, target.port ?? 0, portNumber(Number(target.port ?? 0)));
    if (kind === 'httpGet') {
      if (text(target.path) === '') causes.required(`${field}.httpGet.path`);
      causes.oneOf(`${field}.httpGet.scheme`, target.scheme, ['HTTP', 'HTTPS']);
    }
  }
  if (name === 'probe') {
    for (const one of [
      'initialDelaySeconds',
      'timeoutSeconds',
      'periodSeconds',
      'successThreshold',
      'failureThreshold',
    ]) {
      notNegative(action[one], `${field}.${one}`, causes);
    }
  }
}

function probes(container: Draft, field: string, causes: Causes): void {
  for (const name of ['livenessProbe', 'readinessProbe', 'startupProbe'] as const) {
    const probe = part(container, name);
    if (probe === undefined) continue;
    handler(probe, `${field}.${name}`, causes, 'probe');
    const threshold = probe.successThreshold;
    if (name !== 'readinessProbe' && typeof threshold === 'number' && threshold !== 1) {
      causes.invalid(`${field}.${name}.successThreshold`, threshold, 'must be 1');
    }
  }
  const lifecycle = part(container, 'lifecycle');
  for (const name of ['postStart', 'preStop'] as const) {
    const action = part(lifecycle, name);
    if (action) handler(action, `${field}.lifecycle.${name}`, causes, 'handler');
  }
}

interface Seen {
  readonly names: Set<string>;
  readonly volumes: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
}

function container(value: Draft, field: string, seen: Seen, causes: Causes): void {
  const name = text(value.name);
  if (name === '') causes.required(`${field}.name`);
  else {
    causes.invalidAll(`${field}.name`, name, dnsLabel(name));
    if (seen.names.has(name)) causes.duplicate(`${field}.name`, name);
    seen.names.add(name);
  }
  const image = text(value.image);
  if (image === '') causes.required(`${field}.image`);
  else if (image !== image.trim())
    causes.invalid(`${field}.image`, image, 'must not have leading or trailing whitespace');
  containerPorts(parts(value, 'ports'), `${field}.ports`, causes);
  environment(value, field, causes);
  mounts(value, field, seen.volumes, seen.claims, causes);
  validateResources(part(value, 'resources'), `${field}.resources`, causes);
  if (value.imagePullPolicy !== undefined) {
    causes.oneOf(`${field}.imagePullPolicy`, value.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']);
  }
  if (value.terminationMessagePolicy !== undefined) {
    causes.oneOf(`${field}.terminationMessagePolicy`, value.terminationMessagePolicy, [
      'FallbackToLogsOnError',
      'File',
    ]);
  }
  const security = part(value, 'securityContext');
  if (security?.privileged === true && security.allowPrivilegeEscalation === false) {
    causes.invalid(
      `${field}.securityContext`,
      security,
      'cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
    );
  }
  for (const one of ['runAsUser', 'runAsGroup'])
    notNegative(security?.[one], `${field}.securityContext.${one}`, causes);
}

function containers(spec: Draft, field: string, seen: Seen, causes: Causes): void {
  const list = parts(spec, 'containers');
  if (list.length === 0) causes.required(`${field}.containers`);
  list.forEach((one, i) => {
    container(one, `${field}.containers[${i}]`, seen, causes);
    probes(one, `${field}.containers[${i}]`, causes);
  });
  parts(spec, 'initContainers').forEach((one, i) => {
    const at = `${field}.initContainers[${i}]`;
    container(one, at, seen, causes);
    if (one.restartPolicy === 'Always') return probes(one, at, causes);
    if (one.restartPolicy !== undefined)
      causes.oneOf(`${at}.restartPolicy`, one.restartPolicy, ['Always', 'Never', 'OnFailure']);
    for (const name of ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']) {
      if (one[name] !== undefined)
        causes.forbidden(`${at}.${name}`, 'may not be set for init containers without restartPolicy=Always');
    }
  });
  const hostPorts = new Set<string>();
  list.forEach((one, i) =>
    parts(one, 'ports').forEach((port, j) => {
      if (typeof port.hostPort !== 'number' || port.hostPort === 0) return;
      const key = `${String(port.protocol)}/${text(port.hostIP)}/${port.hostPort}`;
      if (hostPorts.has(key)) causes.duplicate(`${field}.containers[${i}].ports[${j}].hostPort`, key);
      hostPorts.add(key);
      if (spec.hostNetwork === true && port.hostPort !== port.containerPort) {
        causes.invalid(
          `${field}.containers[${i}].ports[${j}].containerPort`,
          port.containerPort,
          'must match `hostPort` when `hostNetwork` is true',
        );
      }
    }),
  );
}

const TOLERATION_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];

function tolerations(spec: Draft, field: string, causes: Causes): void {
  parts(spec, 'tolerations').forEach((one, i) => {
    const at = `${field}.tolerations[${i}]`;
    const key = text(one.key);
    if (key !== '') causes.invalidAll(`${at}.key`, key, qualifiedName(key));
    if (key === '' && one.operator !== 'Exists') {
      causes.invalid(
        `${at}.operator`,
        one.operator ?? '',
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    }
    if (one.tolerationSeconds !== undefined && one.effect !== 'NoExecute') {
      causes.invalid(`${at}.effect`, one.effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set");
    }
    if (one.operator === 'Exists' && text(one.value) !== '')
      causes.invalid(`${at}.operator`, one, "value must be empty when `operator` is 'Exists'");
    if (text(one.operator) !== '') causes.oneOf(`${at}.operator`, one.operator, ['Equal', 'Exists']);
    if (text(one.effect) !== '') causes.oneOf(`${at}.effect`, one.effect, TOLERATION_EFFECTS);
  });
}

function scheduling(spec: Draft, field: string, causes: Causes): void {
  tolerations(spec, field, causes);
  validateLabels(spec.nodeSelector, `${field}.nodeSelector`, causes);
  parts(spec, 'topologySpreadConstraints').forEach((one, i) => {
    const at = `${field}.topologySpreadConstraints[${i}]`;
    if (Number(one.maxSkew ?? 0) <= 0) causes.invalid(`${at}.maxSkew`, one.maxSkew ?? 0, 'must be greater than zero');
    if (text(one.topologyKey) === '') causes.required(`${at}.topologyKey`, 'can not be empty');
    causes.oneOf(`${at}.whenUnsatisfiable`, one.whenUnsatisfiable, ['DoNotSchedule', 'ScheduleAnyway']);
    validateSelector(part(one, 'labelSelector'), `${at}.labelSelector`, causes);
  });
  const affinity = part(spec, 'affinity');
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    const terms = parts(part(affinity, kind), 'requiredDuringSchedulingIgnoredDuringExecution');
    terms.forEach((term, i) => {
      const at = `${field}.affinity.${kind}.requiredDuringSchedulingIgnoredDuringExecution[${i}]`;
      if (text(term.topologyKey) === '') causes.required(`${at}.topologyKey`, 'can not be empty');
      validateSelector(part(term, 'labelSelector'), `${at}.labelSelector`, causes);
    });
  }
}

/** A pod spec wherever it stands. */
export function validatePodSpec(spec: Draft | undefined, field: string, causes: Causes): void {
  if (spec === undefined) return causes.required(field);
  const { volumes, claims } = validateVolumes(parts(spec, 'volumes'), `${field}.volumes`, causes);
  containers(spec, field, { names: new Set(), volumes, claims }, causes);
  if (spec.restartPolicy !== undefined)
    causes.oneOf(`${field}.restartPolicy`, spec.restartPolicy, ['Always', 'OnFailure', 'Never']);
  if (spec.dnsPolicy !== undefined) {
    causes.oneOf(`${field}.dnsPolicy`, spec.dnsPolicy, ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None']);
  }
  if (spec.dnsPolicy === 'None' && parts({ list: part(spec, 'dnsConfig')?.nameservers }, 'list').length === 0) {
    const servers = part(spec, 'dnsConfig')?.nameservers;
    if (!Array.isArray(servers) || servers.length === 0) {
      causes.required(
        `${field}.dnsConfig.nameservers`,
        'must provide at least one DNS nameserver when `dnsPolicy` is None',
      );
    }
  }
  notNegative(spec.terminationGracePeriodSeconds, `${field}.terminationGracePeriodSeconds`, causes);
  if (
    typeof spec.activeDeadlineSeconds === 'number' &&
    (spec.activeDeadlineSeconds < 1 || spec.activeDeadlineSeconds > 2 ** 31 - 1)
  ) {
    causes.invalid(
      `${field}.activeDeadlineSeconds`,
      spec.activeDeadlineSeconds,
      'must be between 1 and 2147483647, inclusive',
    );
  }
  for (const [name, rule] of [
    ['serviceAccountName', dnsSubdomain],
    ['nodeName', dnsSubdomain],
    ['hostname', dnsLabel],
    ['subdomain', dnsLabel],
    ['runtimeClassName', dnsSubdomain],
    ['priorityClassName', dnsSubdomain],
  ] as const) {
    const value = text(spec[name]);
    if (value !== '') causes.invalidAll(`${field}.${name}`, value, rule(value));
  }
  parts(spec, 'hostAliases').forEach((alias, i) => {
    const address = text(alias.ip);
    if (!isIPv4(address) && !isIPv6(address))
      causes.invalid(
        `${field}.hostAliases[${i}].ip`,
        address,
        'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      );
  });
  scheduling(spec, field, causes);
}

/** `spec.template` of a workload: its labels and its pod spec. */
export function validateTemplate(template: Draft | undefined, field: string, causes: Causes): void {
  const metadata = part(template, 'metadata');
  validateLabels(metadata?.labels, `${field}.metadata.labels`, causes);
  validateAnnotations(metadata?.annotations, `${field}.metadata.annotations`, causes);
  validatePodSpec(part(template, 'spec'), `${field}.spec`, causes);
}

import { type Draft, isDraft, part, parts } from '../defaults/fill.ts';
import type { Causes } from './causes.ts';
import { configKey, dnsLabel, dnsSubdomain, environmentName, headerName, portName, portNumber } from './names.ts';
import { ENVIRONMENT_FIELDS, fieldReference, resourceReference } from './field-reference.ts';
import { validateResources } from './resources.ts';

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A number that may not be negative. */
export function notNegative(value: unknown, field: string, causes: Causes): void {
  if (typeof value === 'number' && value < 0) causes.invalid(field, value, 'must be greater than or equal to 0');
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
  causes.invalidAll(`${field}.name`, text(reference.name), dnsSubdomain(text(reference.name)));
  if (text(reference.key) === '') causes.required(`${field}.key`);
  else causes.invalidAll(`${field}.key`, reference.key, configKey(text(reference.key)));
}

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
      fieldReference(reference, `${at}.valueFrom.fieldRef`, ENVIRONMENT_FIELDS, causes);
    }
    const resource = part(from, 'resourceFieldRef');
    if (resource) resourceReference(resource, `${at}.valueFrom.resourceFieldRef`, false, causes);
    keyReference(part(from, 'configMapKeyRef'), `${at}.valueFrom.configMapKeyRef`, causes);
    keyReference(part(from, 'secretKeyRef'), `${at}.valueFrom.secretKeyRef`, causes);
  });
  parts(container, 'envFrom').forEach((source, i) => {
    const at = `${field}.envFrom[${i}]`;
    const count = ['configMapRef', 'secretRef'].filter(one => isDraft(source[one])).length;
    if (count === 0) causes.invalid(`${field}.envFrom`, '', 'must specify one of: `configMapRef` or `secretRef`');
    else if (count > 1) causes.invalid(`${field}.envFrom`, '', 'may not have more than one field specified at a time');
    for (const kind of ['configMapRef', 'secretRef']) {
      const named = part(source, kind);
      if (named === undefined) continue;
      if (text(named.name) === '') causes.required(`${at}.${kind}.name`);
      else causes.invalidAll(`${at}.${kind}.name`, named.name, dnsSubdomain(text(named.name)));
    }
  });
}

function mounts(container: Draft, field: string, volumes: ReadonlySet<string>, causes: Causes): void {
  const paths = new Set<string>();
  parts(container, 'volumeMounts').forEach((mount, i) => {
    const at = `${field}.volumeMounts[${i}]`;
    const name = text(mount.name);
    if (name === '') causes.required(`${at}.name`);
    if (!volumes.has(name)) causes.notFound(`${at}.name`, name);
    const path = text(mount.mountPath);
    if (path === '') causes.required(`${at}.mountPath`);
    else if (paths.has(path)) causes.invalid(`${at}.mountPath`, path, 'must be unique');
    paths.add(path);
    const sub = text(mount.subPath);
    // The API server leaves the index out of these.
    const below = `${field}.volumeMounts.subPath`;
    if (sub.startsWith('/')) causes.invalid(below, sub, 'must be a relative path');
    if (sub.split('/').includes('..')) causes.invalid(below, sub, "must not contain '..'");
    if (sub !== '' && text(mount.subPathExpr) !== '') {
      causes.invalid(`${at}.subPathExpr`, mount.subPathExpr, 'subPathExpr and subPath are mutually exclusive');
    }
  });
}

/** Raw devices of a container: of claims, each once, and none where a folder is mounted (core/v1 ValidateVolumeDevices). */
function devices(container: Draft, field: string, seen: Seen, causes: Causes): void {
  const [names, paths] = [new Set<string>(), new Set<string>()];
  const mounted = parts(container, 'volumeMounts');
  parts(container, 'volumeDevices').forEach((device, i) => {
    const at = `${field}.volumeDevices[${i}]`;
    const [name, path] = [text(device.name), text(device.devicePath)];
    if (name === '') causes.required(`${at}.name`);
    if (names.has(name)) causes.invalid(`${at}.name`, name, 'must be unique');
    names.add(name);
    if (!seen.volumes.has(name)) causes.notFound(`${at}.name`, name);
    else if (!seen.claims.has(name))
      causes.invalid(
        `${at}.name`,
        name,
        'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode',
      );
    if (path === '') causes.required(`${at}.devicePath`);
    if (paths.has(path)) causes.invalid(`${at}.devicePath`, path, 'must be unique');
    if (path.split('/').includes('..')) causes.invalid(`${at}.devicePath`, path, "can not contain backsteps ('..')");
    else paths.add(path);
    if (name !== '' && mounted.some(mount => mount.name === name))
      causes.invalid(`${at}.name`, name, 'must not already exist in volumeMounts');
    if (path !== '' && mounted.some(mount => mount.mountPath === path))
      causes.invalid(`${at}.devicePath`, path, 'must not already exist as a path in volumeMounts');
  });
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
      for (const header of parts(target, 'httpHeaders'))
        causes.invalidAll(`${field}.httpGet.httpHeaders`, text(header.name), headerName(text(header.name)));
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

/** Names that are taken, and the volumes there are: those of blocks are claims. */
export interface Seen {
  readonly names: Set<string>;
  readonly volumes: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
}

/** The rules every container keeps. */
export function container(value: Draft, field: string, seen: Seen, causes: Causes): void {
  const name = text(value.name);
  if (name === '') causes.required(`${field}.name`);
  else causes.invalidAll(`${field}.name`, name, dnsLabel(name));
  const image = text(value.image);
  if (image === '') causes.required(`${field}.image`);
  // Templates may say it: other programs have given " " a meaning there (core/v1 validateContainersOnlyForPod).
  else if (/^spec\.\w*[cC]ontainers\[/.test(field) && image !== image.trim())
    causes.invalid(`${field}.image`, image, 'must not have leading or trailing whitespace');
  containerPorts(parts(value, 'ports'), `${field}.ports`, causes);
  environment(value, field, causes);
  mounts(value, field, seen.volumes, causes);
  devices(value, field, seen, causes);
  validateResources(part(value, 'resources'), `${field}.resources`, causes);
  if (value.imagePullPolicy !== undefined) {
    causes.oneOf(`${field}.imagePullPolicy`, value.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']);
  }
  if (value.terminationMessagePolicy !== undefined) {
    causes.oneOf(`${field}.terminationMessagePolicy`, value.terminationMessagePolicy, [
      'File',
      'FallbackToLogsOnError',
    ]);
  }
  resizing(value, field, causes);
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
  seccomp(part(security, 'seccompProfile'), `${field}.securityContext.seccompProfile`, causes);
  const armor = part(security, 'appArmorProfile');
  const at = `${field}.securityContext.appArmorProfile.type`;
  if (armor && text(armor.type) === '') causes.required(at, 'type is required when appArmorProfile is set');
  else if (armor) causes.oneOf(at, armor.type, ['Localhost', 'RuntimeDefault', 'Unconfined']);
}

/** What becomes of a container whose resources change (core/v1 validateResizePolicy): one rule a resource. */
function resizing(value: Draft, field: string, causes: Causes): void {
  const at = `${field}.resizePolicy`;
  const seen = new Set<string>();
  for (const rule of parts(value, 'resizePolicy')) {
    const name = text(rule.resourceName);
    if (name === '') causes.required(at);
    else causes.oneOf(at, name, ['cpu', 'memory']);
    if (seen.has(name)) causes.duplicate(at, name);
    seen.add(name);
    const policy = text(rule.restartPolicy);
    if (policy === '') causes.required(at);
    else causes.oneOf(at, policy, ['NotRequired', 'RestartContainer']);
  }
}

/** A name is taken once among all containers; the second of its name is told after all else about it. */
function unique(value: Draft, field: string, seen: Seen, causes: Causes): void {
  const name = text(value.name);
  if (name === '') return;
  if (seen.names.has(name)) causes.duplicate(`${field}.name`, name);
  seen.names.add(name);
}

/** A seccomp profile names its type, and a file exactly where it is a local one. */
export function seccomp(profile: Draft | undefined, field: string, causes: Causes): void {
  if (profile === undefined) return;
  if (text(profile.type) === '') return causes.required(`${field}.type`, 'type is required when seccompProfile is set');
  causes.oneOf(`${field}.type`, profile.type, ['Localhost', 'RuntimeDefault', 'Unconfined']);
  const file = profile.localhostProfile;
  if (profile.type === 'Localhost' && file === undefined)
    causes.required(`${field}.localhostProfile`, 'must be set when seccomp type is Localhost');
  else if (profile.type !== 'Localhost' && file !== undefined)
    causes.invalid(`${field}.localhostProfile`, file, 'can only be set when seccomp type is Localhost');
}

/** Containers of a pod spec: `seen` carries the volumes they may mount. */
export function containers(spec: Draft, field: string, seen: Seen, causes: Causes): void {
  const list = parts(spec, 'containers');
  if (list.length === 0) causes.required(`${field}.containers`);
  list.forEach((one, i) => {
    const at = `${field}.containers[${i}]`;
    container(one, at, seen, causes);
    unique(one, at, seen, causes);
    probes(one, at, causes);
  });
  parts(spec, 'initContainers').forEach((one, i) => {
    const at = `${field}.initContainers[${i}]`;
    container(one, at, seen, causes);
    unique(one, at, seen, causes);
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

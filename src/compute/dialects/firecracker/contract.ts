import type { RestRequest } from './requests.ts';

/**
 * The rules of the published interface (its Swagger document, version 1.16) as a state machine: what each call may hold,
 * and when it may come. It stands in for the program where that cannot be run; every rule names its answer.
 */
export interface ContractState {
  readonly phase: 'Not started' | 'Running' | 'Paused';
  readonly configured: ReadonlySet<string>;
}

export const FRESH: ContractState = { phase: 'Not started', configured: new Set() };

interface Answer {
  readonly status: 200 | 204 | 400;
  readonly fault?: string;
  readonly state: ContractState;
}

type Kind = 'string' | 'integer' | 'boolean' | 'list' | 'object' | readonly string[];

interface Rule {
  readonly method: RestRequest['method'];
  readonly path: RegExp;
  readonly when: 'before' | 'after' | 'any';
  readonly required: Readonly<Record<string, Kind>>;
  readonly optional: Readonly<Record<string, Kind>>;
  readonly open?: boolean;
  /** A further demand, as the fault it is refused with. */
  readonly demand?: (body: Loose, state: ContractState, id: string) => string | undefined;
}

type Loose = Readonly<Record<string, unknown>>;

const RULES: readonly Rule[] = [
  {
    method: 'PUT',
    path: /^\/machine-config$/,
    when: 'before',
    required: { vcpu_count: 'integer', mem_size_mib: 'integer' },
    optional: { smt: 'boolean', track_dirty_pages: 'boolean', cpu_template: 'string', huge_pages: 'string' },
    demand: ({ vcpu_count: count, mem_size_mib: memory }) => {
      const processors = Number(count);
      if (processors < 1 || processors > 32 || (processors > 1 && processors % 2 === 1))
        return 'The vCPU number is invalid! The vCPU number can only be 1 or an even number';
      return Number(memory) > 0 ? undefined : 'The memory size (MiB) is invalid';
    },
  },
  {
    method: 'PUT',
    path: /^\/boot-source$/,
    when: 'before',
    required: { kernel_image_path: 'string' },
    optional: { boot_args: 'string', initrd_path: 'string' },
  },
  {
    method: 'PUT',
    path: /^\/drives\/(\w+)$/,
    when: 'before',
    required: { drive_id: 'string', is_root_device: 'boolean', path_on_host: 'string', is_read_only: 'boolean' },
    optional: { partuuid: 'string', cache_type: ['Unsafe', 'Writeback'], io_engine: ['Sync', 'Async'] },
    demand: (body, _state, id) => (body.drive_id === id ? undefined : 'The id from the path does not match'),
  },
  {
    method: 'PUT',
    path: /^\/network-interfaces\/(\w+)$/,
    when: 'before',
    required: { iface_id: 'string', host_dev_name: 'string' },
    optional: { guest_mac: 'string', mtu: 'integer' },
    demand: (body, _state, id) => {
      if (body.iface_id !== id) return 'The id from the path does not match';
      const { guest_mac: mac } = body;
      return mac === undefined || /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(String(mac)) ? undefined : 'Invalid MAC';
    },
  },
  {
    method: 'PUT',
    path: /^\/vsock$/,
    when: 'before',
    required: { guest_cid: 'integer', uds_path: 'string' },
    optional: { vsock_id: 'string' },
    demand: ({ guest_cid: cid }) => (Number(cid) >= 3 ? undefined : 'guest_cid must be 3 or more'),
  },
  { method: 'PUT', path: /^\/entropy$/, when: 'before', required: {}, optional: {} },
  {
    method: 'PUT',
    path: /^\/mmds\/config$/,
    when: 'before',
    required: { network_interfaces: 'list' },
    optional: { version: ['V1', 'V2'], ipv4_address: 'string' },
    demand: (body, state) => {
      const unknown = (body.network_interfaces as unknown[]).find(
        name => !state.configured.has(`/network-interfaces/${String(name)}`),
      );
      return unknown === undefined ? undefined : `The network interface ID ${String(unknown)} is not known`;
    },
  },
  {
    method: 'PUT',
    path: /^\/mmds$/,
    when: 'any',
    required: {},
    optional: {},
    open: true,
    demand: (_body, state) => (state.configured.has('/mmds/config') ? undefined : 'The MMDS is not configured'),
  },
  {
    method: 'PUT',
    path: /^\/actions$/,
    when: 'any',
    required: { action_type: ['InstanceStart', 'FlushMetrics', 'SendCtrlAltDel'] },
    optional: {},
    demand: ({ action_type: action }, { phase, configured }) => {
      if (action !== 'InstanceStart') return phase === 'Not started' ? 'The microVM is not started' : undefined;
      if (phase !== 'Not started') return 'The microVM is already running';
      return configured.has('/boot-source') ? undefined : 'Cannot start without a boot source';
    },
  },
  {
    method: 'PATCH',
    path: /^\/vm$/,
    when: 'after',
    required: { state: ['Paused', 'Resumed'] },
    optional: {},
  },
  {
    method: 'PUT',
    path: /^\/snapshot\/create$/,
    when: 'after',
    required: { snapshot_path: 'string', mem_file_path: 'string' },
    optional: { snapshot_type: ['Full', 'Diff'] },
    demand: (_body, { phase }) => (phase === 'Paused' ? undefined : 'The microVM must be paused'),
  },
  {
    method: 'PUT',
    path: /^\/snapshot\/load$/,
    when: 'before',
    required: { snapshot_path: 'string', mem_backend: 'object' },
    optional: {
      resume_vm: 'boolean',
      track_dirty_pages: 'boolean',
      network_overrides: 'list',
      vsock_override: 'object',
    },
    demand: ({ mem_backend: backend }, { configured }) => {
      if (configured.size > 0)
        return 'Loading a microVM snapshot not allowed after configuring boot-specific resources';
      const { backend_type: type, backend_path: path } = backend as Loose;
      return (type === 'File' || type === 'Uffd') && typeof path === 'string' ? undefined : 'Bad memory backend';
    },
  },
];

function fits(value: unknown, kind: Kind): boolean {
  if (typeof kind !== 'string') return kind.includes(value as string);
  if (kind === 'integer') return Number.isInteger(value);
  if (kind === 'list') return Array.isArray(value);
  if (kind === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === kind;
}

function badField(rule: Rule, body: Loose): string | undefined {
  const all = { ...rule.required, ...rule.optional };
  const missing = Object.keys(rule.required).find(name => body[name] === undefined);
  if (missing !== undefined) return `missing field \`${missing}\``;
  for (const [name, value] of Object.entries(body)) {
    const kind = all[name];
    if (kind === undefined && !rule.open) return `unknown field \`${name}\``;
    if (kind !== undefined && !fits(value, kind)) return `invalid value for \`${name}\``;
  }
  return undefined;
}

function next(state: ContractState, path: string, body: Loose): ContractState {
  if (path === '/vm') return { ...state, phase: body.state === 'Paused' ? 'Paused' : 'Running' };
  if (path === '/snapshot/load') return { ...state, phase: body.resume_vm === true ? 'Running' : 'Paused' };
  if (path === '/actions') return body.action_type === 'InstanceStart' ? { ...state, phase: 'Running' } : state;
  return { ...state, configured: new Set([...state.configured, path]) };
}

/** What the interface answers to a call in a state, and the state it leaves. */
export function answerContract(state: ContractState, { method, path, body = {} }: RestRequest): Answer {
  if (method === 'GET' && path === '/') return { status: 200, state };
  const refuse = (fault: string): Answer => ({ status: 400, fault, state });
  const rule = RULES.find(candidate => candidate.method === method && candidate.path.test(path));
  if (!rule) return refuse(`Invalid request method and/or path: ${method} ${path}`);
  const started = state.phase !== 'Not started';
  if (rule.when === 'before' && started)
    return refuse('The requested operation is not supported after starting the microVM');
  if (rule.when === 'after' && !started)
    return refuse('The requested operation is not supported before starting the microVM');
  const id = rule.path.exec(path)?.[1] ?? '';
  const fault = badField(rule, body) ?? rule.demand?.(body, state, id);
  return fault === undefined ? { status: 204, state: next(state, path, body) } : refuse(fault);
}

type Step = (values: readonly unknown[]) => unknown[];

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const child =
  (name: string): Step =>
  values => {
    const found: unknown[] = [];
    for (const value of values) if (isRecord(value) && Object.hasOwn(value, name)) found.push(value[name]);
    return found;
  };

const everything: Step = values =>
  values.flatMap(value => (Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : []));

const at =
  (index: number): Step =>
  values => {
    const found: unknown[] = [];
    for (const value of values) {
      if (!Array.isArray(value)) continue;
      const item: unknown = value[index < 0 ? value.length + index : index];
      if (item !== undefined) found.push(item);
    }
    return found;
  };

const slice =
  (from: number | undefined, to: number | undefined): Step =>
  values =>
    values.flatMap(value => (Array.isArray(value) ? value.slice(from, to) : []));

function descend(values: readonly unknown[]): unknown[] {
  const found: unknown[] = [];
  const walk = (value: unknown): void => {
    found.push(value);
    if (Array.isArray(value)) value.forEach(walk);
    else if (isRecord(value)) Object.values(value).forEach(walk);
  };
  values.forEach(walk);
  return found;
}

const COMPARE: Readonly<Record<string, (left: unknown, right: unknown) => boolean>> = {
  '==': (left, right) => left === right,
  '!=': (left, right) => left !== right,
  '<': (left, right) => (left as number) < (right as number),
  '<=': (left, right) => (left as number) <= (right as number),
  '>': (left, right) => (left as number) > (right as number),
  '>=': (left, right) => (left as number) >= (right as number),
};

const literal = (text: string): unknown => {
  if (/^'.*'$|^".*"$/s.test(text)) return text.slice(1, -1);
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== '' && !Number.isNaN(Number(text)) ? Number(text) : text;
};

/** `?(@.type=="Ready")`, and `?(@.name)` for presence. */
function filter(expression: string): Step {
  const match = /^@((?:\.[\w\-\\.]+|\[[^\]]*\])*)\s*(?:(==|!=|<=|>=|<|>)\s*(.+))?$/s.exec(expression.trim());
  if (!match) return () => [];
  const path = compileSteps(match[1] ?? '');
  const compare = match[2] === undefined ? undefined : COMPARE[match[2]]!;
  const wanted = match[3] === undefined ? undefined : literal(match[3].trim());
  return values =>
    values.flatMap(value =>
      Array.isArray(value)
        ? value.filter(item => {
            const found = path([item]);
            return compare ? found.some(one => compare(one, wanted)) : found.length > 0;
          })
        : [],
    );
}

function bracket(content: string): Step {
  const text = content.trim();
  if (text === '*') return everything;
  if (text.startsWith('?(') && text.endsWith(')')) return filter(text.slice(2, -1));
  if (/^'.*'$|^".*"$/s.test(text)) return child(text.slice(1, -1));
  if (/^-?\d+$/.test(text)) return at(Number(text));
  const range = /^(-?\d*):(-?\d*)$/.exec(text);
  if (range) return slice(range[1] ? Number(range[1]) : undefined, range[2] ? Number(range[2]) : undefined);
  if (text.includes(',')) {
    const steps = text.split(',').map(bracket);
    return values => steps.flatMap(step => step(values));
  }
  return () => [];
}

/** Where the `]` of a bracket is, quotes and nested brackets skipped. */
function closing(text: string, from: number): number {
  let depth = 0;
  let quote = '';
  for (let i = from; i < text.length; i++) {
    const char = text[i]!;
    if (quote) {
      if (char === quote) quote = '';
    } else if (char === "'" || char === '"') quote = char;
    else if (char === '[') depth++;
    else if (char === ']' && --depth === 0) return i;
  }
  return text.length;
}

function compileSteps(path: string): Step {
  const steps: Step[] = [];
  let i = 0;
  while (i < path.length) {
    if (path[i] === '[') {
      const end = closing(path, i);
      steps.push(bracket(path.slice(i + 1, end)));
      i = end + 1;
    } else if (path.startsWith('..', i)) {
      steps.push(descend);
      i += path[i + 2] === '[' ? 2 : 1;
    } else {
      if (path[i] === '.') i++;
      const name = /^(?:\\.|[^.[\\])*/s.exec(path.slice(i))![0];
      i += Math.max(1, name.length);
      if (name === '*') steps.push(everything);
      else if (name !== '' && name !== '$') steps.push(child(name.replace(/\\(.)/gs, '$1')));
    }
  }
  return values => steps.reduce<readonly unknown[]>((current, step) => step(current), values) as unknown[];
}

const PATH_LENGTH_MAX = 2048;

/** Compiles a JSONPath as kubectl and CRD printer columns write it (`.status.conditions[?(@.type=="Ready")].status`, `{.spec.x}`). */
export function compileJsonPath(text: string): (object: unknown) => unknown[] {
  const bare = text.startsWith('{') && text.endsWith('}') ? text.slice(1, -1) : text;
  const steps = compileSteps(bare.slice(0, PATH_LENGTH_MAX));
  return object => steps([object]);
}

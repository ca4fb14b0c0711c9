/** The name checks of k8s.io/apimachinery util/validation; each yields the reasons a text is refused. */

const example = (pattern: string, ...examples: string[]): string => {
  const list = examples.map((one, i) => `${i > 0 ? ' or ' : ''}'${one}', `).join('');
  return `(e.g. ${list}regex used for validation is '${pattern}')`;
};

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const DNS1035 = '[a-z]([-a-z0-9]*[a-z0-9])?';
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const full = (pattern: string): RegExp => new RegExp(`^(?:${pattern})$`);
const LABEL_PATTERN = full(LABEL);
const DNS1035_PATTERN = full(DNS1035);
const QUALIFIED_CHARACTERS = /^[-A-Za-z0-9_.]*$/;
const ALPHANUMERIC = /[A-Za-z0-9]/;

const tooLong = (limit: number): string => `must be no more than ${limit} characters`;

/** RFC 1123 label: at most 63 characters. */
export function dnsLabel(text: string): string[] {
  const wrong: string[] = [];
  if (text.length > 63) wrong.push(tooLong(63));
  if (!LABEL_PATTERN.test(text)) {
    if (isSubdomain(text)) wrong.push('must not contain dots');
    else
      wrong.push(
        `a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character ${example(LABEL, 'my-name', '123-abc')}`,
      );
  }
  return wrong;
}

const isSubdomain = (text: string): boolean =>
  text.length <= 4096 && text.split('.').every(label => LABEL_PATTERN.test(label));

/** RFC 1123 subdomain: at most 253 characters. Checked part by part, so that no long text can stall the pattern. */
export function dnsSubdomain(text: string): string[] {
  const wrong: string[] = [];
  if (text.length > 253) wrong.push(tooLong(253));
  if (!isSubdomain(text)) {
    wrong.push(
      `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character ${example(SUBDOMAIN, 'example.com')}`,
    );
  }
  return wrong;
}

/** A domain names are looked for in: a subdomain that may have underscores (IsDNS1123SubdomainWithUnderscore). */
export function searchDomain(text: string): string[] {
  const label = '[a-z0-9_]([-_a-z0-9]*[a-z0-9])?';
  const wrong = text.length > 253 ? [tooLong(253)] : [];
  const one = full(label);
  if (text.length > 4096 || !text.split('.').every(each => one.test(each)))
    wrong.push(
      `a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character ${example(`${label}(\\.${label})*`, 'example.com')}`,
    );
  return wrong;
}

/** RFC 1035 label: as a DNS label, but starting with a letter (Service names). */
export function dns1035Label(text: string): string[] {
  const wrong: string[] = [];
  if (text.length > 63) wrong.push(tooLong(63));
  if (!DNS1035_PATTERN.test(text)) {
    wrong.push(
      `a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character ${example(DNS1035, 'my-name', 'abc-123')}`,
    );
  }
  return wrong;
}

/** `prefix/name`, as label and annotation keys and resource names are. */
export function qualifiedName(text: string): string[] {
  const wrong: string[] = [];
  const parts = text.split('/');
  let name = parts[0]!;
  if (parts.length === 2) {
    name = parts[1]!;
    if (parts[0] === '') wrong.push('prefix part must be non-empty');
    else wrong.push(...dnsSubdomain(parts[0]!).map(one => `prefix part ${one}`));
  } else if (parts.length > 2) {
    return [
      `a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character ${example(QUALIFIED, 'MyName', 'my.name', '123-abc')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  if (name === '') wrong.push('name part must be non-empty');
  else if (name.length > 63) wrong.push(`name part ${tooLong(63)}`);
  if (!isQualified(name)) {
    wrong.push(
      `name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character ${example(QUALIFIED, 'MyName', 'my.name', '123-abc')}`,
    );
  }
  return wrong;
}

const isQualified = (text: string): boolean =>
  text !== '' &&
  QUALIFIED_CHARACTERS.test(text) &&
  ALPHANUMERIC.test(text[0]!) &&
  ALPHANUMERIC.test(text[text.length - 1]!);

/** A label's value: empty, or at most 63 characters of a qualified name. */
export function labelValue(text: string): string[] {
  const wrong: string[] = [];
  if (text.length > 63) wrong.push(tooLong(63));
  if (text !== '' && !isQualified(text)) {
    wrong.push(
      `a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character ${example(LABEL_VALUE, 'MyValue', 'my_value', '12345')}`,
    );
  }
  return wrong;
}

/** Names that become a path segment (Roles and other kinds with free names). */
export function pathSegment(text: string): string[] {
  if (text === '.') return ["may not be '.'"];
  if (text === '..') return ["may not be '..'"];
  return ['/', '%'].filter(one => text.includes(one)).map(one => `may not contain '${one}'`);
}

/** ConfigMap and Secret keys. */
export function configKey(text: string): string[] {
  const wrong: string[] = [];
  if (text.length > 253) wrong.push(tooLong(253));
  if (!/^[-._a-zA-Z0-9]+$/.test(text)) {
    wrong.push(
      `a valid config key must consist of alphanumeric characters, '-', '_' or '.' ${example('[-._a-zA-Z0-9]+', 'key.name', 'KEY_NAME', 'key-name')}`,
    );
  }
  if (text === '.') wrong.push("must not be '.'");
  else if (text === '..') wrong.push("must not be '..'");
  else if (text.startsWith('..')) wrong.push("must not start with '..'");
  return wrong;
}

/** Names of environment variables (relaxed: printable ASCII without `=`). */
export function environmentName(text: string): string[] {
  if (text.length === 0) return ['environment variable name must not be empty'];
  return /^[ -<>-~]+$/.test(text)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
}

/** Names of HTTP headers (apimachinery IsHTTPHeaderName). */
export function headerName(text: string): string[] {
  const pattern = '[-A-Za-z0-9]+';
  return full(pattern).test(text)
    ? []
    : [`a valid HTTP header must consist of alphanumeric characters or '-' ${example(pattern, 'X-Header-Name')}`];
}

/** Named container ports (RFC 6335): at most 15 of lower case, digits and dashes, with a letter. */
export function portName(text: string): string[] {
  const wrong: string[] = [];
  if (text.length > 15) wrong.push('must be no more than 15 characters');
  if (!/^[-a-z0-9]+$/.test(text)) wrong.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
  if (!/[a-z]/.test(text)) wrong.push('must contain at least one letter (a-z)');
  if (text.includes('--')) wrong.push('must not contain consecutive hyphens');
  if (text.startsWith('-') || text.endsWith('-')) wrong.push('must not begin or end with a hyphen');
  return wrong;
}

export function portNumber(value: number): string[] {
  return value >= 1 && value <= 65_535 ? [] : ['must be between 1 and 65535, inclusive'];
}

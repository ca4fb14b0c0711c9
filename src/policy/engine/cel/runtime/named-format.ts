import { parseDate, parseTimestamp } from './time.ts';

type FormatCheck = (text: string) => string[];

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const longest = (text: string, max: number): string[] =>
  text.length > max ? [`must be no more than ${max} characters`] : [];
const shaped =
  (pattern: RegExp, max: number, why: string): FormatCheck =>
  text => [...longest(text, max), ...(pattern.test(text) ? [] : [why])];

const LABEL_WHY =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
const SUBDOMAIN_WHY =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
const LABEL_1035_WHY =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";
const VALUE_WHY =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

const label = shaped(new RegExp(`^${LABEL}$`), 63, LABEL_WHY);
const subdomain = shaped(new RegExp(`^${LABEL}(\\.${LABEL})*$`), 253, SUBDOMAIN_WHY);
const label1035 = shaped(/^[a-z]([-a-z0-9]*[a-z0-9])?$/, 63, LABEL_1035_WHY);
/** A generateName prefix may end in a dash. */
const prefix =
  (check: FormatCheck): FormatCheck =>
  text =>
    check(text.endsWith('-') && text.length > 1 ? `${text.slice(0, -1)}a` : text);

function qualifiedName(text: string): string[] {
  const parts = text.split('/');
  if (parts.length > 2) return ["a valid label key must be a name with an optional DNS subdomain prefix and '/'"];
  const name = parts.at(-1)!;
  const problems = parts.length === 2 ? subdomain(parts[0]!) : [];
  if (!/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name)) {
    problems.push(
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    );
  }
  return [...problems, ...longest(name, 63)];
}

const test =
  (ok: (text: string) => boolean, why: string): FormatCheck =>
  text =>
    ok(text) ? [] : [why];

/** The formats of `format.<name>()` and what is wrong with a text by each (k8s.io/apiserver cel/library/format.go). */
export const NAMED_FORMATS: Readonly<Record<string, FormatCheck>> = {
  dns1123Label: label,
  dns1123Subdomain: subdomain,
  dns1035Label: label1035,
  qualifiedName,
  dns1123LabelPrefix: prefix(label),
  dns1123SubdomainPrefix: prefix(subdomain),
  dns1035LabelPrefix: prefix(label1035),
  labelValue: shaped(/^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/, 63, VALUE_WHY),
  uri: test(text => /^(?:[A-Za-z][A-Za-z0-9+.-]*:|\/)\S*$/.test(text), 'invalid URI'),
  uuid: test(
    text => /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i.test(text),
    'does not match the UUID format',
  ),
  byte: test(text => /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text), 'invalid base64'),
  date: test(text => parseDate(text) !== undefined, 'invalid date'),
  datetime: test(text => parseTimestamp(text) !== undefined, 'invalid datetime'),
};

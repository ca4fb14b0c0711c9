import { isDeepStrictEqual } from 'node:util';
import type { UserInfo } from '../../kernel/index.ts';

/** The claims of a verified token. */
export type Claims = Readonly<Record<string, unknown>>;

/** A compiled CEL expression over one variable; throws when it cannot be evaluated. */
export type Evaluate = (value: unknown) => unknown;

/** Compiles CEL over `claims` or `user`; throws a TypeError that says what is wrong with it. */
export type CompileExpression = (expression: string, variable: 'claims' | 'user') => Evaluate;

/** One issuer whose tokens are believed. */
export interface JwtIssuer {
  readonly issuer: string;
  /** Where the discovery document is; below the issuer when absent. */
  readonly discoveryUrl?: string;
  /** PEM certificates that vouch for the issuer instead of the system's. */
  readonly certificateAuthority?: string;
  readonly audiences: readonly string[];
  /** Who the claims name; undefined when a rule refuses them. */
  userOf(claims: Claims): UserInfo | undefined;
}

/** An AuthenticationConfiguration, read. */
export interface Authentication {
  readonly issuers: readonly JwtIssuer[];
  /** Whether a request without credentials may go on as system:anonymous; always when absent. */
  readonly anonymous?: (path: string) => boolean;
}

type Fields = Readonly<Record<string, unknown>>;
type Reading<T> = (claims: Claims) => T | undefined;

const VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map(version => `apiserver.config.k8s.io/${version}`);
const EXTRA_KEY = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+\/[a-z0-9._~!$&'()*+,;=:@%-]+$/;

const fail = (path: string, what: string): never => {
  throw new TypeError(`${path}: ${what}`);
};

/** The fields of one object; a field that is not known is an error, as in kube-apiserver. */
function fieldsOf(value: unknown, path: string, known: readonly string[]): Fields {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return fail(path, 'must be an object');
  for (const name of Object.keys(value)) if (!known.includes(name)) fail(`${path}.${name}`, 'unknown field');
  return value as Fields;
}

function listOf(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? (value as unknown[]) : fail(path, 'must be a list');
}

function textOf(value: unknown, path: string): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : fail(path, 'must be a string');
}

function httpsUrl(value: unknown, path: string): string {
  const text = textOf(value, path);
  if (text === '') return fail(path, 'URL is required');
  const url = URL.parse(text);
  if (url?.protocol !== 'https:') return fail(path, 'URL scheme must be https');
  if (url.username || url.password) return fail(path, 'URL must not contain a username or password');
  if (url.search) return fail(path, 'URL must not contain a query');
  if (url.hash) return fail(path, 'URL must not contain a fragment');
  return text;
}

const strings = (value: unknown): string[] | undefined => {
  if (typeof value === 'string') return value === '' ? [] : [value];
  if (Array.isArray(value) && value.every(each => typeof each === 'string')) return value as string[];
  return value === undefined || value === null ? [] : undefined;
};

/** Reads one mapping: a claim with a prefix, or an expression. Both at once, or a claim without its prefix, is an error. */
function mapping(
  value: unknown,
  path: string,
  compile: CompileExpression,
  prefixed: boolean,
): { claim: string; prefix: string } | { evaluate: Evaluate; text: string } | undefined {
  const fields = fieldsOf(value, path, prefixed ? ['claim', 'prefix', 'expression'] : ['claim', 'expression']);
  const claim = textOf(fields.claim, `${path}.claim`);
  const text = textOf(fields.expression, `${path}.expression`);
  if (claim && text) return fail(path, "claim and expression can't both be set");
  if (text) {
    if (fields.prefix !== undefined) fail(`${path}.prefix`, "prefix can't be set when expression is set");
    return { evaluate: compileAt(`${path}.expression`, text, 'claims', compile), text };
  }
  if (!claim)
    return fields.prefix === undefined ? undefined : fail(`${path}.claim`, 'non-empty claim name is required');
  if (prefixed && fields.prefix === undefined)
    return fail(
      `${path}.prefix`,
      'prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    );
  return { claim, prefix: textOf(fields.prefix, `${path}.prefix`) };
}

function compileAt(path: string, text: string, variable: 'claims' | 'user', compile: CompileExpression): Evaluate {
  try {
    return compile(text, variable);
  } catch (error) {
    return fail(path, (error as Error).message);
  }
}

/** A name from a claim must be a string; an e-mail that its issuer calls unverified names nobody. */
function nameOf(value: unknown, path: string, compile: CompileExpression): Reading<string> & { text?: string } {
  const found = mapping(value, path, compile, true) ?? fail(path, 'claim or expression is required');
  const text = (answer: unknown): string | undefined =>
    typeof answer === 'string' && answer !== '' ? answer : undefined;
  if ('evaluate' in found) {
    return Object.assign((claims: Claims) => text(found.evaluate(claims)), { text: found.text });
  }
  return claims => {
    if (found.claim === 'email' && claims.email_verified !== undefined && claims.email_verified !== true)
      return undefined;
    const name = text(claims[found.claim]);
    return name && found.prefix + name;
  };
}

function groupsOf(value: unknown, path: string, compile: CompileExpression): Reading<readonly string[]> {
  const found = mapping(value, path, compile, true);
  if (!found) return () => [];
  if ('evaluate' in found) return claims => strings(found.evaluate(claims))?.filter(group => group !== '');
  return claims => strings(claims[found.claim])?.map(group => found.prefix + group);
}

function uidOf(value: unknown, path: string, compile: CompileExpression): Reading<string> {
  const found = mapping(value, path, compile, false);
  if (!found) return () => '';
  return claims => {
    const uid = 'evaluate' in found ? found.evaluate(claims) : claims[found.claim];
    return typeof uid === 'string' ? uid : undefined;
  };
}

function extraOf(value: unknown, path: string, compile: CompileExpression): Reading<Record<string, string[]>> {
  const seen = new Set<string>();
  const entries = listOf(value, path).map((each, at) => {
    const where = `${path}[${at}]`;
    const fields = fieldsOf(each, where, ['key', 'valueExpression']);
    const key = textOf(fields.key, `${where}.key`);
    if (key !== key.toLowerCase()) fail(`${where}.key`, 'key must be lowercase');
    if (!EXTRA_KEY.test(key)) fail(`${where}.key`, 'must be a domain-prefixed path (such as "acme.io/foo")');
    if (/(^|\.)(kubernetes|k8s)\.io\//.test(key)) fail(`${where}.key`, 'k8s.io and kubernetes.io are reserved');
    if (seen.has(key)) fail(`${where}.key`, 'duplicate key');
    seen.add(key);
    const text =
      textOf(fields.valueExpression, `${where}.valueExpression`) || fail(`${where}.valueExpression`, 'is required');
    return { key, evaluate: compileAt(`${where}.valueExpression`, text, 'claims', compile) };
  });
  return claims => {
    const extra: Record<string, string[]> = {};
    for (const { key, evaluate } of entries) {
      const values = strings(evaluate(claims));
      if (!values) return undefined;
      const kept = values.filter(each => each !== '');
      if (kept.length > 0) extra[key] = kept;
    }
    return extra;
  };
}

/** `claimValidationRules`: a claim that equals a text, or an expression that is true. */
function claimRule(value: unknown, path: string, compile: CompileExpression): (claims: Claims) => boolean {
  const fields = fieldsOf(value, path, ['claim', 'requiredValue', 'expression', 'message']);
  const claim = textOf(fields.claim, `${path}.claim`);
  const text = textOf(fields.expression, `${path}.expression`);
  if (claim && text) fail(path, "claim and expression can't both be set");
  if (!claim && !text) fail(path, 'claim or expression is required');
  if (text) {
    if (fields.requiredValue !== undefined)
      fail(`${path}.requiredValue`, "requiredValue can't be set when expression is set");
    const evaluate = compileAt(`${path}.expression`, text, 'claims', compile);
    return claims => evaluate(claims) === true;
  }
  if (fields.message !== undefined) fail(`${path}.message`, "message can't be set when claim is set");
  const wanted = textOf(fields.requiredValue, `${path}.requiredValue`);
  return claims => claims[claim] === wanted;
}

function userRule(value: unknown, path: string, compile: CompileExpression): (user: UserInfo) => boolean {
  const fields = fieldsOf(value, path, ['expression', 'message']);
  const text = textOf(fields.expression, `${path}.expression`) || fail(`${path}.expression`, 'expression is required');
  const evaluate = compileAt(`${path}.expression`, text, 'user', compile);
  return ({ name, uid = '', groups, extra = {} }) => evaluate({ username: name, uid, groups, extra }) === true;
}

/** A user name made of an e-mail is safe only where some expression looks whether the issuer verified it. */
function emailIsChecked(authenticator: Fields, username: string | undefined): boolean {
  if (username === undefined || !/\bclaims\.email\b/.test(username)) return true;
  const { claimMappings, claimValidationRules } = authenticator as {
    claimMappings?: { extra?: { valueExpression?: unknown }[] };
    claimValidationRules?: { expression?: unknown }[];
  };
  const texts = [
    username,
    ...(claimMappings?.extra ?? []).map(each => each.valueExpression),
    ...(claimValidationRules ?? []).map(each => each.expression),
  ];
  return texts.some(text => typeof text === 'string' && /\bclaims\.\??email_verified\b/.test(text));
}

/** All of it or nobody: a mapping or rule that cannot be evaluated refuses the token. */
function jwtIssuer(value: unknown, path: string, compile: CompileExpression): JwtIssuer {
  const known = ['issuer', 'claimValidationRules', 'claimMappings', 'userValidationRules'];
  const fields = fieldsOf(value, path, known);
  const at = `${path}.issuer`;
  const source = fieldsOf(fields.issuer, at, [
    'url',
    'discoveryURL',
    'certificateAuthority',
    'audiences',
    'audienceMatchPolicy',
    'egressSelectorType',
  ]);
  const issuer = httpsUrl(source.url, `${at}.url`);
  const discoveryUrl =
    source.discoveryURL === undefined ? undefined : httpsUrl(source.discoveryURL, `${at}.discoveryURL`);
  if (discoveryUrl === issuer) fail(`${at}.discoveryURL`, 'discoveryURL must be different from URL');
  if (textOf(source.egressSelectorType, `${at}.egressSelectorType`))
    fail(`${at}.egressSelectorType`, 'there are no egress selectors here');
  const audiences = listOf(source.audiences, `${at}.audiences`).map(
    (each, i) => textOf(each, `${at}.audiences[${i}]`) || fail(`${at}.audiences[${i}]`, "audience can't be empty"),
  );
  if (audiences.length === 0) fail(`${at}.audiences`, 'at least one audience is required');
  const match = textOf(source.audienceMatchPolicy, `${at}.audienceMatchPolicy`);
  if (match !== 'MatchAny' && (match !== '' || audiences.length > 1))
    fail(`${at}.audienceMatchPolicy`, 'must be MatchAny for several audiences');
  const certificateAuthority = textOf(source.certificateAuthority, `${at}.certificateAuthority`);
  const maps = fieldsOf(fields.claimMappings, `${path}.claimMappings`, ['username', 'groups', 'uid', 'extra']);
  const name = nameOf(maps.username, `${path}.claimMappings.username`, compile);
  if (!emailIsChecked(fields, name.text))
    fail(
      `${path}.claimMappings.username.expression`,
      'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression',
    );
  const groups = groupsOf(maps.groups, `${path}.claimMappings.groups`, compile);
  const uid = uidOf(maps.uid, `${path}.claimMappings.uid`, compile);
  const extra = extraOf(maps.extra, `${path}.claimMappings.extra`, compile);
  const claimRules = listOf(fields.claimValidationRules, `${path}.claimValidationRules`).map((each, i) =>
    claimRule(each, `${path}.claimValidationRules[${i}]`, compile),
  );
  const userRules = listOf(fields.userValidationRules, `${path}.userValidationRules`).map((each, i) =>
    userRule(each, `${path}.userValidationRules[${i}]`, compile),
  );
  return {
    issuer,
    audiences,
    ...(discoveryUrl === undefined ? {} : { discoveryUrl }),
    ...(certificateAuthority === '' ? {} : { certificateAuthority }),
    userOf: claims => {
      if (!claimRules.every(rule => rule(claims))) return undefined;
      const found = { name: name(claims), groups: groups(claims), uid: uid(claims), extra: extra(claims) };
      if (found.name === undefined || !found.groups || found.uid === undefined || !found.extra) return undefined;
      const user: UserInfo = {
        name: found.name,
        ...(found.uid ? { uid: found.uid } : {}),
        groups: found.groups,
        ...(isDeepStrictEqual(found.extra, {}) ? {} : { extra: found.extra }),
      };
      return userRules.every(rule => rule(user)) ? user : undefined;
    },
  };
}

function anonymousOf(value: unknown, path: string): (asked: string) => boolean {
  const { enabled, conditions } = fieldsOf(value, path, ['enabled', 'conditions']);
  const paths = listOf(conditions, `${path}.conditions`).map((each, i) =>
    textOf(fieldsOf(each, `${path}.conditions[${i}]`, ['path']).path, `${path}.conditions[${i}].path`),
  );
  if (enabled !== true) {
    if (paths.length > 0) fail(`${path}.conditions`, 'conditions are not allowed when anonymous authentication is off');
    return () => false;
  }
  return asked => paths.length === 0 || paths.includes(asked);
}

/**
 * Reads an AuthenticationConfiguration (apiserver.config.k8s.io, "Using Authentication Configuration").
 * Throws a TypeError that names the field when it is not one.
 */
export function parseAuthentication(document: unknown, compile: CompileExpression): Authentication {
  const { kind, apiVersion, jwt, anonymous } = fieldsOf(document, '<document>', [
    'kind',
    'apiVersion',
    'jwt',
    'anonymous',
  ]);
  if (kind !== 'AuthenticationConfiguration' || !VERSIONS.includes(String(apiVersion)))
    throw new TypeError('it is no apiserver.config.k8s.io/v1 AuthenticationConfiguration');
  const issuers = listOf(jwt, 'jwt').map((each, i) => jwtIssuer(each, `jwt[${i}]`, compile));
  for (const [i, { issuer }] of issuers.entries())
    if (issuers.findIndex(other => other.issuer === issuer) !== i) fail(`jwt[${i}].issuer.url`, 'duplicate issuer');
  return { issuers, ...(anonymous === undefined ? {} : { anonymous: anonymousOf(anonymous, 'anonymous') }) };
}

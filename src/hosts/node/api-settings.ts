import { closeSync, openSync, readFileSync } from 'node:fs';
import {
  type ApiOptions,
  type CompileExpression,
  parseAuditPolicy,
  parseAuthentication,
  parseTokenFile,
} from '../../api/index.ts';
import { parseYaml } from '../../kernel/index.ts';
import { celTypes, compileCel, extendEnvironment, KUBERNETES_ENVIRONMENT } from '../../policy/index.ts';
import { formatIssues, toJson } from '../../policy/engine/cel/index.ts';
import { hostFaults } from './faults.ts';

/** Files that say who may come in and what is written down of it, as a person named them. */
export interface ApiSettings {
  /** An AuthenticationConfiguration (apiserver.config.k8s.io/v1). */
  readonly authentication?: string;
  /** `token,user,uid,"group1,group2"` a line. */
  readonly tokens?: string;
  /** A Policy (audit.k8s.io/v1). */
  readonly auditPolicy?: string;
  /** Where audit events go, a JSON line each. */
  readonly auditLog?: string;
}

/** Reads a file by `parse`; whatever is wrong with it is a fault that names option and file. */
function readBy<T>(option: string, file: string, parse: (text: string) => T): T {
  try {
    return parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw hostFaults.error('api-file', { option, file, cause: (error as Error).message }, file);
  }
}

const compileExpression: CompileExpression = (expression, variable) => {
  const environment = extendEnvironment(KUBERNETES_ENVIRONMENT, { variables: [[variable, celTypes.DYN]] });
  const { value: program, faults } = compileCel(expression, environment);
  if (faults.length > 0) throw new TypeError(`compilation failed: ${formatIssues(expression, faults)}`);
  return value => {
    const outcome = program.evaluate({ [variable]: value } as Parameters<typeof program.evaluate>[0]);
    if ('error' in outcome) throw new Error(outcome.error);
    return toJson(outcome.value);
  };
};

function auditOptions({ auditPolicy, auditLog }: ApiSettings): Pick<ApiOptions, 'audit'> {
  if (auditPolicy === undefined && auditLog === undefined) return {};
  if (auditPolicy === undefined || auditLog === undefined)
    throw hostFaults.error('audit-half', { missing: auditPolicy === undefined ? '--audit-policy' : '--audit-log' });
  const policy = readBy('--audit-policy', auditPolicy, text => parseAuditPolicy(parseYaml(text).value));
  try {
    closeSync(openSync(auditLog, 'a', 0o600));
  } catch (error) {
    throw hostFaults.error(
      'api-file',
      { option: '--audit-log', file: auditLog, cause: (error as Error).message },
      auditLog,
    );
  }
  return { audit: { policy, file: auditLog } };
}

/** The API server's options of these files. Faults: a file that cannot be read or does not hold what it should. */
export function apiOptions(settings: ApiSettings): Pick<ApiOptions, 'audit' | 'authentication' | 'tokens'> {
  const { authentication, tokens } = settings;
  return {
    ...auditOptions(settings),
    ...(tokens === undefined ? {} : { tokens: readBy('--token-file', tokens, parseTokenFile) }),
    ...(authentication === undefined
      ? {}
      : {
          authentication: readBy('--authentication-config', authentication, text =>
            parseAuthentication(parseYaml(text).value, compileExpression),
          ),
        }),
  };
}

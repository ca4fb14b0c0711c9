import { declare } from './declarations.ts';
import { type CelEnvironment, extendEnvironment, SHARED_ENVIRONMENT } from './environment.ts';
import { NETWORK } from './network.ts';
import { AUTHORIZER_FUNCTIONS } from './runtime/authorizer.ts';
import { KUBERNETES_FUNCTIONS } from './runtime/kubernetes.ts';
import { opaque } from './types.ts';

const QUANTITY = 'kubernetes.Quantity';
const each = (types: string, signature: string): string =>
  types
    .split(' ')
    .map(type => signature.replaceAll('$', type))
    .join('\n');

const COMPARED = (type: string): string => `.isGreaterThan(${type},${type}) bool
.isLessThan(${type},${type}) bool
.compareTo(${type},${type}) int`;

const DECLARATIONS = declare(
  `quantity(string) ${QUANTITY}
isQuantity(string) bool
.isInteger(${QUANTITY}) bool
.asInteger(${QUANTITY}) int
.asApproximateFloat(${QUANTITY}) double
.sign(${QUANTITY}) int
.add(${QUANTITY},${QUANTITY}) ${QUANTITY}
.add(${QUANTITY},int) ${QUANTITY}
.sub(${QUANTITY},${QUANTITY}) ${QUANTITY}
.sub(${QUANTITY},int) ${QUANTITY}
semver(string) kubernetes.Semver
semver(string,bool) kubernetes.Semver
isSemver(string) bool
isSemver(string,bool) bool
.major(kubernetes.Semver) int
.minor(kubernetes.Semver) int
.patch(kubernetes.Semver) int
url(string) kubernetes.URL
isURL(string) bool
.getScheme(kubernetes.URL) string
.getHost(kubernetes.URL) string
.getHostname(kubernetes.URL) string
.getPort(kubernetes.URL) string
.getEscapedPath(kubernetes.URL) string
.getQuery(kubernetes.URL) map<string,list<string>>
.find(string,string) string
.findAll(string,string) list<string>
.findAll(string,string,int) list<string>
.isSorted(list<A>) bool
.min(list<A>) A
.max(list<A>) A
.indexOf(list<A>,A) int
.lastIndexOf(list<A>,A) int
format.named(string) optional<kubernetes.NamedFormat>
.validate(kubernetes.NamedFormat,string) optional<list<string>>
jsonpatch.escapeKey(string) string
.path(kubernetes.authorization.Authorizer,string) kubernetes.authorization.PathCheck
.group(kubernetes.authorization.Authorizer,string) kubernetes.authorization.GroupCheck
.serviceAccount(kubernetes.authorization.Authorizer,string,string) kubernetes.authorization.Authorizer
.resource(kubernetes.authorization.GroupCheck,string) kubernetes.authorization.ResourceCheck
.subresource(kubernetes.authorization.ResourceCheck,string) kubernetes.authorization.ResourceCheck
.namespace(kubernetes.authorization.ResourceCheck,string) kubernetes.authorization.ResourceCheck
.name(kubernetes.authorization.ResourceCheck,string) kubernetes.authorization.ResourceCheck
.fieldSelector(kubernetes.authorization.ResourceCheck,string) kubernetes.authorization.ResourceCheck
.labelSelector(kubernetes.authorization.ResourceCheck,string) kubernetes.authorization.ResourceCheck
.check(kubernetes.authorization.ResourceCheck,string) kubernetes.authorization.Decision
.check(kubernetes.authorization.PathCheck,string) kubernetes.authorization.Decision
.allowed(kubernetes.authorization.Decision) bool
.errored(kubernetes.authorization.Decision) bool
.error(kubernetes.authorization.Decision) string
.reason(kubernetes.authorization.Decision) string`,
  COMPARED(QUANTITY),
  COMPARED('kubernetes.Semver'),
  each('int uint double duration', '.sum(list<$>) $'),
  each(
    'dns1123Label dns1123Subdomain dns1035Label qualifiedName dns1123LabelPrefix dns1123SubdomainPrefix dns1035LabelPrefix labelValue uri uuid byte date datetime',
    'format.$() kubernetes.NamedFormat',
  ),
);

/** What expressions in Kubernetes objects may use, without variables (Kubernetes documentation, "CEL libraries"). */
export const KUBERNETES_ENVIRONMENT: CelEnvironment = extendEnvironment(
  extendEnvironment(SHARED_ENVIRONMENT, NETWORK),
  {
    functions: DECLARATIONS,
    implementations: new Map([...KUBERNETES_FUNCTIONS, ...AUTHORIZER_FUNCTIONS]),
    types: [
      [QUANTITY, opaque(QUANTITY)],
      ['kubernetes.Semver', opaque('kubernetes.Semver')],
      ['kubernetes.URL', opaque('kubernetes.URL')],
    ],
    syntax: 'kubernetes',
    mixedLiterals: false,
  },
);

/** The type of the `authorizer` variable. */
export const AUTHORIZER_TYPE = opaque('kubernetes.authorization.Authorizer');
/** The type of `authorizer.requestResource`. */
export const RESOURCE_CHECK_TYPE = opaque('kubernetes.authorization.ResourceCheck');

/**
 * Numbers the fixtures leave open, from the public API definitions. A struct that Go embeds is a message of its own on the wire: `EMBEDDED` names the
 * fields that stay outside of it. `TAGS` settles twins the fixtures fill alike (booleans, probes) and kinds without fixtures.
 */
export const EMBEDDED: Readonly<
  Record<
    string,
    { readonly path: readonly number[]; readonly fields: readonly string[] | { readonly except: readonly string[] } }[]
  >
> = {
  'core.v1.Volume': [{ path: [2], fields: { except: ['name'] } }],
  'core.v1.PersistentVolumeSpec': [
    {
      path: [2],
      fields: {
        except: [
          'capacity',
          'accessModes',
          'claimRef',
          'persistentVolumeReclaimPolicy',
          'storageClassName',
          'mountOptions',
          'volumeMode',
          'nodeAffinity',
          'volumeAttributesClassName',
        ],
      },
    },
  ],
  'core.v1.EphemeralContainer': [{ path: [1], fields: { except: ['targetContainerName'] } }],
  'core.v1.Probe': [{ path: [1], fields: ['exec', 'httpGet', 'tcpSocket', 'grpc'] }],
  'core.v1.ConfigMapEnvSource': [{ path: [1], fields: ['name'] }],
  'core.v1.SecretEnvSource': [{ path: [1], fields: ['name'] }],
  'core.v1.ConfigMapKeySelector': [{ path: [1], fields: ['name'] }],
  'core.v1.SecretKeySelector': [{ path: [1], fields: ['name'] }],
  'core.v1.ConfigMapVolumeSource': [{ path: [1], fields: ['name'] }],
  'core.v1.ConfigMapProjection': [{ path: [1], fields: ['name'] }],
  'core.v1.SecretProjection': [{ path: [1], fields: ['name'] }],
  ...Object.fromEntries(
    ['networking.v1.IngressRule', 'networking.v1beta1.IngressSpecRules', 'extensions.v1beta1.IngressSpecRules'].map(
      name => [name, [{ path: [2], fields: ['http'] }]],
    ),
  ),
  ...Object.fromEntries(
    ['v1', 'v1beta1', 'v1beta2', 'v1alpha3'].flatMap(version => [
      [`resource.${version}.DeviceClassConfiguration`, [{ path: [1], fields: ['opaque'] }]],
      [`resource.${version}.DeviceClaimConfiguration`, [{ path: [2], fields: ['opaque'] }]],
      [`resource.${version}.DeviceAllocationConfiguration`, [{ path: [3], fields: ['opaque'] }]],
    ]),
  ),
  ...Object.fromEntries(
    ['v1', 'v1beta1', 'v1alpha1'].flatMap(version => [
      [`admissionregistration.${version}.RuleWithOperations`, [{ path: [2], fields: { except: ['operations'] } }]],
      [
        `admissionregistration.${version}.NamedRuleWithOperations`,
        [
          { path: [2], fields: ['operations'] },
          { path: [2, 2], fields: ['apiGroups', 'apiVersions', 'resources', 'scope'] },
        ],
      ],
    ]),
  ),
};

/** `field=number` by type; a number may be `outer.inner`. */
export const TAGS: Readonly<Record<string, string>> = {
  'apiextensions.v1.CustomResourceColumnDefinition': 'name=1 type=2 format=3 description=4 priority=5 jsonPath=6',
  'apiextensions.v1.CustomResourceConversion': 'strategy=1 webhook=2',
  'apiextensions.v1.CustomResourceDefinition': 'metadata=1 spec=2 status=3',
  'apiextensions.v1.CustomResourceDefinitionCondition':
    'type=1 status=2 lastTransitionTime=3 reason=4 message=5 observedGeneration=6',
  'apiextensions.v1.CustomResourceDefinitionNames': 'plural=1 singular=2 shortNames=3 kind=4 listKind=5 categories=6',
  'apiextensions.v1.CustomResourceDefinitionSpec':
    'group=1 names=3 scope=4 versions=7 conversion=9 preserveUnknownFields=10',
  'apiextensions.v1.CustomResourceDefinitionStatus':
    'conditions=1 acceptedNames=2 storedVersions=3 observedGeneration=4',
  'apiextensions.v1.CustomResourceDefinitionVersion':
    'name=1 served=2 storage=3 schema=4 subresources=5 additionalPrinterColumns=6 deprecated=7 deprecationWarning=8 selectableFields=9',
  'apiextensions.v1.CustomResourceSubresourceScale': 'specReplicasPath=1 statusReplicasPath=2 labelSelectorPath=3',
  'apiextensions.v1.CustomResourceSubresources': 'status=1 scale=2',
  'apiextensions.v1.CustomResourceValidation': 'openAPIV3Schema=1',
  'apiextensions.v1.ExternalDocumentation': 'description=1 url=2',
  'apiextensions.v1.JSONSchemaProps':
    'id=1 $schema=2 $ref=3 description=4 type=5 format=6 title=7 default=8 maximum=9 exclusiveMaximum=10 minimum=11 exclusiveMinimum=12 maxLength=13 minLength=14 pattern=15 maxItems=16 minItems=17 uniqueItems=18 multipleOf=19 enum=20 maxProperties=21 minProperties=22 required=23 items=24 allOf=25 oneOf=26 anyOf=27 not=28 properties=29 additionalProperties=30 patternProperties=31 dependencies=32 additionalItems=33 definitions=34 externalDocs=35 example=36 nullable=37 x-kubernetes-preserve-unknown-fields=38 x-kubernetes-embedded-resource=39 x-kubernetes-int-or-string=40 x-kubernetes-list-map-keys=41 x-kubernetes-list-type=42 x-kubernetes-map-type=43 x-kubernetes-validations=44',
  'apiextensions.v1.SelectableField': 'jsonPath=1',
  'apiextensions.v1.ServiceReference': 'namespace=1 name=2 path=3 port=4',
  'apiextensions.v1.ValidationRule': 'rule=1 message=2 messageExpression=3 reason=4 fieldPath=5 optionalOldSelf=6',
  'apiextensions.v1.WebhookClientConfig': 'service=1 caBundle=2 url=3',
  'apiextensions.v1.WebhookConversion': 'clientConfig=2 conversionReviewVersions=3',
  'apiregistration.v1.APIService': 'metadata=1 spec=2 status=3',
  'apiregistration.v1.APIServiceCondition': 'type=1 status=2 lastTransitionTime=3 reason=4 message=5',
  'apiregistration.v1.APIServiceSpec':
    'service=1 group=2 version=3 insecureSkipTLSVerify=4 caBundle=5 groupPriorityMinimum=7 versionPriority=8',
  'apiregistration.v1.APIServiceStatus': 'conditions=1',
  'apiregistration.v1.ServiceReference': 'namespace=1 name=2 port=3',
  'apps.v1beta1.ScaleStatus': 'replicas=1 selector=2 targetSelector=3',
  'core.v1.PodSpec':
    'containers=2 hostNetwork=11 hostPID=12 hostIPC=13 initContainers=20 automountServiceAccountToken=21 workloadRef=42',
  'core.v1.PodStatus': 'containerStatuses=8 initContainerStatuses=10 podIPs=12 hostIPs=16',
  'core.v1.WorkloadReference': 'name=1 podGroup=2 podGroupReplicaKey=3',
  'meta.v1.APIResource':
    'name=1 namespaced=2 kind=3 verbs=4 shortNames=5 singularName=6 categories=7 group=8 version=9 storageVersionHash=10',
  'meta.v1.APIResourceList': 'groupVersion=1 resources=2',
  'scheduling.v1alpha1.PodGroup': 'name=1 policy=3',
  'scheduling.v1alpha1.PodGroupPolicy': 'basic=2 gang=3',
  'scheduling.v1alpha1.TypedLocalObjectReference': 'apiGroup=1 kind=2 name=3',
  'scheduling.v1alpha1.Workload': 'metadata=1 spec=2',
  'scheduling.v1alpha1.WorkloadSpec': 'controllerRef=1 podGroups=2',
};

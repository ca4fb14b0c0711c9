// Written by tools/generate-kernel; do not edit.
/** One type a line; the language is described in src/kernel/schema/table.ts. */
export const TYPE_TABLE = `
admissionregistration.v1.AuditAnnotation|key! - s d=""|valueExpression! - s d=""
admissionregistration.v1.ExpressionWarning|fieldRef! - s d=""|warning! - s d=""
admissionregistration.v1.MatchCondition|expression! - s d=""|name! - s d=""
admissionregistration.v1.MatchResources atomic|excludeResourceRules - []admissionregistration.v1.NamedRuleWithOperations l=atomic|matchPolicy - s|namespaceSelector - meta.v1.LabelSelector|objectSelector - meta.v1.LabelSelector|resourceRules - []admissionregistration.v1.NamedRuleWithOperations l=atomic
admissionregistration.v1.MutatingWebhook|admissionReviewVersions! - []s l=atomic|clientConfig! - admissionregistration.v1.WebhookClientConfig d={}|failurePolicy - s|matchConditions - []admissionregistration.v1.MatchCondition l=map(name) p=merge m=name|matchPolicy - s|name! - s d=""|namespaceSelector - meta.v1.LabelSelector|objectSelector - meta.v1.LabelSelector|reinvocationPolicy - s|rules - []admissionregistration.v1.RuleWithOperations l=atomic|sideEffects! - s|timeoutSeconds - i32
admissionregistration.v1.MutatingWebhookConfiguration k=admissionregistration.k8s.io/v1/MutatingWebhookConfiguration|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|webhooks - []admissionregistration.v1.MutatingWebhook l=map(name) p=merge m=name
admissionregistration.v1.MutatingWebhookConfigurationList k=admissionregistration.k8s.io/v1/MutatingWebhookConfigurationList|apiVersion - s|items! - []admissionregistration.v1.MutatingWebhookConfiguration|kind - s|metadata - meta.v1.ListMeta d={}
admissionregistration.v1.NamedRuleWithOperations atomic|apiGroups - []s l=atomic|apiVersions - []s l=atomic|operations - []s l=atomic|resourceNames - []s l=atomic|resources - []s l=atomic|scope - s
admissionregistration.v1.ParamKind atomic|apiVersion - s|kind - s
admissionregistration.v1.ParamRef atomic|name - s|namespace - s|parameterNotFoundAction - s|selector - meta.v1.LabelSelector
admissionregistration.v1.RuleWithOperations|apiGroups - []s l=atomic|apiVersions - []s l=atomic|operations - []s l=atomic|resources - []s l=atomic|scope - s
admissionregistration.v1.ServiceReference|name! - s d=""|namespace! - s d=""|path - s|port - i32
admissionregistration.v1.TypeChecking|expressionWarnings - []admissionregistration.v1.ExpressionWarning l=atomic
admissionregistration.v1.ValidatingAdmissionPolicy k=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - admissionregistration.v1.ValidatingAdmissionPolicySpec d={}|status - admissionregistration.v1.ValidatingAdmissionPolicyStatus d={}
admissionregistration.v1.ValidatingAdmissionPolicyBinding k=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec d={}
admissionregistration.v1.ValidatingAdmissionPolicyBindingList k=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBindingList|apiVersion - s|items! - []admissionregistration.v1.ValidatingAdmissionPolicyBinding|kind - s|metadata - meta.v1.ListMeta d={}
admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec|matchResources - admissionregistration.v1.MatchResources|paramRef - admissionregistration.v1.ParamRef|policyName - s|validationActions - []s l=set
admissionregistration.v1.ValidatingAdmissionPolicyList k=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyList|apiVersion - s|items! - []admissionregistration.v1.ValidatingAdmissionPolicy|kind - s|metadata - meta.v1.ListMeta d={}
admissionregistration.v1.ValidatingAdmissionPolicySpec|auditAnnotations - []admissionregistration.v1.AuditAnnotation l=atomic|failurePolicy - s|matchConditions - []admissionregistration.v1.MatchCondition l=map(name) p=merge m=name|matchConstraints - admissionregistration.v1.MatchResources|paramKind - admissionregistration.v1.ParamKind|validations - []admissionregistration.v1.Validation l=atomic|variables - []admissionregistration.v1.Variable l=map(name) p=merge m=name
admissionregistration.v1.ValidatingAdmissionPolicyStatus|conditions - []meta.v1.Condition l=map(type)|observedGeneration - i64|typeChecking - admissionregistration.v1.TypeChecking
admissionregistration.v1.ValidatingWebhook|admissionReviewVersions! - []s l=atomic|clientConfig! - admissionregistration.v1.WebhookClientConfig d={}|failurePolicy - s|matchConditions - []admissionregistration.v1.MatchCondition l=map(name) p=merge m=name|matchPolicy - s|name! - s d=""|namespaceSelector - meta.v1.LabelSelector|objectSelector - meta.v1.LabelSelector|rules - []admissionregistration.v1.RuleWithOperations l=atomic|sideEffects! - s|timeoutSeconds - i32
admissionregistration.v1.ValidatingWebhookConfiguration k=admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|webhooks - []admissionregistration.v1.ValidatingWebhook l=map(name) p=merge m=name
admissionregistration.v1.ValidatingWebhookConfigurationList k=admissionregistration.k8s.io/v1/ValidatingWebhookConfigurationList|apiVersion - s|items! - []admissionregistration.v1.ValidatingWebhookConfiguration|kind - s|metadata - meta.v1.ListMeta d={}
admissionregistration.v1.Validation|expression! - s d=""|message - s|messageExpression - s|reason - s
admissionregistration.v1.Variable atomic|expression! - s d=""|name! - s d=""
admissionregistration.v1.WebhookClientConfig|caBundle - bytes|service - admissionregistration.v1.ServiceReference|url - s
admissionregistration.v1alpha1.ApplyConfiguration|expression - s
admissionregistration.v1alpha1.JSONPatch|expression - s
admissionregistration.v1alpha1.MatchCondition|expression! - s d=""|name! - s d=""
admissionregistration.v1alpha1.MatchResources atomic|excludeResourceRules - []admissionregistration.v1alpha1.NamedRuleWithOperations l=atomic|matchPolicy - s|namespaceSelector - meta.v1.LabelSelector|objectSelector - meta.v1.LabelSelector|resourceRules - []admissionregistration.v1alpha1.NamedRuleWithOperations l=atomic
admissionregistration.v1alpha1.MutatingAdmissionPolicy k=admissionregistration.k8s.io/v1alpha1/MutatingAdmissionPolicy|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - admissionregistration.v1alpha1.MutatingAdmissionPolicySpec d={}
admissionregistration.v1alpha1.MutatingAdmissionPolicyBinding k=admissionregistration.k8s.io/v1alpha1/MutatingAdmissionPolicyBinding|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - admissionregistration.v1alpha1.MutatingAdmissionPolicyBindingSpec d={}
admissionregistration.v1alpha1.MutatingAdmissionPolicyBindingList k=admissionregistration.k8s.io/v1alpha1/MutatingAdmissionPolicyBindingList|apiVersion - s|items! - []admissionregistration.v1alpha1.MutatingAdmissionPolicyBinding|kind - s|metadata - meta.v1.ListMeta d={}
admissionregistration.v1alpha1.MutatingAdmissionPolicyBindingSpec|matchResources - admissionregistration.v1alpha1.MatchResources|paramRef - admissionregistration.v1alpha1.ParamRef|policyName - s
admissionregistration.v1alpha1.MutatingAdmissionPolicyList k=admissionregistration.k8s.io/v1alpha1/MutatingAdmissionPolicyList|apiVersion - s|items! - []admissionregistration.v1alpha1.MutatingAdmissionPolicy|kind - s|metadata - meta.v1.ListMeta d={}
admissionregistration.v1alpha1.MutatingAdmissionPolicySpec|failurePolicy - s|matchConditions - []admissionregistration.v1alpha1.MatchCondition l=map(name) p=merge m=name|matchConstraints - admissionregistration.v1alpha1.MatchResources|mutations - []admissionregistration.v1alpha1.Mutation l=atomic|paramKind - admissionregistration.v1alpha1.ParamKind|reinvocationPolicy - s|variables - []admissionregistration.v1alpha1.Variable l=atomic
admissionregistration.v1alpha1.Mutation|applyConfiguration - admissionregistration.v1alpha1.ApplyConfiguration|jsonPatch - admissionregistration.v1alpha1.JSONPatch|patchType! - s d=""
admissionregistration.v1alpha1.NamedRuleWithOperations atomic|apiGroups - []s l=atomic|apiVersions - []s l=atomic|operations - []s l=atomic|resourceNames - []s l=atomic|resources - []s l=atomic|scope - s
admissionregistration.v1alpha1.ParamKind atomic|apiVersion - s|kind - s
admissionregistration.v1alpha1.ParamRef atomic|name - s|namespace - s|parameterNotFoundAction - s|selector - meta.v1.LabelSelector
admissionregistration.v1alpha1.Variable|expression! - s d=""|name! - s d=""
admissionregistration.v1beta1.ApplyConfiguration|expression - s
admissionregistration.v1beta1.JSONPatch|expression - s
admissionregistration.v1beta1.MatchCondition|expression! - s d=""|name! - s d=""
admissionregistration.v1beta1.MatchResources atomic|excludeResourceRules - []admissionregistration.v1beta1.NamedRuleWithOperations l=atomic|matchPolicy - s|namespaceSelector - meta.v1.LabelSelector|objectSelector - meta.v1.LabelSelector|resourceRules - []admissionregistration.v1beta1.NamedRuleWithOperations l=atomic
admissionregistration.v1beta1.MutatingAdmissionPolicy k=admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - admissionregistration.v1beta1.MutatingAdmissionPolicySpec d={}
admissionregistration.v1beta1.MutatingAdmissionPolicyBinding k=admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyBinding|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - admissionregistration.v1beta1.MutatingAdmissionPolicyBindingSpec d={}
admissionregistration.v1beta1.MutatingAdmissionPolicyBindingList k=admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyBindingList|apiVersion - s|items! - []admissionregistration.v1beta1.MutatingAdmissionPolicyBinding|kind - s|metadata - meta.v1.ListMeta d={}
admissionregistration.v1beta1.MutatingAdmissionPolicyBindingSpec|matchResources - admissionregistration.v1beta1.MatchResources|paramRef - admissionregistration.v1beta1.ParamRef|policyName - s
admissionregistration.v1beta1.MutatingAdmissionPolicyList k=admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyList|apiVersion - s|items! - []admissionregistration.v1beta1.MutatingAdmissionPolicy|kind - s|metadata - meta.v1.ListMeta d={}
admissionregistration.v1beta1.MutatingAdmissionPolicySpec|failurePolicy - s|matchConditions - []admissionregistration.v1beta1.MatchCondition l=map(name) p=merge m=name|matchConstraints - admissionregistration.v1beta1.MatchResources|mutations - []admissionregistration.v1beta1.Mutation l=atomic|paramKind - admissionregistration.v1beta1.ParamKind|reinvocationPolicy - s|variables - []admissionregistration.v1beta1.Variable l=atomic
admissionregistration.v1beta1.Mutation|applyConfiguration - admissionregistration.v1beta1.ApplyConfiguration|jsonPatch - admissionregistration.v1beta1.JSONPatch|patchType! - s d=""
admissionregistration.v1beta1.NamedRuleWithOperations atomic|apiGroups - []s l=atomic|apiVersions - []s l=atomic|operations - []s l=atomic|resourceNames - []s l=atomic|resources - []s l=atomic|scope - s
admissionregistration.v1beta1.ParamKind atomic|apiVersion - s|kind - s
admissionregistration.v1beta1.ParamRef atomic|name - s|namespace - s|parameterNotFoundAction - s|selector - meta.v1.LabelSelector
admissionregistration.v1beta1.Variable atomic|expression! - s d=""|name! - s d=""
apiextensions.v1.CustomResourceColumnDefinition|description - s|format - s|jsonPath! - s d=""|name! - s d=""|priority - i32|type! - s d=""
apiextensions.v1.CustomResourceConversion|strategy! - s d=""|webhook - apiextensions.v1.WebhookConversion
apiextensions.v1.CustomResourceDefinition k=apiextensions.k8s.io/v1/CustomResourceDefinition|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - apiextensions.v1.CustomResourceDefinitionSpec d={}|status - apiextensions.v1.CustomResourceDefinitionStatus d={}
apiextensions.v1.CustomResourceDefinitionCondition|lastTransitionTime - time|message - s|observedGeneration - i64|reason - s|status! - s d=""|type! - s d=""
apiextensions.v1.CustomResourceDefinitionList k=apiextensions.k8s.io/v1/CustomResourceDefinitionList|apiVersion - s|items! - []apiextensions.v1.CustomResourceDefinition|kind - s|metadata - meta.v1.ListMeta d={}
apiextensions.v1.CustomResourceDefinitionNames|categories - []s l=atomic|kind! - s d=""|listKind - s|plural! - s d=""|shortNames - []s l=atomic|singular - s
apiextensions.v1.CustomResourceDefinitionSpec|conversion - apiextensions.v1.CustomResourceConversion|group! - s d=""|names! - apiextensions.v1.CustomResourceDefinitionNames d={}|preserveUnknownFields - b|scope! - s d=""|versions! - []apiextensions.v1.CustomResourceDefinitionVersion l=atomic
apiextensions.v1.CustomResourceDefinitionStatus|acceptedNames - apiextensions.v1.CustomResourceDefinitionNames d={}|conditions - []apiextensions.v1.CustomResourceDefinitionCondition l=map(type)|observedGeneration - i64|storedVersions - []s l=atomic
apiextensions.v1.CustomResourceDefinitionVersion|additionalPrinterColumns - []apiextensions.v1.CustomResourceColumnDefinition l=atomic|deprecated - b|deprecationWarning - s|name! - s d=""|schema - apiextensions.v1.CustomResourceValidation|selectableFields - []apiextensions.v1.SelectableField l=atomic|served! - b d=false|storage! - b d=false|subresources - apiextensions.v1.CustomResourceSubresources
apiextensions.v1.CustomResourceSubresourceScale|labelSelectorPath - s|specReplicasPath! - s d=""|statusReplicasPath! - s d=""
apiextensions.v1.CustomResourceSubresourceStatus
apiextensions.v1.CustomResourceSubresources|scale - apiextensions.v1.CustomResourceSubresourceScale|status - apiextensions.v1.CustomResourceSubresourceStatus
apiextensions.v1.CustomResourceValidation|openAPIV3Schema - apiextensions.v1.JSONSchemaProps
apiextensions.v1.ExternalDocumentation|description - s|url - s
apiextensions.v1.JSONSchemaProps|$ref - s|$schema - s|additionalItems - schemaorbool|additionalProperties - schemaorbool|allOf - []apiextensions.v1.JSONSchemaProps l=atomic|anyOf - []apiextensions.v1.JSONSchemaProps l=atomic|default - json|definitions - {}apiextensions.v1.JSONSchemaProps|dependencies - {}schemaorstrings|description - s|enum - []json l=atomic|example - json|exclusiveMaximum - b|exclusiveMinimum - b|externalDocs - apiextensions.v1.ExternalDocumentation|format - s|id - s|items - schemaorarray|maxItems - i64|maxLength - i64|maxProperties - i64|maximum - f64|minItems - i64|minLength - i64|minProperties - i64|minimum - f64|multipleOf - f64|not - apiextensions.v1.JSONSchemaProps|nullable - b|oneOf - []apiextensions.v1.JSONSchemaProps l=atomic|pattern - s|patternProperties - {}apiextensions.v1.JSONSchemaProps|properties - {}apiextensions.v1.JSONSchemaProps|required - []s l=atomic|title - s|type - s|uniqueItems - b|x-kubernetes-embedded-resource - b|x-kubernetes-int-or-string - b|x-kubernetes-list-map-keys - []s l=atomic|x-kubernetes-list-type - s|x-kubernetes-map-type - s|x-kubernetes-preserve-unknown-fields - b|x-kubernetes-validations - []apiextensions.v1.ValidationRule l=map(rule) p=merge m=rule
apiextensions.v1.SelectableField|jsonPath! - s d=""
apiextensions.v1.ServiceReference|name! - s d=""|namespace! - s d=""|path - s|port - i32
apiextensions.v1.ValidationRule|fieldPath - s|message - s|messageExpression - s|optionalOldSelf - b|reason - s|rule! - s d=""
apiextensions.v1.WebhookClientConfig|caBundle - bytes|service - apiextensions.v1.ServiceReference|url - s
apiextensions.v1.WebhookConversion|clientConfig - apiextensions.v1.WebhookClientConfig|conversionReviewVersions! - []s l=atomic
apiregistration.v1.APIService k=apiregistration.k8s.io/v1/APIService|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - apiregistration.v1.APIServiceSpec d={}|status - apiregistration.v1.APIServiceStatus d={}
apiregistration.v1.APIServiceCondition|lastTransitionTime - time|message - s|reason - s|status! - s d=""|type! - s d=""
apiregistration.v1.APIServiceList k=apiregistration.k8s.io/v1/APIServiceList|apiVersion - s|items! - []apiregistration.v1.APIService|kind - s|metadata - meta.v1.ListMeta d={}
apiregistration.v1.APIServiceSpec|caBundle - bytes l=atomic|group - s|groupPriorityMinimum! - i32 d=0|insecureSkipTLSVerify - b|service - apiregistration.v1.ServiceReference|version - s|versionPriority! - i32 d=0
apiregistration.v1.APIServiceStatus|conditions - []apiregistration.v1.APIServiceCondition l=map(type) p=merge m=type
apiregistration.v1.ServiceReference|name - s|namespace - s|port - i32
apiserverinternal.v1alpha1.ServerStorageVersion|apiServerID - s|decodableVersions - []s l=set|encodingVersion - s|servedVersions - []s l=set
apiserverinternal.v1alpha1.StorageVersion k=internal.apiserver.k8s.io/v1alpha1/StorageVersion|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - apiserverinternal.v1alpha1.StorageVersionSpec d={}|status! - apiserverinternal.v1alpha1.StorageVersionStatus d={}
apiserverinternal.v1alpha1.StorageVersionCondition|lastTransitionTime - time|message! - s|observedGeneration - i64|reason! - s d=""|status! - s d=""|type! - s d=""
apiserverinternal.v1alpha1.StorageVersionList k=internal.apiserver.k8s.io/v1alpha1/StorageVersionList|apiVersion - s|items! - []apiserverinternal.v1alpha1.StorageVersion|kind - s|metadata - meta.v1.ListMeta d={}
apiserverinternal.v1alpha1.StorageVersionSpec
apiserverinternal.v1alpha1.StorageVersionStatus|commonEncodingVersion - s|conditions - []apiserverinternal.v1alpha1.StorageVersionCondition l=map(type)|storageVersions - []apiserverinternal.v1alpha1.ServerStorageVersion l=map(apiServerID)
apps.v1.ControllerRevision k=apps/v1/ControllerRevision|apiVersion - s|data - raw|kind - s|metadata - meta.v1.ObjectMeta d={}|revision! - i64 d=0
apps.v1.ControllerRevisionList k=apps/v1/ControllerRevisionList|apiVersion - s|items! - []apps.v1.ControllerRevision|kind - s|metadata - meta.v1.ListMeta d={}
apps.v1.DaemonSet k=apps/v1/DaemonSet|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - apps.v1.DaemonSetSpec d={}|status - apps.v1.DaemonSetStatus d={}
apps.v1.DaemonSetCondition|lastTransitionTime - time|message - s|reason - s|status! - s d=""|type! - s d=""
apps.v1.DaemonSetList k=apps/v1/DaemonSetList|apiVersion - s|items! - []apps.v1.DaemonSet|kind - s|metadata - meta.v1.ListMeta d={}
apps.v1.DaemonSetSpec|minReadySeconds - i32|revisionHistoryLimit - i32|selector! - meta.v1.LabelSelector|template! - core.v1.PodTemplateSpec d={}|updateStrategy - apps.v1.DaemonSetUpdateStrategy d={}
apps.v1.DaemonSetStatus|collisionCount - i32|conditions - []apps.v1.DaemonSetCondition l=map(type) p=merge m=type|currentNumberScheduled! - i32 d=0|desiredNumberScheduled! - i32 d=0|numberAvailable - i32|numberMisscheduled! - i32 d=0|numberReady! - i32 d=0|numberUnavailable - i32|observedGeneration - i64|updatedNumberScheduled - i32
apps.v1.DaemonSetUpdateStrategy|rollingUpdate - apps.v1.RollingUpdateDaemonSet|type - s
apps.v1.Deployment k=apps/v1/Deployment|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - apps.v1.DeploymentSpec d={}|status - apps.v1.DeploymentStatus d={}
apps.v1.DeploymentCondition|lastTransitionTime - time|lastUpdateTime - time|message - s|reason - s|status! - s d=""|type! - s d=""
apps.v1.DeploymentList k=apps/v1/DeploymentList|apiVersion - s|items! - []apps.v1.Deployment|kind - s|metadata - meta.v1.ListMeta d={}
apps.v1.DeploymentSpec|minReadySeconds - i32|paused - b|progressDeadlineSeconds - i32|replicas - i32|revisionHistoryLimit - i32|selector! - meta.v1.LabelSelector|strategy - apps.v1.DeploymentStrategy p=retainKeys d={}|template! - core.v1.PodTemplateSpec d={}
apps.v1.DeploymentStatus|availableReplicas - i32|collisionCount - i32|conditions - []apps.v1.DeploymentCondition l=map(type) p=merge m=type|observedGeneration - i64|readyReplicas - i32|replicas - i32|terminatingReplicas - i32|unavailableReplicas - i32|updatedReplicas - i32
apps.v1.DeploymentStrategy|rollingUpdate - apps.v1.RollingUpdateDeployment|type - s
apps.v1.ReplicaSet k=apps/v1/ReplicaSet|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - apps.v1.ReplicaSetSpec d={}|status - apps.v1.ReplicaSetStatus d={}
apps.v1.ReplicaSetCondition|lastTransitionTime - time|message - s|reason - s|status! - s d=""|type! - s d=""
apps.v1.ReplicaSetList k=apps/v1/ReplicaSetList|apiVersion - s|items! - []apps.v1.ReplicaSet|kind - s|metadata - meta.v1.ListMeta d={}
apps.v1.ReplicaSetSpec|minReadySeconds - i32|replicas - i32|selector! - meta.v1.LabelSelector|template - core.v1.PodTemplateSpec d={}
apps.v1.ReplicaSetStatus|availableReplicas - i32|conditions - []apps.v1.ReplicaSetCondition l=map(type) p=merge m=type|fullyLabeledReplicas - i32|observedGeneration - i64|readyReplicas - i32|replicas! - i32 d=0|terminatingReplicas - i32
apps.v1.RollingUpdateDaemonSet|maxSurge - x|maxUnavailable - x
apps.v1.RollingUpdateDeployment|maxSurge - x|maxUnavailable - x
apps.v1.RollingUpdateStatefulSetStrategy|maxUnavailable - x|partition - i32
apps.v1.StatefulSet k=apps/v1/StatefulSet|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - apps.v1.StatefulSetSpec d={}|status - apps.v1.StatefulSetStatus d={}
apps.v1.StatefulSetCondition|lastTransitionTime - time|message - s|reason - s|status! - s d=""|type! - s d=""
apps.v1.StatefulSetList k=apps/v1/StatefulSetList|apiVersion - s|items! - []apps.v1.StatefulSet|kind - s|metadata - meta.v1.ListMeta d={}
apps.v1.StatefulSetOrdinals|start - i32 d=0
apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy|whenDeleted - s|whenScaled - s
apps.v1.StatefulSetSpec|minReadySeconds - i32|ordinals - apps.v1.StatefulSetOrdinals|persistentVolumeClaimRetentionPolicy - apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy|podManagementPolicy - s|replicas - i32|revisionHistoryLimit - i32|selector! - meta.v1.LabelSelector|serviceName - s d=""|template! - core.v1.PodTemplateSpec d={}|updateStrategy - apps.v1.StatefulSetUpdateStrategy d={}|volumeClaimTemplates - []core.v1.PersistentVolumeClaim l=atomic
apps.v1.StatefulSetStatus|availableReplicas - i32 d=0|collisionCount - i32|conditions - []apps.v1.StatefulSetCondition l=map(type) p=merge m=type|currentReplicas - i32|currentRevision - s|observedGeneration - i64|readyReplicas - i32|replicas! - i32 d=0|updateRevision - s|updatedReplicas - i32
apps.v1.StatefulSetUpdateStrategy|rollingUpdate - apps.v1.RollingUpdateStatefulSetStrategy|type - s
authentication.v1.BoundObjectReference|apiVersion - s|kind - s|name - s|uid - s
authentication.v1.SelfSubjectReview k=authentication.k8s.io/v1/SelfSubjectReview|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|status - authentication.v1.SelfSubjectReviewStatus d={}
authentication.v1.SelfSubjectReviewStatus|userInfo - authentication.v1.UserInfo d={}
authentication.v1.TokenRequest k=authentication.k8s.io/v1/TokenRequest|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - authentication.v1.TokenRequestSpec d={}|status - authentication.v1.TokenRequestStatus d={}
authentication.v1.TokenRequestSpec|audiences! - []s l=atomic|boundObjectRef - authentication.v1.BoundObjectReference|expirationSeconds - i64
authentication.v1.TokenRequestStatus|expirationTimestamp! - time|token! - s d=""
authentication.v1.TokenReview k=authentication.k8s.io/v1/TokenReview|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - authentication.v1.TokenReviewSpec d={}|status - authentication.v1.TokenReviewStatus d={}
authentication.v1.TokenReviewSpec|audiences - []s l=atomic|token - s
authentication.v1.TokenReviewStatus|audiences - []s l=atomic|authenticated - b|error - s|user - authentication.v1.UserInfo d={}
authentication.v1.UserInfo|extra - {}<>s|groups - []s l=atomic|uid - s|username - s
authorization.v1.FieldSelectorAttributes|rawSelector - s|requirements - []meta.v1.FieldSelectorRequirement l=atomic
authorization.v1.LabelSelectorAttributes|rawSelector - s|requirements - []meta.v1.LabelSelectorRequirement l=atomic
authorization.v1.LocalSubjectAccessReview k=authorization.k8s.io/v1/LocalSubjectAccessReview|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - authorization.v1.SubjectAccessReviewSpec d={}|status - authorization.v1.SubjectAccessReviewStatus d={}
authorization.v1.NonResourceAttributes|path - s|verb - s
authorization.v1.NonResourceRule|nonResourceURLs - []s l=atomic|verbs! - []s l=atomic
authorization.v1.ResourceAttributes|fieldSelector - authorization.v1.FieldSelectorAttributes|group - s|labelSelector - authorization.v1.LabelSelectorAttributes|name - s|namespace - s|resource - s|subresource - s|verb - s|version - s
authorization.v1.ResourceRule|apiGroups - []s l=atomic|resourceNames - []s l=atomic|resources - []s l=atomic|verbs! - []s l=atomic
authorization.v1.SelfSubjectAccessReview k=authorization.k8s.io/v1/SelfSubjectAccessReview|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - authorization.v1.SelfSubjectAccessReviewSpec d={}|status - authorization.v1.SubjectAccessReviewStatus d={}
authorization.v1.SelfSubjectAccessReviewSpec|nonResourceAttributes - authorization.v1.NonResourceAttributes|resourceAttributes - authorization.v1.ResourceAttributes
authorization.v1.SelfSubjectRulesReview k=authorization.k8s.io/v1/SelfSubjectRulesReview|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - authorization.v1.SelfSubjectRulesReviewSpec d={}|status - authorization.v1.SubjectRulesReviewStatus d={}
authorization.v1.SelfSubjectRulesReviewSpec|namespace - s
authorization.v1.SubjectAccessReview k=authorization.k8s.io/v1/SubjectAccessReview|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - authorization.v1.SubjectAccessReviewSpec d={}|status - authorization.v1.SubjectAccessReviewStatus d={}
authorization.v1.SubjectAccessReviewSpec|extra - {}<>s|groups - []s l=atomic|nonResourceAttributes - authorization.v1.NonResourceAttributes|resourceAttributes - authorization.v1.ResourceAttributes|uid - s|user - s
authorization.v1.SubjectAccessReviewStatus|allowed! - b d=false|denied - b|evaluationError - s|reason - s
authorization.v1.SubjectRulesReviewStatus|evaluationError - s|incomplete! - b d=false|nonResourceRules! - []authorization.v1.NonResourceRule l=atomic|resourceRules! - []authorization.v1.ResourceRule l=atomic
autoscaling.v1.CrossVersionObjectReference atomic|apiVersion - s|kind! - s d=""|name! - s d=""
autoscaling.v1.HorizontalPodAutoscaler k=autoscaling/v1/HorizontalPodAutoscaler|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - autoscaling.v1.HorizontalPodAutoscalerSpec d={}|status - autoscaling.v1.HorizontalPodAutoscalerStatus d={}
autoscaling.v1.HorizontalPodAutoscalerList k=autoscaling/v1/HorizontalPodAutoscalerList|apiVersion - s|items! - []autoscaling.v1.HorizontalPodAutoscaler|kind - s|metadata - meta.v1.ListMeta d={}
autoscaling.v1.HorizontalPodAutoscalerSpec|maxReplicas! - i32 d=0|minReplicas - i32|scaleTargetRef! - autoscaling.v1.CrossVersionObjectReference d={}|targetCPUUtilizationPercentage - i32
autoscaling.v1.HorizontalPodAutoscalerStatus|currentCPUUtilizationPercentage - i32|currentReplicas! - i32 d=0|desiredReplicas! - i32 d=0|lastScaleTime - time|observedGeneration - i64
autoscaling.v1.Scale k=autoscaling/v1/Scale|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - autoscaling.v1.ScaleSpec d={}|status - autoscaling.v1.ScaleStatus d={}
autoscaling.v1.ScaleSpec|replicas - i32 d=0
autoscaling.v1.ScaleStatus|replicas! - i32 d=0|selector - s
autoscaling.v2.ContainerResourceMetricSource|container! - s d=""|name! - s d=""|target! - autoscaling.v2.MetricTarget d={}
autoscaling.v2.ContainerResourceMetricStatus|container! - s d=""|current! - autoscaling.v2.MetricValueStatus d={}|name! - s d=""
autoscaling.v2.CrossVersionObjectReference|apiVersion - s|kind! - s d=""|name! - s d=""
autoscaling.v2.ExternalMetricSource|metric! - autoscaling.v2.MetricIdentifier d={}|target! - autoscaling.v2.MetricTarget d={}
autoscaling.v2.ExternalMetricStatus|current! - autoscaling.v2.MetricValueStatus d={}|metric! - autoscaling.v2.MetricIdentifier d={}
autoscaling.v2.HPAScalingPolicy|periodSeconds! - i32 d=0|type! - s d=""|value! - i32 d=0
autoscaling.v2.HPAScalingRules|policies - []autoscaling.v2.HPAScalingPolicy l=atomic|selectPolicy - s|stabilizationWindowSeconds - i32|tolerance - q
autoscaling.v2.HorizontalPodAutoscaler k=autoscaling/v2/HorizontalPodAutoscaler|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - autoscaling.v2.HorizontalPodAutoscalerSpec d={}|status - autoscaling.v2.HorizontalPodAutoscalerStatus d={}
autoscaling.v2.HorizontalPodAutoscalerBehavior|scaleDown - autoscaling.v2.HPAScalingRules|scaleUp - autoscaling.v2.HPAScalingRules
autoscaling.v2.HorizontalPodAutoscalerCondition|lastTransitionTime - time|message - s|reason - s|status! - s d=""|type! - s d=""
autoscaling.v2.HorizontalPodAutoscalerList k=autoscaling/v2/HorizontalPodAutoscalerList|apiVersion - s|items! - []autoscaling.v2.HorizontalPodAutoscaler|kind - s|metadata - meta.v1.ListMeta d={}
autoscaling.v2.HorizontalPodAutoscalerSpec|behavior - autoscaling.v2.HorizontalPodAutoscalerBehavior|maxReplicas! - i32 d=0|metrics - []autoscaling.v2.MetricSpec l=atomic|minReplicas - i32|scaleTargetRef! - autoscaling.v2.CrossVersionObjectReference d={}
autoscaling.v2.HorizontalPodAutoscalerStatus|conditions - []autoscaling.v2.HorizontalPodAutoscalerCondition l=map(type) p=merge m=type|currentMetrics - []autoscaling.v2.MetricStatus l=atomic|currentReplicas - i32|desiredReplicas! - i32 d=0|lastScaleTime - time|observedGeneration - i64
autoscaling.v2.MetricIdentifier|name! - s d=""|selector - meta.v1.LabelSelector
autoscaling.v2.MetricSpec|containerResource - autoscaling.v2.ContainerResourceMetricSource|external - autoscaling.v2.ExternalMetricSource|object - autoscaling.v2.ObjectMetricSource|pods - autoscaling.v2.PodsMetricSource|resource - autoscaling.v2.ResourceMetricSource|type! - s d=""
autoscaling.v2.MetricStatus|containerResource - autoscaling.v2.ContainerResourceMetricStatus|external - autoscaling.v2.ExternalMetricStatus|object - autoscaling.v2.ObjectMetricStatus|pods - autoscaling.v2.PodsMetricStatus|resource - autoscaling.v2.ResourceMetricStatus|type! - s d=""
autoscaling.v2.MetricTarget|averageUtilization - i32|averageValue - q|type! - s d=""|value - q
autoscaling.v2.MetricValueStatus|averageUtilization - i32|averageValue - q|value - q
autoscaling.v2.ObjectMetricSource|describedObject! - autoscaling.v2.CrossVersionObjectReference d={}|metric! - autoscaling.v2.MetricIdentifier d={}|target! - autoscaling.v2.MetricTarget d={}
autoscaling.v2.ObjectMetricStatus|current! - autoscaling.v2.MetricValueStatus d={}|describedObject! - autoscaling.v2.CrossVersionObjectReference d={}|metric! - autoscaling.v2.MetricIdentifier d={}
autoscaling.v2.PodsMetricSource|metric! - autoscaling.v2.MetricIdentifier d={}|target! - autoscaling.v2.MetricTarget d={}
autoscaling.v2.PodsMetricStatus|current! - autoscaling.v2.MetricValueStatus d={}|metric! - autoscaling.v2.MetricIdentifier d={}
autoscaling.v2.ResourceMetricSource|name! - s d=""|target! - autoscaling.v2.MetricTarget d={}
autoscaling.v2.ResourceMetricStatus|current! - autoscaling.v2.MetricValueStatus d={}|name! - s d=""
batch.v1.CronJob k=batch/v1/CronJob|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - batch.v1.CronJobSpec d={}|status - batch.v1.CronJobStatus d={}
batch.v1.CronJobList k=batch/v1/CronJobList|apiVersion - s|items! - []batch.v1.CronJob|kind - s|metadata - meta.v1.ListMeta d={}
batch.v1.CronJobSpec|concurrencyPolicy - s|failedJobsHistoryLimit - i32|jobTemplate! - batch.v1.JobTemplateSpec d={}|schedule! - s d=""|startingDeadlineSeconds - i64|successfulJobsHistoryLimit - i32|suspend - b|timeZone - s
batch.v1.CronJobStatus|active - []core.v1.ObjectReference l=atomic|lastScheduleTime - time|lastSuccessfulTime - time
batch.v1.Job k=batch/v1/Job|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - batch.v1.JobSpec d={}|status - batch.v1.JobStatus d={}
batch.v1.JobCondition|lastProbeTime - time|lastTransitionTime - time|message - s|reason - s|status! - s d=""|type! - s d=""
batch.v1.JobList k=batch/v1/JobList|apiVersion - s|items! - []batch.v1.Job|kind - s|metadata - meta.v1.ListMeta d={}
batch.v1.JobSpec|activeDeadlineSeconds - i64|backoffLimit - i32|backoffLimitPerIndex - i32|completionMode - s|completions - i32|managedBy - s|manualSelector - b|maxFailedIndexes - i32|parallelism - i32|podFailurePolicy - batch.v1.PodFailurePolicy|podReplacementPolicy - s|selector - meta.v1.LabelSelector|successPolicy - batch.v1.SuccessPolicy|suspend - b|template! - core.v1.PodTemplateSpec d={}|ttlSecondsAfterFinished - i32
batch.v1.JobStatus|active - i32|completedIndexes - s|completionTime - time|conditions - []batch.v1.JobCondition l=atomic p=merge m=type|failed - i32|failedIndexes - s|ready - i32|startTime - time|succeeded - i32|terminating - i32|uncountedTerminatedPods - batch.v1.UncountedTerminatedPods
batch.v1.JobTemplateSpec|metadata - meta.v1.ObjectMeta d={}|spec - batch.v1.JobSpec d={}
batch.v1.PodFailurePolicy|rules! - []batch.v1.PodFailurePolicyRule l=atomic
batch.v1.PodFailurePolicyOnExitCodesRequirement|containerName - s|operator! - s d=""|values! - []i32 l=set
batch.v1.PodFailurePolicyOnPodConditionsPattern|status - s d=""|type! - s d=""
batch.v1.PodFailurePolicyRule|action! - s d=""|onExitCodes - batch.v1.PodFailurePolicyOnExitCodesRequirement|onPodConditions - []batch.v1.PodFailurePolicyOnPodConditionsPattern l=atomic
batch.v1.SuccessPolicy|rules! - []batch.v1.SuccessPolicyRule l=atomic
batch.v1.SuccessPolicyRule|succeededCount - i32|succeededIndexes - s
batch.v1.UncountedTerminatedPods|failed - []s l=set|succeeded - []s l=set
certificates.v1.CertificateSigningRequest k=certificates.k8s.io/v1/CertificateSigningRequest|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - certificates.v1.CertificateSigningRequestSpec d={}|status - certificates.v1.CertificateSigningRequestStatus d={}
certificates.v1.CertificateSigningRequestCondition|lastTransitionTime - time|lastUpdateTime - time|message - s|reason - s|status! - s d=""|type! - s d=""
certificates.v1.CertificateSigningRequestList k=certificates.k8s.io/v1/CertificateSigningRequestList|apiVersion - s|items! - []certificates.v1.CertificateSigningRequest|kind - s|metadata - meta.v1.ListMeta d={}
certificates.v1.CertificateSigningRequestSpec|expirationSeconds - i32|extra - {}<>s|groups - []s l=atomic|request! - bytes|signerName! - s d=""|uid - s|usages - []s l=atomic|username - s
certificates.v1.CertificateSigningRequestStatus|certificate - bytes|conditions - []certificates.v1.CertificateSigningRequestCondition l=map(type)
certificates.v1alpha1.ClusterTrustBundle k=certificates.k8s.io/v1alpha1/ClusterTrustBundle|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - certificates.v1alpha1.ClusterTrustBundleSpec d={}
certificates.v1alpha1.ClusterTrustBundleList k=certificates.k8s.io/v1alpha1/ClusterTrustBundleList|apiVersion - s|items! - []certificates.v1alpha1.ClusterTrustBundle|kind - s|metadata - meta.v1.ListMeta d={}
certificates.v1alpha1.ClusterTrustBundleSpec|signerName - s|trustBundle! - s d=""
certificates.v1beta1.ClusterTrustBundle k=certificates.k8s.io/v1beta1/ClusterTrustBundle|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - certificates.v1beta1.ClusterTrustBundleSpec d={}
certificates.v1beta1.ClusterTrustBundleList k=certificates.k8s.io/v1beta1/ClusterTrustBundleList|apiVersion - s|items! - []certificates.v1beta1.ClusterTrustBundle|kind - s|metadata - meta.v1.ListMeta d={}
certificates.v1beta1.ClusterTrustBundleSpec|signerName - s|trustBundle! - s d=""
certificates.v1beta1.PodCertificateRequest k=certificates.k8s.io/v1beta1/PodCertificateRequest|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - certificates.v1beta1.PodCertificateRequestSpec d={}|status - certificates.v1beta1.PodCertificateRequestStatus d={}
certificates.v1beta1.PodCertificateRequestList k=certificates.k8s.io/v1beta1/PodCertificateRequestList|apiVersion - s|items! - []certificates.v1beta1.PodCertificateRequest|kind - s|metadata - meta.v1.ListMeta d={}
certificates.v1beta1.PodCertificateRequestSpec|maxExpirationSeconds - i32 d=86400|nodeName! - s d=""|nodeUID! - s d=""|pkixPublicKey! - bytes|podName! - s d=""|podUID! - s d=""|proofOfPossession! - bytes|serviceAccountName! - s d=""|serviceAccountUID! - s d=""|signerName! - s d=""|unverifiedUserAnnotations - {}s
certificates.v1beta1.PodCertificateRequestStatus|beginRefreshAt - time|certificateChain - s|conditions - []meta.v1.Condition l=map(type) p=merge m=type|notAfter - time|notBefore - time
coordination.v1.Lease k=coordination.k8s.io/v1/Lease|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - coordination.v1.LeaseSpec d={}
coordination.v1.LeaseList k=coordination.k8s.io/v1/LeaseList|apiVersion - s|items! - []coordination.v1.Lease|kind - s|metadata - meta.v1.ListMeta d={}
coordination.v1.LeaseSpec|acquireTime - microtime|holderIdentity - s|leaseDurationSeconds - i32|leaseTransitions - i32|preferredHolder - s|renewTime - microtime|strategy - s
coordination.v1alpha2.LeaseCandidate k=coordination.k8s.io/v1alpha2/LeaseCandidate|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - coordination.v1alpha2.LeaseCandidateSpec d={}
coordination.v1alpha2.LeaseCandidateList k=coordination.k8s.io/v1alpha2/LeaseCandidateList|apiVersion - s|items! - []coordination.v1alpha2.LeaseCandidate|kind - s|metadata - meta.v1.ListMeta d={}
coordination.v1alpha2.LeaseCandidateSpec|binaryVersion! - s d=""|emulationVersion - s|leaseName! - s d=""|pingTime - microtime|renewTime - microtime|strategy! - s
coordination.v1beta1.LeaseCandidate k=coordination.k8s.io/v1beta1/LeaseCandidate|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - coordination.v1beta1.LeaseCandidateSpec d={}
coordination.v1beta1.LeaseCandidateList k=coordination.k8s.io/v1beta1/LeaseCandidateList|apiVersion - s|items! - []coordination.v1beta1.LeaseCandidate|kind - s|metadata - meta.v1.ListMeta d={}
coordination.v1beta1.LeaseCandidateSpec|binaryVersion! - s d=""|emulationVersion - s|leaseName! - s d=""|pingTime - microtime|renewTime - microtime|strategy! - s
core.v1.AWSElasticBlockStoreVolumeSource|fsType - s|partition - i32|readOnly - b|volumeID! - s d=""
core.v1.Affinity|nodeAffinity - core.v1.NodeAffinity|podAffinity - core.v1.PodAffinity|podAntiAffinity - core.v1.PodAntiAffinity
core.v1.AppArmorProfile|localhostProfile - s|type! - s d=""
core.v1.AttachedVolume|devicePath! - s d=""|name! - s d=""
core.v1.AzureDiskVolumeSource|cachingMode - s d="ReadWrite"|diskName! - s d=""|diskURI! - s d=""|fsType - s d="ext4"|kind - s d="Shared"|readOnly - b d=false
core.v1.AzureFilePersistentVolumeSource|readOnly - b|secretName! - s d=""|secretNamespace - s|shareName! - s d=""
core.v1.AzureFileVolumeSource|readOnly - b|secretName! - s d=""|shareName! - s d=""
core.v1.Binding k=/v1/Binding|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|target! - core.v1.ObjectReference d={}
core.v1.CSIPersistentVolumeSource|controllerExpandSecretRef - core.v1.SecretReference|controllerPublishSecretRef - core.v1.SecretReference|driver! - s d=""|fsType - s|nodeExpandSecretRef - core.v1.SecretReference|nodePublishSecretRef - core.v1.SecretReference|nodeStageSecretRef - core.v1.SecretReference|readOnly - b|volumeAttributes - {}s|volumeHandle! - s d=""
core.v1.CSIVolumeSource|driver! - s d=""|fsType - s|nodePublishSecretRef - core.v1.LocalObjectReference|readOnly - b|volumeAttributes - {}s
core.v1.Capabilities|add - []s l=atomic|drop - []s l=atomic
core.v1.CephFSPersistentVolumeSource|monitors! - []s l=atomic|path - s|readOnly - b|secretFile - s|secretRef - core.v1.SecretReference|user - s
core.v1.CephFSVolumeSource|monitors! - []s l=atomic|path - s|readOnly - b|secretFile - s|secretRef - core.v1.LocalObjectReference|user - s
core.v1.CinderPersistentVolumeSource|fsType - s|readOnly - b|secretRef - core.v1.SecretReference|volumeID! - s d=""
core.v1.CinderVolumeSource|fsType - s|readOnly - b|secretRef - core.v1.LocalObjectReference|volumeID! - s d=""
core.v1.ClientIPConfig|timeoutSeconds - i32
core.v1.ClusterTrustBundleProjection|labelSelector - meta.v1.LabelSelector|name - s|optional - b|path! - s d=""|signerName - s
core.v1.ComponentCondition|error - s|message - s|status! - s d=""|type! - s d=""
core.v1.ComponentStatus k=/v1/ComponentStatus|apiVersion - s|conditions - []core.v1.ComponentCondition l=map(type) p=merge m=type|kind - s|metadata - meta.v1.ObjectMeta d={}
core.v1.ComponentStatusList k=/v1/ComponentStatusList|apiVersion - s|items! - []core.v1.ComponentStatus|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.ConfigMap k=/v1/ConfigMap|apiVersion - s|binaryData - {}bytes|data - {}s|immutable - b|kind - s|metadata - meta.v1.ObjectMeta d={}
core.v1.ConfigMapEnvSource|name - s d=""|optional - b
core.v1.ConfigMapKeySelector atomic|key! - s d=""|name - s d=""|optional - b
core.v1.ConfigMapList k=/v1/ConfigMapList|apiVersion - s|items! - []core.v1.ConfigMap|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.ConfigMapNodeConfigSource|kubeletConfigKey! - s d=""|name! - s d=""|namespace! - s d=""|resourceVersion - s|uid - s
core.v1.ConfigMapProjection|items - []core.v1.KeyToPath l=atomic|name - s d=""|optional - b
core.v1.ConfigMapVolumeSource|defaultMode - i32|items - []core.v1.KeyToPath l=atomic|name - s d=""|optional - b
core.v1.Container|args - []s l=atomic|command - []s l=atomic|env - []core.v1.EnvVar l=map(name) p=merge m=name|envFrom - []core.v1.EnvFromSource l=atomic|image - s|imagePullPolicy - s|lifecycle - core.v1.Lifecycle|livenessProbe - core.v1.Probe|name! - s d=""|ports - []core.v1.ContainerPort l=map(containerPort,protocol) p=merge m=containerPort|readinessProbe - core.v1.Probe|resizePolicy - []core.v1.ContainerResizePolicy l=atomic|resources - core.v1.ResourceRequirements d={}|restartPolicy - s|restartPolicyRules - []core.v1.ContainerRestartRule l=atomic|securityContext - core.v1.SecurityContext|startupProbe - core.v1.Probe|stdin - b|stdinOnce - b|terminationMessagePath - s|terminationMessagePolicy - s|tty - b|volumeDevices - []core.v1.VolumeDevice l=map(devicePath) p=merge m=devicePath|volumeMounts - []core.v1.VolumeMount l=map(mountPath) p=merge m=mountPath|workingDir - s
core.v1.ContainerExtendedResourceRequest|containerName! - s d=""|requestName! - s d=""|resourceName! - s d=""
core.v1.ContainerImage|names - []s l=atomic|sizeBytes - i64
core.v1.ContainerPort|containerPort! - i32 d=0|hostIP - s|hostPort - i32|name - s|protocol - s d="TCP"
core.v1.ContainerResizePolicy|resourceName! - s d=""|restartPolicy! - s d=""
core.v1.ContainerRestartRule|action! - s|exitCodes - core.v1.ContainerRestartRuleOnExitCodes
core.v1.ContainerRestartRuleOnExitCodes|operator! - s|values - []i32 l=set
core.v1.ContainerState|running - core.v1.ContainerStateRunning|terminated - core.v1.ContainerStateTerminated|waiting - core.v1.ContainerStateWaiting
core.v1.ContainerStateRunning|startedAt - time
core.v1.ContainerStateTerminated|containerID - s|exitCode! - i32 d=0|finishedAt - time|message - s|reason - s|signal - i32|startedAt - time
core.v1.ContainerStateWaiting|message - s|reason - s
core.v1.ContainerStatus|allocatedResources - {}q|allocatedResourcesStatus - []core.v1.ResourceStatus l=map(name) p=merge m=name|containerID - s|image! - s d=""|imageID! - s d=""|lastState - core.v1.ContainerState d={}|name! - s d=""|ready! - b d=false|resources - core.v1.ResourceRequirements|restartCount! - i32 d=0|started - b|state - core.v1.ContainerState d={}|stopSignal - s|user - core.v1.ContainerUser|volumeMounts - []core.v1.VolumeMountStatus l=map(mountPath) p=merge m=mountPath
core.v1.ContainerUser|linux - core.v1.LinuxContainerUser
core.v1.DaemonEndpoint|Port! - i32 d=0
core.v1.DownwardAPIProjection|items - []core.v1.DownwardAPIVolumeFile l=atomic
core.v1.DownwardAPIVolumeFile|fieldRef - core.v1.ObjectFieldSelector|mode - i32|path! - s d=""|resourceFieldRef - core.v1.ResourceFieldSelector
core.v1.DownwardAPIVolumeSource|defaultMode - i32|items - []core.v1.DownwardAPIVolumeFile l=atomic
core.v1.EmptyDirVolumeSource|medium - s|sizeLimit - q
core.v1.EndpointAddress atomic|hostname - s|ip! - s d=""|nodeName - s|targetRef - core.v1.ObjectReference
core.v1.EndpointPort atomic|appProtocol - s|name - s|port! - i32 d=0|protocol - s
core.v1.EndpointSubset|addresses - []core.v1.EndpointAddress l=atomic|notReadyAddresses - []core.v1.EndpointAddress l=atomic|ports - []core.v1.EndpointPort l=atomic
core.v1.Endpoints k=/v1/Endpoints|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|subsets - []core.v1.EndpointSubset l=atomic
core.v1.EndpointsList k=/v1/EndpointsList|apiVersion - s|items! - []core.v1.Endpoints|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.EnvFromSource|configMapRef - core.v1.ConfigMapEnvSource|prefix - s|secretRef - core.v1.SecretEnvSource
core.v1.EnvVar|name! - s d=""|value - s|valueFrom - core.v1.EnvVarSource
core.v1.EnvVarSource|configMapKeyRef - core.v1.ConfigMapKeySelector|fieldRef - core.v1.ObjectFieldSelector|fileKeyRef - core.v1.FileKeySelector|resourceFieldRef - core.v1.ResourceFieldSelector|secretKeyRef - core.v1.SecretKeySelector
core.v1.EphemeralContainer|args - []s l=atomic|command - []s l=atomic|env - []core.v1.EnvVar l=map(name) p=merge m=name|envFrom - []core.v1.EnvFromSource l=atomic|image - s|imagePullPolicy - s|lifecycle - core.v1.Lifecycle|livenessProbe - core.v1.Probe|name! - s d=""|ports - []core.v1.ContainerPort l=map(containerPort,protocol) p=merge m=containerPort|readinessProbe - core.v1.Probe|resizePolicy - []core.v1.ContainerResizePolicy l=atomic|resources - core.v1.ResourceRequirements d={}|restartPolicy - s|restartPolicyRules - []core.v1.ContainerRestartRule l=atomic|securityContext - core.v1.SecurityContext|startupProbe - core.v1.Probe|stdin - b|stdinOnce - b|targetContainerName - s|terminationMessagePath - s|terminationMessagePolicy - s|tty - b|volumeDevices - []core.v1.VolumeDevice l=map(devicePath) p=merge m=devicePath|volumeMounts - []core.v1.VolumeMount l=map(mountPath) p=merge m=mountPath|workingDir - s
core.v1.EphemeralVolumeSource|volumeClaimTemplate - core.v1.PersistentVolumeClaimTemplate
core.v1.Event k=/v1/Event|action - s|apiVersion - s|count - i32|eventTime - microtime|firstTimestamp - time|involvedObject! - core.v1.ObjectReference d={}|kind - s|lastTimestamp - time|message - s|metadata! - meta.v1.ObjectMeta d={}|reason - s|related - core.v1.ObjectReference|reportingComponent - s d=""|reportingInstance - s d=""|series - core.v1.EventSeries|source - core.v1.EventSource d={}|type - s
core.v1.EventList k=/v1/EventList|apiVersion - s|items! - []core.v1.Event|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.EventSeries|count - i32|lastObservedTime - microtime
core.v1.EventSource|component - s|host - s
core.v1.ExecAction|command - []s l=atomic
core.v1.FCVolumeSource|fsType - s|lun - i32|readOnly - b|targetWWNs - []s l=atomic|wwids - []s l=atomic
core.v1.FileKeySelector atomic|key! - s d=""|optional - b d=false|path! - s d=""|volumeName! - s d=""
core.v1.FlexPersistentVolumeSource|driver! - s d=""|fsType - s|options - {}s|readOnly - b|secretRef - core.v1.SecretReference
core.v1.FlexVolumeSource|driver! - s d=""|fsType - s|options - {}s|readOnly - b|secretRef - core.v1.LocalObjectReference
core.v1.FlockerVolumeSource|datasetName - s|datasetUUID - s
core.v1.GCEPersistentDiskVolumeSource|fsType - s|partition - i32|pdName! - s d=""|readOnly - b
core.v1.GRPCAction|port! - i32 d=0|service - s d=""
core.v1.GitRepoVolumeSource|directory - s|repository! - s d=""|revision - s
core.v1.GlusterfsPersistentVolumeSource|endpoints! - s d=""|endpointsNamespace - s|path! - s d=""|readOnly - b
core.v1.GlusterfsVolumeSource|endpoints! - s d=""|path! - s d=""|readOnly - b
core.v1.HTTPGetAction|host - s|httpHeaders - []core.v1.HTTPHeader l=atomic|path - s|port! - x|scheme - s
core.v1.HTTPHeader|name! - s d=""|value! - s d=""
core.v1.HostAlias|hostnames - []s l=atomic|ip! - s d=""
core.v1.HostIP|ip! - s d=""
core.v1.HostPathVolumeSource|path! - s d=""|type - s
core.v1.ISCSIPersistentVolumeSource|chapAuthDiscovery - b|chapAuthSession - b|fsType - s|initiatorName - s|iqn! - s d=""|iscsiInterface - s d="default"|lun! - i32 d=0|portals - []s l=atomic|readOnly - b|secretRef - core.v1.SecretReference|targetPortal! - s d=""
core.v1.ISCSIVolumeSource|chapAuthDiscovery - b|chapAuthSession - b|fsType - s|initiatorName - s|iqn! - s d=""|iscsiInterface - s d="default"|lun! - i32 d=0|portals - []s l=atomic|readOnly - b|secretRef - core.v1.LocalObjectReference|targetPortal! - s d=""
core.v1.ImageVolumeSource|pullPolicy - s|reference - s
core.v1.KeyToPath|key! - s d=""|mode - i32|path! - s d=""
core.v1.Lifecycle|postStart - core.v1.LifecycleHandler|preStop - core.v1.LifecycleHandler|stopSignal - s
core.v1.LifecycleHandler|exec - core.v1.ExecAction|httpGet - core.v1.HTTPGetAction|sleep - core.v1.SleepAction|tcpSocket - core.v1.TCPSocketAction
core.v1.LimitRange k=/v1/LimitRange|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - core.v1.LimitRangeSpec d={}
core.v1.LimitRangeItem|default - {}q|defaultRequest - {}q|max - {}q|maxLimitRequestRatio - {}q|min - {}q|type! - s d=""
core.v1.LimitRangeList k=/v1/LimitRangeList|apiVersion - s|items! - []core.v1.LimitRange|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.LimitRangeSpec|limits! - []core.v1.LimitRangeItem l=atomic
core.v1.LinuxContainerUser|gid! - i64 d=0|supplementalGroups - []i64 l=atomic|uid! - i64 d=0
core.v1.LoadBalancerIngress|hostname - s|ip - s|ipMode - s|ports - []core.v1.PortStatus l=atomic
core.v1.LoadBalancerStatus|ingress - []core.v1.LoadBalancerIngress l=atomic
core.v1.LocalObjectReference atomic|name - s d=""
core.v1.LocalVolumeSource|fsType - s|path! - s d=""
core.v1.ModifyVolumeStatus|status! - s d=""|targetVolumeAttributesClassName - s
core.v1.NFSVolumeSource|path! - s d=""|readOnly - b|server! - s d=""
core.v1.Namespace k=/v1/Namespace|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - core.v1.NamespaceSpec d={}|status - core.v1.NamespaceStatus d={}
core.v1.NamespaceCondition|lastTransitionTime - time|message - s|reason - s|status! - s d=""|type! - s d=""
core.v1.NamespaceList k=/v1/NamespaceList|apiVersion - s|items! - []core.v1.Namespace|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.NamespaceSpec|finalizers - []s l=atomic
core.v1.NamespaceStatus|conditions - []core.v1.NamespaceCondition l=map(type) p=merge m=type|phase - s
core.v1.Node k=/v1/Node|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - core.v1.NodeSpec d={}|status - core.v1.NodeStatus d={}
core.v1.NodeAddress|address! - s d=""|type! - s d=""
core.v1.NodeAffinity|preferredDuringSchedulingIgnoredDuringExecution - []core.v1.PreferredSchedulingTerm l=atomic|requiredDuringSchedulingIgnoredDuringExecution - core.v1.NodeSelector
core.v1.NodeCondition|lastHeartbeatTime - time|lastTransitionTime - time|message - s|reason - s|status! - s d=""|type! - s d=""
core.v1.NodeConfigSource|configMap - core.v1.ConfigMapNodeConfigSource
core.v1.NodeConfigStatus|active - core.v1.NodeConfigSource|assigned - core.v1.NodeConfigSource|error - s|lastKnownGood - core.v1.NodeConfigSource
core.v1.NodeDaemonEndpoints|kubeletEndpoint - core.v1.DaemonEndpoint d={}
core.v1.NodeFeatures|supplementalGroupsPolicy - b
core.v1.NodeList k=/v1/NodeList|apiVersion - s|items! - []core.v1.Node|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.NodeRuntimeHandler|features - core.v1.NodeRuntimeHandlerFeatures|name - s d=""
core.v1.NodeRuntimeHandlerFeatures|recursiveReadOnlyMounts - b|userNamespaces - b
core.v1.NodeSelector atomic|nodeSelectorTerms! - []core.v1.NodeSelectorTerm l=atomic
core.v1.NodeSelectorRequirement|key! - s d=""|operator! - s d=""|values - []s l=atomic
core.v1.NodeSelectorTerm atomic|matchExpressions - []core.v1.NodeSelectorRequirement l=atomic|matchFields - []core.v1.NodeSelectorRequirement l=atomic
core.v1.NodeSpec|configSource - core.v1.NodeConfigSource|externalID - s|podCIDR - s|podCIDRs - []s l=set p=merge|providerID - s|taints - []core.v1.Taint l=atomic|unschedulable - b
core.v1.NodeStatus|addresses - []core.v1.NodeAddress l=map(type) p=merge m=type|allocatable - {}q|capacity - {}q|conditions - []core.v1.NodeCondition l=map(type) p=merge m=type|config - core.v1.NodeConfigStatus|daemonEndpoints - core.v1.NodeDaemonEndpoints d={}|declaredFeatures - []s l=atomic|features - core.v1.NodeFeatures|images - []core.v1.ContainerImage l=atomic|nodeInfo - core.v1.NodeSystemInfo d={}|phase - s|runtimeHandlers - []core.v1.NodeRuntimeHandler l=atomic|volumesAttached - []core.v1.AttachedVolume l=atomic|volumesInUse - []s l=atomic
core.v1.NodeSwapStatus|capacity - i64
core.v1.NodeSystemInfo|architecture! - s d=""|bootID! - s d=""|containerRuntimeVersion! - s d=""|kernelVersion! - s d=""|kubeProxyVersion! - s d=""|kubeletVersion! - s d=""|machineID! - s d=""|operatingSystem! - s d=""|osImage! - s d=""|swap - core.v1.NodeSwapStatus|systemUUID! - s d=""
core.v1.ObjectFieldSelector atomic|apiVersion - s|fieldPath! - s d=""
core.v1.ObjectReference atomic|apiVersion - s|fieldPath - s|kind - s|name - s|namespace - s|resourceVersion - s|uid - s
core.v1.PersistentVolume k=/v1/PersistentVolume|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - core.v1.PersistentVolumeSpec d={}|status - core.v1.PersistentVolumeStatus d={}
core.v1.PersistentVolumeClaim k=/v1/PersistentVolumeClaim|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - core.v1.PersistentVolumeClaimSpec d={}|status - core.v1.PersistentVolumeClaimStatus d={}
core.v1.PersistentVolumeClaimCondition|lastProbeTime - time|lastTransitionTime - time|message - s|reason - s|status! - s d=""|type! - s d=""
core.v1.PersistentVolumeClaimList k=/v1/PersistentVolumeClaimList|apiVersion - s|items! - []core.v1.PersistentVolumeClaim|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.PersistentVolumeClaimSpec|accessModes - []s l=atomic|dataSource - core.v1.TypedLocalObjectReference|dataSourceRef - core.v1.TypedObjectReference|resources - core.v1.VolumeResourceRequirements d={}|selector - meta.v1.LabelSelector|storageClassName - s|volumeAttributesClassName - s|volumeMode - s|volumeName - s
core.v1.PersistentVolumeClaimStatus|accessModes - []s l=atomic|allocatedResourceStatuses - {}s|allocatedResources - {}q|capacity - {}q|conditions - []core.v1.PersistentVolumeClaimCondition l=map(type) p=merge m=type|currentVolumeAttributesClassName - s|modifyVolumeStatus - core.v1.ModifyVolumeStatus|phase - s
core.v1.PersistentVolumeClaimTemplate|metadata - meta.v1.ObjectMeta d={}|spec! - core.v1.PersistentVolumeClaimSpec d={}
core.v1.PersistentVolumeClaimVolumeSource|claimName! - s d=""|readOnly - b
core.v1.PersistentVolumeList k=/v1/PersistentVolumeList|apiVersion - s|items! - []core.v1.PersistentVolume|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.PersistentVolumeSpec|accessModes - []s l=atomic|awsElasticBlockStore - core.v1.AWSElasticBlockStoreVolumeSource|azureDisk - core.v1.AzureDiskVolumeSource|azureFile - core.v1.AzureFilePersistentVolumeSource|capacity - {}q|cephfs - core.v1.CephFSPersistentVolumeSource|cinder - core.v1.CinderPersistentVolumeSource|claimRef - core.v1.ObjectReference|csi - core.v1.CSIPersistentVolumeSource|fc - core.v1.FCVolumeSource|flexVolume - core.v1.FlexPersistentVolumeSource|flocker - core.v1.FlockerVolumeSource|gcePersistentDisk - core.v1.GCEPersistentDiskVolumeSource|glusterfs - core.v1.GlusterfsPersistentVolumeSource|hostPath - core.v1.HostPathVolumeSource|iscsi - core.v1.ISCSIPersistentVolumeSource|local - core.v1.LocalVolumeSource|mountOptions - []s l=atomic|nfs - core.v1.NFSVolumeSource|nodeAffinity - core.v1.VolumeNodeAffinity|persistentVolumeReclaimPolicy - s|photonPersistentDisk - core.v1.PhotonPersistentDiskVolumeSource|portworxVolume - core.v1.PortworxVolumeSource|quobyte - core.v1.QuobyteVolumeSource|rbd - core.v1.RBDPersistentVolumeSource|scaleIO - core.v1.ScaleIOPersistentVolumeSource|storageClassName - s|storageos - core.v1.StorageOSPersistentVolumeSource|volumeAttributesClassName - s|volumeMode - s|vsphereVolume - core.v1.VsphereVirtualDiskVolumeSource
core.v1.PersistentVolumeStatus|lastPhaseTransitionTime - time|message - s|phase - s|reason - s
core.v1.PhotonPersistentDiskVolumeSource|fsType - s|pdID! - s d=""
core.v1.Pod k=/v1/Pod|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - core.v1.PodSpec d={}|status - core.v1.PodStatus d={}
core.v1.PodAffinity|preferredDuringSchedulingIgnoredDuringExecution - []core.v1.WeightedPodAffinityTerm l=atomic|requiredDuringSchedulingIgnoredDuringExecution - []core.v1.PodAffinityTerm l=atomic
core.v1.PodAffinityTerm|labelSelector - meta.v1.LabelSelector|matchLabelKeys - []s l=atomic|mismatchLabelKeys - []s l=atomic|namespaceSelector - meta.v1.LabelSelector|namespaces - []s l=atomic|topologyKey! - s d=""
core.v1.PodAntiAffinity|preferredDuringSchedulingIgnoredDuringExecution - []core.v1.WeightedPodAffinityTerm l=atomic|requiredDuringSchedulingIgnoredDuringExecution - []core.v1.PodAffinityTerm l=atomic
core.v1.PodCertificateProjection|certificateChainPath - s|credentialBundlePath - s|keyPath - s|keyType! - s|maxExpirationSeconds - i32|signerName! - s|userAnnotations - {}s
core.v1.PodCondition|lastProbeTime - time|lastTransitionTime - time|message - s|observedGeneration - i64|reason - s|status! - s d=""|type! - s d=""
core.v1.PodDNSConfig|nameservers - []s l=atomic|options - []core.v1.PodDNSConfigOption l=atomic|searches - []s l=atomic
core.v1.PodDNSConfigOption|name - s|value - s
core.v1.PodExtendedResourceClaimStatus|requestMappings! - []core.v1.ContainerExtendedResourceRequest l=atomic|resourceClaimName! - s d=""
core.v1.PodIP|ip! - s d=""
core.v1.PodList k=/v1/PodList|apiVersion - s|items! - []core.v1.Pod|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.PodOS|name! - s d=""
core.v1.PodReadinessGate|conditionType! - s d=""
core.v1.PodResourceClaim|name! - s d=""|resourceClaimName - s|resourceClaimTemplateName - s
core.v1.PodResourceClaimStatus|name! - s d=""|resourceClaimName - s
core.v1.PodSchedulingGate|name! - s d=""
core.v1.PodSecurityContext|appArmorProfile - core.v1.AppArmorProfile|fsGroup - i64|fsGroupChangePolicy - s|runAsGroup - i64|runAsNonRoot - b|runAsUser - i64|seLinuxChangePolicy - s|seLinuxOptions - core.v1.SELinuxOptions|seccompProfile - core.v1.SeccompProfile|supplementalGroups - []i64 l=atomic|supplementalGroupsPolicy - s|sysctls - []core.v1.Sysctl l=atomic|windowsOptions - core.v1.WindowsSecurityContextOptions
core.v1.PodSpec|activeDeadlineSeconds - i64|affinity - core.v1.Affinity|automountServiceAccountToken - b|containers! - []core.v1.Container l=map(name) p=merge m=name|dnsConfig - core.v1.PodDNSConfig|dnsPolicy - s|enableServiceLinks - b|ephemeralContainers - []core.v1.EphemeralContainer l=map(name) p=merge m=name|hostAliases - []core.v1.HostAlias l=map(ip) p=merge m=ip|hostIPC - b|hostNetwork - b|hostPID - b|hostUsers - b|hostname - s|hostnameOverride - s|imagePullSecrets - []core.v1.LocalObjectReference l=map(name) p=merge m=name|initContainers - []core.v1.Container l=map(name) p=merge m=name|nodeName - s|nodeSelector - {}s atomic|os - core.v1.PodOS|overhead - {}q|preemptionPolicy - s|priority - i32|priorityClassName - s|readinessGates - []core.v1.PodReadinessGate l=atomic|resourceClaims - []core.v1.PodResourceClaim l=map(name) p=merge,retainKeys m=name|resources - core.v1.ResourceRequirements|restartPolicy - s|runtimeClassName - s|schedulerName - s|schedulingGates - []core.v1.PodSchedulingGate l=map(name) p=merge m=name|securityContext - core.v1.PodSecurityContext|serviceAccount - s|serviceAccountName - s|setHostnameAsFQDN - b|shareProcessNamespace - b|subdomain - s|terminationGracePeriodSeconds - i64|tolerations - []core.v1.Toleration l=atomic|topologySpreadConstraints - []core.v1.TopologySpreadConstraint l=map(topologyKey,whenUnsatisfiable) p=merge m=topologyKey|volumes - []core.v1.Volume l=map(name) p=merge,retainKeys m=name|workloadRef - core.v1.WorkloadReference
core.v1.PodStatus|allocatedResources - {}q|conditions - []core.v1.PodCondition l=map(type) p=merge m=type|containerStatuses - []core.v1.ContainerStatus l=atomic|ephemeralContainerStatuses - []core.v1.ContainerStatus l=atomic|extendedResourceClaimStatus - core.v1.PodExtendedResourceClaimStatus|hostIP - s|hostIPs - []core.v1.HostIP l=atomic p=merge m=ip|initContainerStatuses - []core.v1.ContainerStatus l=atomic|message - s|nominatedNodeName - s|observedGeneration - i64|phase - s|podIP - s|podIPs - []core.v1.PodIP l=map(ip) p=merge m=ip|qosClass - s|reason - s|resize - s|resourceClaimStatuses - []core.v1.PodResourceClaimStatus l=map(name) p=merge,retainKeys m=name|resources - core.v1.ResourceRequirements|startTime - time
core.v1.PodTemplate k=/v1/PodTemplate|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|template - core.v1.PodTemplateSpec d={}
core.v1.PodTemplateList k=/v1/PodTemplateList|apiVersion - s|items! - []core.v1.PodTemplate|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.PodTemplateSpec|metadata - meta.v1.ObjectMeta d={}|spec - core.v1.PodSpec d={}
core.v1.PortStatus|error - s|port! - i32 d=0|protocol! - s d=""
core.v1.PortworxVolumeSource|fsType - s|readOnly - b|volumeID! - s d=""
core.v1.PreferredSchedulingTerm|preference! - core.v1.NodeSelectorTerm d={}|weight! - i32 d=0
core.v1.Probe|exec - core.v1.ExecAction|failureThreshold - i32|grpc - core.v1.GRPCAction|httpGet - core.v1.HTTPGetAction|initialDelaySeconds - i32|periodSeconds - i32|successThreshold - i32|tcpSocket - core.v1.TCPSocketAction|terminationGracePeriodSeconds - i64|timeoutSeconds - i32
core.v1.ProjectedVolumeSource|defaultMode - i32|sources - []core.v1.VolumeProjection l=atomic
core.v1.QuobyteVolumeSource|group - s|readOnly - b|registry! - s d=""|tenant - s|user - s|volume! - s d=""
core.v1.RBDPersistentVolumeSource|fsType - s|image! - s d=""|keyring - s d="/etc/ceph/keyring"|monitors! - []s l=atomic|pool - s d="rbd"|readOnly - b|secretRef - core.v1.SecretReference|user - s d="admin"
core.v1.RBDVolumeSource|fsType - s|image! - s d=""|keyring - s d="/etc/ceph/keyring"|monitors! - []s l=atomic|pool - s d="rbd"|readOnly - b|secretRef - core.v1.LocalObjectReference|user - s d="admin"
core.v1.ReplicationController k=/v1/ReplicationController|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - core.v1.ReplicationControllerSpec d={}|status - core.v1.ReplicationControllerStatus d={}
core.v1.ReplicationControllerCondition|lastTransitionTime - time|message - s|reason - s|status! - s d=""|type! - s d=""
core.v1.ReplicationControllerList k=/v1/ReplicationControllerList|apiVersion - s|items! - []core.v1.ReplicationController|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.ReplicationControllerSpec|minReadySeconds - i32 d=0|replicas - i32 d=1|selector - {}s atomic|template - core.v1.PodTemplateSpec
core.v1.ReplicationControllerStatus|availableReplicas - i32|conditions - []core.v1.ReplicationControllerCondition l=map(type) p=merge m=type|fullyLabeledReplicas - i32|observedGeneration - i64|readyReplicas - i32|replicas! - i32 d=0
core.v1.ResourceClaim|name! - s d=""|request - s
core.v1.ResourceFieldSelector atomic|containerName - s|divisor - q|resource! - s d=""
core.v1.ResourceHealth|health - s|resourceID! - s d=""
core.v1.ResourceQuota k=/v1/ResourceQuota|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - core.v1.ResourceQuotaSpec d={}|status - core.v1.ResourceQuotaStatus d={}
core.v1.ResourceQuotaList k=/v1/ResourceQuotaList|apiVersion - s|items! - []core.v1.ResourceQuota|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.ResourceQuotaSpec|hard - {}q|scopeSelector - core.v1.ScopeSelector|scopes - []s l=atomic
core.v1.ResourceQuotaStatus|hard - {}q|used - {}q
core.v1.ResourceRequirements|claims - []core.v1.ResourceClaim l=map(name)|limits - {}q|requests - {}q
core.v1.ResourceStatus|name! - s d=""|resources - []core.v1.ResourceHealth l=map(resourceID)
core.v1.SELinuxOptions|level - s|role - s|type - s|user - s
core.v1.ScaleIOPersistentVolumeSource|fsType - s d="xfs"|gateway! - s d=""|protectionDomain - s|readOnly - b|secretRef! - core.v1.SecretReference|sslEnabled - b|storageMode - s d="ThinProvisioned"|storagePool - s|system! - s d=""|volumeName - s
core.v1.ScaleIOVolumeSource|fsType - s d="xfs"|gateway! - s d=""|protectionDomain - s|readOnly - b|secretRef! - core.v1.LocalObjectReference|sslEnabled - b|storageMode - s d="ThinProvisioned"|storagePool - s|system! - s d=""|volumeName - s
core.v1.ScopeSelector atomic|matchExpressions - []core.v1.ScopedResourceSelectorRequirement l=atomic
core.v1.ScopedResourceSelectorRequirement|operator! - s d=""|scopeName! - s d=""|values - []s l=atomic
core.v1.SeccompProfile|localhostProfile - s|type! - s d=""
core.v1.Secret k=/v1/Secret|apiVersion - s|data - {}bytes|immutable - b|kind - s|metadata - meta.v1.ObjectMeta d={}|stringData - {}s|type - s
core.v1.SecretEnvSource|name - s d=""|optional - b
core.v1.SecretKeySelector atomic|key! - s d=""|name - s d=""|optional - b
core.v1.SecretList k=/v1/SecretList|apiVersion - s|items! - []core.v1.Secret|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.SecretProjection|items - []core.v1.KeyToPath l=atomic|name - s d=""|optional - b
core.v1.SecretReference atomic|name - s|namespace - s
core.v1.SecretVolumeSource|defaultMode - i32|items - []core.v1.KeyToPath l=atomic|optional - b|secretName - s
core.v1.SecurityContext|allowPrivilegeEscalation - b|appArmorProfile - core.v1.AppArmorProfile|capabilities - core.v1.Capabilities|privileged - b|procMount - s|readOnlyRootFilesystem - b|runAsGroup - i64|runAsNonRoot - b|runAsUser - i64|seLinuxOptions - core.v1.SELinuxOptions|seccompProfile - core.v1.SeccompProfile|windowsOptions - core.v1.WindowsSecurityContextOptions
core.v1.Service k=/v1/Service|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - core.v1.ServiceSpec d={}|status - core.v1.ServiceStatus d={}
core.v1.ServiceAccount k=/v1/ServiceAccount|apiVersion - s|automountServiceAccountToken - b|imagePullSecrets - []core.v1.LocalObjectReference l=atomic|kind - s|metadata - meta.v1.ObjectMeta d={}|secrets - []core.v1.ObjectReference l=map(name) p=merge m=name
core.v1.ServiceAccountList k=/v1/ServiceAccountList|apiVersion - s|items! - []core.v1.ServiceAccount|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.ServiceAccountTokenProjection|audience - s|expirationSeconds - i64|path! - s d=""
core.v1.ServiceList k=/v1/ServiceList|apiVersion - s|items! - []core.v1.Service|kind - s|metadata - meta.v1.ListMeta d={}
core.v1.ServicePort|appProtocol - s|name - s|nodePort - i32|port! - i32 d=0|protocol - s d="TCP"|targetPort - x
core.v1.ServiceSpec|allocateLoadBalancerNodePorts - b|clusterIP - s|clusterIPs - []s l=atomic|externalIPs - []s l=atomic|externalName - s|externalTrafficPolicy - s|healthCheckNodePort - i32|internalTrafficPolicy - s|ipFamilies - []s l=atomic|ipFamilyPolicy - s|loadBalancerClass - s|loadBalancerIP - s|loadBalancerSourceRanges - []s l=atomic|ports - []core.v1.ServicePort l=map(port,protocol) p=merge m=port|publishNotReadyAddresses - b|selector - {}s atomic|sessionAffinity - s|sessionAffinityConfig - core.v1.SessionAffinityConfig|trafficDistribution - s|type - s
core.v1.ServiceStatus|conditions - []meta.v1.Condition l=map(type) p=merge m=type|loadBalancer - core.v1.LoadBalancerStatus d={}
core.v1.SessionAffinityConfig|clientIP - core.v1.ClientIPConfig
core.v1.SleepAction|seconds! - i64 d=0
core.v1.StorageOSPersistentVolumeSource|fsType - s|readOnly - b|secretRef - core.v1.ObjectReference|volumeName - s|volumeNamespace - s
core.v1.StorageOSVolumeSource|fsType - s|readOnly - b|secretRef - core.v1.LocalObjectReference|volumeName - s|volumeNamespace - s
core.v1.Sysctl|name! - s d=""|value! - s d=""
core.v1.TCPSocketAction|host - s|port! - x
core.v1.Taint|effect! - s d=""|key! - s d=""|timeAdded - time|value - s
core.v1.Toleration|effect - s|key - s|operator - s|tolerationSeconds - i64|value - s
core.v1.TopologySelectorLabelRequirement|key! - s d=""|values! - []s l=atomic
core.v1.TopologySelectorTerm atomic|matchLabelExpressions - []core.v1.TopologySelectorLabelRequirement l=atomic
core.v1.TopologySpreadConstraint|labelSelector - meta.v1.LabelSelector|matchLabelKeys - []s l=atomic|maxSkew! - i32 d=0|minDomains - i32|nodeAffinityPolicy - s|nodeTaintsPolicy - s|topologyKey! - s d=""|whenUnsatisfiable! - s d=""
core.v1.TypedLocalObjectReference atomic|apiGroup - s|kind! - s d=""|name! - s d=""
core.v1.TypedObjectReference|apiGroup - s|kind! - s d=""|name! - s d=""|namespace - s
core.v1.Volume|awsElasticBlockStore - core.v1.AWSElasticBlockStoreVolumeSource|azureDisk - core.v1.AzureDiskVolumeSource|azureFile - core.v1.AzureFileVolumeSource|cephfs - core.v1.CephFSVolumeSource|cinder - core.v1.CinderVolumeSource|configMap - core.v1.ConfigMapVolumeSource|csi - core.v1.CSIVolumeSource|downwardAPI - core.v1.DownwardAPIVolumeSource|emptyDir - core.v1.EmptyDirVolumeSource|ephemeral - core.v1.EphemeralVolumeSource|fc - core.v1.FCVolumeSource|flexVolume - core.v1.FlexVolumeSource|flocker - core.v1.FlockerVolumeSource|gcePersistentDisk - core.v1.GCEPersistentDiskVolumeSource|gitRepo - core.v1.GitRepoVolumeSource|glusterfs - core.v1.GlusterfsVolumeSource|hostPath - core.v1.HostPathVolumeSource|image - core.v1.ImageVolumeSource|iscsi - core.v1.ISCSIVolumeSource|name! - s d=""|nfs - core.v1.NFSVolumeSource|persistentVolumeClaim - core.v1.PersistentVolumeClaimVolumeSource|photonPersistentDisk - core.v1.PhotonPersistentDiskVolumeSource|portworxVolume - core.v1.PortworxVolumeSource|projected - core.v1.ProjectedVolumeSource|quobyte - core.v1.QuobyteVolumeSource|rbd - core.v1.RBDVolumeSource|scaleIO - core.v1.ScaleIOVolumeSource|secret - core.v1.SecretVolumeSource|storageos - core.v1.StorageOSVolumeSource|vsphereVolume - core.v1.VsphereVirtualDiskVolumeSource
core.v1.VolumeDevice|devicePath! - s d=""|name! - s d=""
core.v1.VolumeMount|mountPath! - s d=""|mountPropagation - s|name! - s d=""|readOnly - b|recursiveReadOnly - s|subPath - s|subPathExpr - s
core.v1.VolumeMountStatus|mountPath! - s d=""|name! - s d=""|readOnly - b|recursiveReadOnly - s
core.v1.VolumeNodeAffinity|required - core.v1.NodeSelector
core.v1.VolumeProjection|clusterTrustBundle - core.v1.ClusterTrustBundleProjection|configMap - core.v1.ConfigMapProjection|downwardAPI - core.v1.DownwardAPIProjection|podCertificate - core.v1.PodCertificateProjection|secret - core.v1.SecretProjection|serviceAccountToken - core.v1.ServiceAccountTokenProjection
core.v1.VolumeResourceRequirements|limits - {}q|requests - {}q
core.v1.VsphereVirtualDiskVolumeSource|fsType - s|storagePolicyID - s|storagePolicyName - s|volumePath! - s d=""
core.v1.WeightedPodAffinityTerm|podAffinityTerm! - core.v1.PodAffinityTerm d={}|weight! - i32 d=0
core.v1.WindowsSecurityContextOptions|gmsaCredentialSpec - s|gmsaCredentialSpecName - s|hostProcess - b|runAsUserName - s
core.v1.WorkloadReference|name! - s d=""|podGroup! - s d=""|podGroupReplicaKey - s
discovery.v1.Endpoint|addresses! - []s l=set|conditions - discovery.v1.EndpointConditions d={}|deprecatedTopology - {}s|hints - discovery.v1.EndpointHints|hostname - s|nodeName - s|targetRef - core.v1.ObjectReference|zone - s
discovery.v1.EndpointConditions|ready - b|serving - b|terminating - b
discovery.v1.EndpointHints|forNodes - []discovery.v1.ForNode l=atomic|forZones - []discovery.v1.ForZone l=atomic
discovery.v1.EndpointPort atomic|appProtocol - s|name - s|port - i32|protocol - s
discovery.v1.EndpointSlice k=discovery.k8s.io/v1/EndpointSlice|addressType! - s d=""|apiVersion - s|endpoints! - []discovery.v1.Endpoint l=atomic|kind - s|metadata - meta.v1.ObjectMeta d={}|ports - []discovery.v1.EndpointPort l=atomic
discovery.v1.EndpointSliceList k=discovery.k8s.io/v1/EndpointSliceList|apiVersion - s|items! - []discovery.v1.EndpointSlice|kind - s|metadata - meta.v1.ListMeta d={}
discovery.v1.ForNode|name! - s d=""
discovery.v1.ForZone|name! - s d=""
events.v1.Event k=events.k8s.io/v1/Event|action - s|apiVersion - s|deprecatedCount - i32|deprecatedFirstTimestamp - time|deprecatedLastTimestamp - time|deprecatedSource - core.v1.EventSource d={}|eventTime! - microtime|kind - s|metadata - meta.v1.ObjectMeta d={}|note - s|reason - s|regarding - core.v1.ObjectReference d={}|related - core.v1.ObjectReference|reportingController - s|reportingInstance - s|series - events.v1.EventSeries|type - s
events.v1.EventList k=events.k8s.io/v1/EventList|apiVersion - s|items! - []events.v1.Event|kind - s|metadata - meta.v1.ListMeta d={}
events.v1.EventSeries|count! - i32 d=0|lastObservedTime! - microtime
flowcontrol.v1.ExemptPriorityLevelConfiguration|lendablePercent - i32|nominalConcurrencyShares - i32
flowcontrol.v1.FlowDistinguisherMethod|type! - s d=""
flowcontrol.v1.FlowSchema k=flowcontrol.apiserver.k8s.io/v1/FlowSchema|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - flowcontrol.v1.FlowSchemaSpec d={}|status - flowcontrol.v1.FlowSchemaStatus d={}
flowcontrol.v1.FlowSchemaCondition|lastTransitionTime - time|message - s|reason - s|status - s|type - s
flowcontrol.v1.FlowSchemaList k=flowcontrol.apiserver.k8s.io/v1/FlowSchemaList|apiVersion - s|items! - []flowcontrol.v1.FlowSchema|kind - s|metadata - meta.v1.ListMeta d={}
flowcontrol.v1.FlowSchemaSpec|distinguisherMethod - flowcontrol.v1.FlowDistinguisherMethod|matchingPrecedence - i32 d=0|priorityLevelConfiguration! - flowcontrol.v1.PriorityLevelConfigurationReference d={}|rules - []flowcontrol.v1.PolicyRulesWithSubjects l=atomic
flowcontrol.v1.FlowSchemaStatus|conditions - []flowcontrol.v1.FlowSchemaCondition l=map(type) p=merge m=type
flowcontrol.v1.GroupSubject|name! - s d=""
flowcontrol.v1.LimitResponse|queuing - flowcontrol.v1.QueuingConfiguration|type! - s d=""
flowcontrol.v1.LimitedPriorityLevelConfiguration|borrowingLimitPercent - i32|lendablePercent - i32|limitResponse - flowcontrol.v1.LimitResponse d={}|nominalConcurrencyShares - i32
flowcontrol.v1.NonResourcePolicyRule|nonResourceURLs! - []s l=set|verbs! - []s l=set
flowcontrol.v1.PolicyRulesWithSubjects|nonResourceRules - []flowcontrol.v1.NonResourcePolicyRule l=atomic|resourceRules - []flowcontrol.v1.ResourcePolicyRule l=atomic|subjects! - []flowcontrol.v1.Subject l=atomic
flowcontrol.v1.PriorityLevelConfiguration k=flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - flowcontrol.v1.PriorityLevelConfigurationSpec d={}|status - flowcontrol.v1.PriorityLevelConfigurationStatus d={}
flowcontrol.v1.PriorityLevelConfigurationCondition|lastTransitionTime - time|message - s|reason - s|status - s|type - s
flowcontrol.v1.PriorityLevelConfigurationList k=flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfigurationList|apiVersion - s|items! - []flowcontrol.v1.PriorityLevelConfiguration|kind - s|metadata - meta.v1.ListMeta d={}
flowcontrol.v1.PriorityLevelConfigurationReference|name! - s d=""
flowcontrol.v1.PriorityLevelConfigurationSpec|exempt - flowcontrol.v1.ExemptPriorityLevelConfiguration|limited - flowcontrol.v1.LimitedPriorityLevelConfiguration|type! - s d=""
flowcontrol.v1.PriorityLevelConfigurationStatus|conditions - []flowcontrol.v1.PriorityLevelConfigurationCondition l=map(type) p=merge m=type
flowcontrol.v1.QueuingConfiguration|handSize - i32 d=0|queueLengthLimit - i32 d=0|queues - i32 d=0
flowcontrol.v1.ResourcePolicyRule|apiGroups! - []s l=set|clusterScope - b|namespaces - []s l=set|resources! - []s l=set|verbs! - []s l=set
flowcontrol.v1.ServiceAccountSubject|name! - s d=""|namespace! - s d=""
flowcontrol.v1.Subject|group - flowcontrol.v1.GroupSubject|kind! - s d=""|serviceAccount - flowcontrol.v1.ServiceAccountSubject|user - flowcontrol.v1.UserSubject
flowcontrol.v1.UserSubject|name! - s d=""
meta.v1.APIResource|categories - []s l=atomic|group - s|kind! - s d=""|name! - s d=""|namespaced! - b d=false|shortNames - []s l=atomic|singularName! - s d=""|storageVersionHash - s|verbs! - []s|version - s
meta.v1.APIResourceList k=/v1/APIResourceList|apiVersion - s|groupVersion! - s d=""|kind - s|resources! - []meta.v1.APIResource l=atomic
meta.v1.Condition|lastTransitionTime! - time|message! - s d=""|observedGeneration - i64|reason! - s d=""|status! - s d=""|type! - s d=""
meta.v1.DeleteOptions k=*|apiVersion - s|dryRun - []s l=atomic|gracePeriodSeconds - i64|ignoreStoreReadErrorWithClusterBreakingPotential - b|kind - s|orphanDependents - b|preconditions - meta.v1.Preconditions|propagationPolicy - s
meta.v1.FieldSelectorRequirement|key! - s d=""|operator! - s d=""|values - []s l=atomic
meta.v1.GroupResource|group! - s d=""|resource! - s d=""
meta.v1.LabelSelector atomic|matchExpressions - []meta.v1.LabelSelectorRequirement l=atomic|matchLabels - {}s
meta.v1.LabelSelectorRequirement|key! - s d=""|operator! - s d=""|values - []s l=atomic
meta.v1.ListMeta|continue - s|remainingItemCount - i64|resourceVersion - s|selfLink - s
meta.v1.ManagedFieldsEntry|apiVersion - s|fieldsType - s|fieldsV1 - fields|manager - s|operation - s|subresource - s|time - time
meta.v1.ObjectMeta|annotations - {}s|creationTimestamp - time|deletionGracePeriodSeconds - i64|deletionTimestamp - time|finalizers - []s l=set p=merge|generateName - s|generation - i64|labels - {}s|managedFields - []meta.v1.ManagedFieldsEntry l=atomic|name - s|namespace - s|ownerReferences - []meta.v1.OwnerReference l=map(uid) p=merge m=uid|resourceVersion - s|selfLink - s|uid - s
meta.v1.OwnerReference atomic|apiVersion! - s d=""|blockOwnerDeletion - b|controller - b|kind! - s d=""|name! - s d=""|uid! - s d=""
meta.v1.Preconditions|resourceVersion - s|uid - s
meta.v1.Status k=/v1/Status|apiVersion - s|code - i32|details - meta.v1.StatusDetails|kind - s|message - s|metadata - meta.v1.ListMeta d={}|reason - s|status - s
meta.v1.StatusCause|field - s|message - s|reason - s
meta.v1.StatusDetails|causes - []meta.v1.StatusCause l=atomic|group - s|kind - s|name - s|retryAfterSeconds - i32|uid - s
meta.v1.WatchEvent k=*|object! - raw|type! - s d=""
networking.v1.HTTPIngressPath|backend! - networking.v1.IngressBackend d={}|path - s|pathType! - s
networking.v1.HTTPIngressRuleValue|paths! - []networking.v1.HTTPIngressPath l=atomic
networking.v1.IPAddress k=networking.k8s.io/v1/IPAddress|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - networking.v1.IPAddressSpec d={}
networking.v1.IPAddressList k=networking.k8s.io/v1/IPAddressList|apiVersion - s|items! - []networking.v1.IPAddress|kind - s|metadata - meta.v1.ListMeta d={}
networking.v1.IPAddressSpec|parentRef! - networking.v1.ParentReference
networking.v1.IPBlock|cidr! - s d=""|except - []s l=atomic
networking.v1.Ingress k=networking.k8s.io/v1/Ingress|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - networking.v1.IngressSpec d={}|status - networking.v1.IngressStatus d={}
networking.v1.IngressBackend|resource - core.v1.TypedLocalObjectReference|service - networking.v1.IngressServiceBackend
networking.v1.IngressClass k=networking.k8s.io/v1/IngressClass|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - networking.v1.IngressClassSpec d={}
networking.v1.IngressClassList k=networking.k8s.io/v1/IngressClassList|apiVersion - s|items! - []networking.v1.IngressClass|kind - s|metadata - meta.v1.ListMeta d={}
networking.v1.IngressClassParametersReference|apiGroup - s|kind! - s d=""|name! - s d=""|namespace - s|scope - s
networking.v1.IngressClassSpec|controller - s|parameters - networking.v1.IngressClassParametersReference
networking.v1.IngressList k=networking.k8s.io/v1/IngressList|apiVersion - s|items! - []networking.v1.Ingress|kind - s|metadata - meta.v1.ListMeta d={}
networking.v1.IngressLoadBalancerIngress|hostname - s|ip - s|ports - []networking.v1.IngressPortStatus l=atomic
networking.v1.IngressLoadBalancerStatus|ingress - []networking.v1.IngressLoadBalancerIngress l=atomic
networking.v1.IngressPortStatus|error - s|port! - i32 d=0|protocol! - s d=""
networking.v1.IngressRule|host - s|http - networking.v1.HTTPIngressRuleValue
networking.v1.IngressServiceBackend|name! - s d=""|port - networking.v1.ServiceBackendPort d={}
networking.v1.IngressSpec|defaultBackend - networking.v1.IngressBackend|ingressClassName - s|rules - []networking.v1.IngressRule l=atomic|tls - []networking.v1.IngressTLS l=atomic
networking.v1.IngressStatus|loadBalancer - networking.v1.IngressLoadBalancerStatus d={}
networking.v1.IngressTLS|hosts - []s l=atomic|secretName - s
networking.v1.NetworkPolicy k=networking.k8s.io/v1/NetworkPolicy|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - networking.v1.NetworkPolicySpec d={}
networking.v1.NetworkPolicyEgressRule|ports - []networking.v1.NetworkPolicyPort l=atomic|to - []networking.v1.NetworkPolicyPeer l=atomic
networking.v1.NetworkPolicyIngressRule|from - []networking.v1.NetworkPolicyPeer l=atomic|ports - []networking.v1.NetworkPolicyPort l=atomic
networking.v1.NetworkPolicyList k=networking.k8s.io/v1/NetworkPolicyList|apiVersion - s|items! - []networking.v1.NetworkPolicy|kind - s|metadata - meta.v1.ListMeta d={}
networking.v1.NetworkPolicyPeer|ipBlock - networking.v1.IPBlock|namespaceSelector - meta.v1.LabelSelector|podSelector - meta.v1.LabelSelector
networking.v1.NetworkPolicyPort|endPort - i32|port - x|protocol - s
networking.v1.NetworkPolicySpec|egress - []networking.v1.NetworkPolicyEgressRule l=atomic|ingress - []networking.v1.NetworkPolicyIngressRule l=atomic|podSelector - meta.v1.LabelSelector d={}|policyTypes - []s l=atomic
networking.v1.ParentReference|group - s|name! - s|namespace - s|resource! - s
networking.v1.ServiceBackendPort atomic|name - s|number - i32
networking.v1.ServiceCIDR k=networking.k8s.io/v1/ServiceCIDR|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - networking.v1.ServiceCIDRSpec d={}|status - networking.v1.ServiceCIDRStatus d={}
networking.v1.ServiceCIDRList k=networking.k8s.io/v1/ServiceCIDRList|apiVersion - s|items! - []networking.v1.ServiceCIDR|kind - s|metadata - meta.v1.ListMeta d={}
networking.v1.ServiceCIDRSpec|cidrs - []s l=atomic
networking.v1.ServiceCIDRStatus|conditions - []meta.v1.Condition l=map(type) p=merge m=type
networking.v1beta1.IPAddress k=networking.k8s.io/v1beta1/IPAddress|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - networking.v1beta1.IPAddressSpec d={}
networking.v1beta1.IPAddressList k=networking.k8s.io/v1beta1/IPAddressList|apiVersion - s|items! - []networking.v1beta1.IPAddress|kind - s|metadata - meta.v1.ListMeta d={}
networking.v1beta1.IPAddressSpec|parentRef! - networking.v1beta1.ParentReference
networking.v1beta1.ParentReference|group - s|name! - s|namespace - s|resource! - s
networking.v1beta1.ServiceCIDR k=networking.k8s.io/v1beta1/ServiceCIDR|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - networking.v1beta1.ServiceCIDRSpec d={}|status - networking.v1beta1.ServiceCIDRStatus d={}
networking.v1beta1.ServiceCIDRList k=networking.k8s.io/v1beta1/ServiceCIDRList|apiVersion - s|items! - []networking.v1beta1.ServiceCIDR|kind - s|metadata - meta.v1.ListMeta d={}
networking.v1beta1.ServiceCIDRSpec|cidrs - []s l=atomic
networking.v1beta1.ServiceCIDRStatus|conditions - []meta.v1.Condition l=map(type) p=merge m=type
node.v1.Overhead|podFixed - {}q
node.v1.RuntimeClass k=node.k8s.io/v1/RuntimeClass|apiVersion - s|handler! - s d=""|kind - s|metadata - meta.v1.ObjectMeta d={}|overhead - node.v1.Overhead|scheduling - node.v1.Scheduling
node.v1.RuntimeClassList k=node.k8s.io/v1/RuntimeClassList|apiVersion - s|items! - []node.v1.RuntimeClass|kind - s|metadata - meta.v1.ListMeta d={}
node.v1.Scheduling|nodeSelector - {}s atomic|tolerations - []core.v1.Toleration l=atomic
policy.v1.Eviction k=policy/v1/Eviction|apiVersion - s|deleteOptions - meta.v1.DeleteOptions|kind - s|metadata - meta.v1.ObjectMeta d={}
policy.v1.PodDisruptionBudget k=policy/v1/PodDisruptionBudget|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - policy.v1.PodDisruptionBudgetSpec d={}|status - policy.v1.PodDisruptionBudgetStatus d={}
policy.v1.PodDisruptionBudgetList k=policy/v1/PodDisruptionBudgetList|apiVersion - s|items! - []policy.v1.PodDisruptionBudget|kind - s|metadata - meta.v1.ListMeta d={}
policy.v1.PodDisruptionBudgetSpec|maxUnavailable - x|minAvailable - x|selector - meta.v1.LabelSelector p=replace|unhealthyPodEvictionPolicy - s
policy.v1.PodDisruptionBudgetStatus|conditions - []meta.v1.Condition l=map(type) p=merge m=type|currentHealthy! - i32 d=0|desiredHealthy! - i32 d=0|disruptedPods - {}time|disruptionsAllowed! - i32 d=0|expectedPods! - i32 d=0|observedGeneration - i64
rbac.v1.AggregationRule|clusterRoleSelectors - []meta.v1.LabelSelector l=atomic
rbac.v1.ClusterRole k=rbac.authorization.k8s.io/v1/ClusterRole|aggregationRule - rbac.v1.AggregationRule|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|rules - []rbac.v1.PolicyRule l=atomic
rbac.v1.ClusterRoleBinding k=rbac.authorization.k8s.io/v1/ClusterRoleBinding|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|roleRef! - rbac.v1.RoleRef d={}|subjects - []rbac.v1.Subject l=atomic
rbac.v1.ClusterRoleBindingList k=rbac.authorization.k8s.io/v1/ClusterRoleBindingList|apiVersion - s|items! - []rbac.v1.ClusterRoleBinding|kind - s|metadata - meta.v1.ListMeta d={}
rbac.v1.ClusterRoleList k=rbac.authorization.k8s.io/v1/ClusterRoleList|apiVersion - s|items! - []rbac.v1.ClusterRole|kind - s|metadata - meta.v1.ListMeta d={}
rbac.v1.PolicyRule|apiGroups - []s l=atomic|nonResourceURLs - []s l=atomic|resourceNames - []s l=atomic|resources - []s l=atomic|verbs! - []s l=atomic
rbac.v1.Role k=rbac.authorization.k8s.io/v1/Role|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|rules - []rbac.v1.PolicyRule l=atomic
rbac.v1.RoleBinding k=rbac.authorization.k8s.io/v1/RoleBinding|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|roleRef! - rbac.v1.RoleRef d={}|subjects - []rbac.v1.Subject l=atomic
rbac.v1.RoleBindingList k=rbac.authorization.k8s.io/v1/RoleBindingList|apiVersion - s|items! - []rbac.v1.RoleBinding|kind - s|metadata - meta.v1.ListMeta d={}
rbac.v1.RoleList k=rbac.authorization.k8s.io/v1/RoleList|apiVersion - s|items! - []rbac.v1.Role|kind - s|metadata - meta.v1.ListMeta d={}
rbac.v1.RoleRef atomic|apiGroup! - s d=""|kind! - s d=""|name! - s d=""
rbac.v1.Subject atomic|apiGroup - s|kind! - s d=""|name! - s d=""|namespace - s
resource.v1.AllocatedDeviceStatus|conditions - []meta.v1.Condition l=map(type)|data - raw|device! - s d=""|driver! - s d=""|networkData - resource.v1.NetworkDeviceData|pool! - s d=""|shareID - s
resource.v1.AllocationResult|allocationTimestamp - time|devices - resource.v1.DeviceAllocationResult d={}|nodeSelector - core.v1.NodeSelector
resource.v1.CELDeviceSelector|expression! - s d=""
resource.v1.CapacityRequestPolicy|default - q|validRange - resource.v1.CapacityRequestPolicyRange|validValues - []q l=atomic
resource.v1.CapacityRequestPolicyRange|max - q|min! - q|step - q
resource.v1.CapacityRequirements|requests - {}q
resource.v1.Counter|value! - q
resource.v1.CounterSet|counters! - {}resource.v1.Counter|name! - s d=""
resource.v1.Device|allNodes - b|allowMultipleAllocations - b|attributes - {}resource.v1.DeviceAttribute|bindingConditions - []s l=atomic|bindingFailureConditions - []s l=atomic|bindsToNode - b|capacity - {}resource.v1.DeviceCapacity|consumesCounters - []resource.v1.DeviceCounterConsumption l=atomic|name! - s d=""|nodeName - s|nodeSelector - core.v1.NodeSelector|taints - []resource.v1.DeviceTaint l=atomic
resource.v1.DeviceAllocationConfiguration|opaque - resource.v1.OpaqueDeviceConfiguration|requests - []s l=atomic|source! - s d=""
resource.v1.DeviceAllocationResult|config - []resource.v1.DeviceAllocationConfiguration l=atomic|results - []resource.v1.DeviceRequestAllocationResult l=atomic
resource.v1.DeviceAttribute|bool - b|int - i64|string - s|version - s
resource.v1.DeviceCapacity|requestPolicy - resource.v1.CapacityRequestPolicy|value! - q
resource.v1.DeviceClaim|config - []resource.v1.DeviceClaimConfiguration l=atomic|constraints - []resource.v1.DeviceConstraint l=atomic|requests - []resource.v1.DeviceRequest l=atomic
resource.v1.DeviceClaimConfiguration|opaque - resource.v1.OpaqueDeviceConfiguration|requests - []s l=atomic
resource.v1.DeviceClass k=resource.k8s.io/v1/DeviceClass|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1.DeviceClassSpec d={}
resource.v1.DeviceClassConfiguration|opaque - resource.v1.OpaqueDeviceConfiguration
resource.v1.DeviceClassList k=resource.k8s.io/v1/DeviceClassList|apiVersion - s|items! - []resource.v1.DeviceClass|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1.DeviceClassSpec|config - []resource.v1.DeviceClassConfiguration l=atomic|extendedResourceName - s|selectors - []resource.v1.DeviceSelector l=atomic
resource.v1.DeviceConstraint|distinctAttribute - s|matchAttribute - s|requests - []s l=atomic
resource.v1.DeviceCounterConsumption|counterSet! - s d=""|counters! - {}resource.v1.Counter
resource.v1.DeviceRequest|exactly - resource.v1.ExactDeviceRequest|firstAvailable - []resource.v1.DeviceSubRequest l=atomic|name! - s d=""
resource.v1.DeviceRequestAllocationResult|adminAccess - b|bindingConditions - []s l=atomic|bindingFailureConditions - []s l=atomic|consumedCapacity - {}q|device! - s d=""|driver! - s d=""|pool! - s d=""|request! - s d=""|shareID - s|tolerations - []resource.v1.DeviceToleration l=atomic
resource.v1.DeviceSelector|cel - resource.v1.CELDeviceSelector
resource.v1.DeviceSubRequest|allocationMode - s|capacity - resource.v1.CapacityRequirements|count - i64|deviceClassName! - s d=""|name! - s d=""|selectors - []resource.v1.DeviceSelector l=atomic|tolerations - []resource.v1.DeviceToleration l=atomic
resource.v1.DeviceTaint|effect! - s d=""|key! - s d=""|timeAdded - time|value - s
resource.v1.DeviceToleration|effect - s|key - s|operator - s d="Equal"|tolerationSeconds - i64|value - s
resource.v1.ExactDeviceRequest|adminAccess - b|allocationMode - s|capacity - resource.v1.CapacityRequirements|count - i64|deviceClassName! - s d=""|selectors - []resource.v1.DeviceSelector l=atomic|tolerations - []resource.v1.DeviceToleration l=atomic
resource.v1.NetworkDeviceData|hardwareAddress - s|interfaceName - s|ips - []s l=atomic
resource.v1.OpaqueDeviceConfiguration|driver! - s d=""|parameters! - raw
resource.v1.ResourceClaim k=resource.k8s.io/v1/ResourceClaim|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1.ResourceClaimSpec d={}|status - resource.v1.ResourceClaimStatus d={}
resource.v1.ResourceClaimConsumerReference|apiGroup - s|name! - s d=""|resource! - s d=""|uid! - s d=""
resource.v1.ResourceClaimList k=resource.k8s.io/v1/ResourceClaimList|apiVersion - s|items! - []resource.v1.ResourceClaim|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1.ResourceClaimSpec|devices - resource.v1.DeviceClaim d={}
resource.v1.ResourceClaimStatus|allocation - resource.v1.AllocationResult|devices - []resource.v1.AllocatedDeviceStatus l=map(driver,device,pool,shareID)|reservedFor - []resource.v1.ResourceClaimConsumerReference l=map(uid) p=merge m=uid
resource.v1.ResourceClaimTemplate k=resource.k8s.io/v1/ResourceClaimTemplate|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1.ResourceClaimTemplateSpec d={}
resource.v1.ResourceClaimTemplateList k=resource.k8s.io/v1/ResourceClaimTemplateList|apiVersion - s|items! - []resource.v1.ResourceClaimTemplate|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1.ResourceClaimTemplateSpec|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1.ResourceClaimSpec d={}
resource.v1.ResourcePool|generation! - i64 d=0|name! - s d=""|resourceSliceCount! - i64 d=0
resource.v1.ResourceSlice k=resource.k8s.io/v1/ResourceSlice|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1.ResourceSliceSpec d={}
resource.v1.ResourceSliceList k=resource.k8s.io/v1/ResourceSliceList|apiVersion - s|items! - []resource.v1.ResourceSlice|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1.ResourceSliceSpec|allNodes - b|devices - []resource.v1.Device l=atomic|driver! - s d=""|nodeName - s|nodeSelector - core.v1.NodeSelector|perDeviceNodeSelection - b|pool! - resource.v1.ResourcePool d={}|sharedCounters - []resource.v1.CounterSet l=atomic
resource.v1alpha3.DeviceTaint|effect! - s d=""|key! - s d=""|timeAdded - time|value - s
resource.v1alpha3.DeviceTaintRule k=resource.k8s.io/v1alpha3/DeviceTaintRule|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1alpha3.DeviceTaintRuleSpec d={}|status - resource.v1alpha3.DeviceTaintRuleStatus d={}
resource.v1alpha3.DeviceTaintRuleList k=resource.k8s.io/v1alpha3/DeviceTaintRuleList|apiVersion - s|items! - []resource.v1alpha3.DeviceTaintRule|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1alpha3.DeviceTaintRuleSpec|deviceSelector - resource.v1alpha3.DeviceTaintSelector|taint! - resource.v1alpha3.DeviceTaint d={}
resource.v1alpha3.DeviceTaintRuleStatus|conditions - []meta.v1.Condition l=map(type) p=merge m=type
resource.v1alpha3.DeviceTaintSelector|device - s|driver - s|pool - s
resource.v1beta1.AllocatedDeviceStatus|conditions - []meta.v1.Condition l=map(type)|data - raw|device! - s d=""|driver! - s d=""|networkData - resource.v1beta1.NetworkDeviceData|pool! - s d=""|shareID - s
resource.v1beta1.AllocationResult|allocationTimestamp - time|devices - resource.v1beta1.DeviceAllocationResult d={}|nodeSelector - core.v1.NodeSelector
resource.v1beta1.BasicDevice|allNodes - b|allowMultipleAllocations - b|attributes - {}resource.v1beta1.DeviceAttribute|bindingConditions - []s l=atomic|bindingFailureConditions - []s l=atomic|bindsToNode - b|capacity - {}resource.v1beta1.DeviceCapacity|consumesCounters - []resource.v1beta1.DeviceCounterConsumption l=atomic|nodeName - s|nodeSelector - core.v1.NodeSelector|taints - []resource.v1beta1.DeviceTaint l=atomic
resource.v1beta1.CELDeviceSelector|expression! - s d=""
resource.v1beta1.CapacityRequestPolicy|default - q|validRange - resource.v1beta1.CapacityRequestPolicyRange|validValues - []q l=atomic
resource.v1beta1.CapacityRequestPolicyRange|max - q|min! - q|step - q
resource.v1beta1.CapacityRequirements|requests - {}q
resource.v1beta1.Counter|value! - q
resource.v1beta1.CounterSet|counters! - {}resource.v1beta1.Counter|name! - s d=""
resource.v1beta1.Device|basic - resource.v1beta1.BasicDevice|name! - s d=""
resource.v1beta1.DeviceAllocationConfiguration|opaque - resource.v1beta1.OpaqueDeviceConfiguration|requests - []s l=atomic|source! - s d=""
resource.v1beta1.DeviceAllocationResult|config - []resource.v1beta1.DeviceAllocationConfiguration l=atomic|results - []resource.v1beta1.DeviceRequestAllocationResult l=atomic
resource.v1beta1.DeviceAttribute|bool - b|int - i64|string - s|version - s
resource.v1beta1.DeviceCapacity|requestPolicy - resource.v1beta1.CapacityRequestPolicy|value! - q
resource.v1beta1.DeviceClaim|config - []resource.v1beta1.DeviceClaimConfiguration l=atomic|constraints - []resource.v1beta1.DeviceConstraint l=atomic|requests - []resource.v1beta1.DeviceRequest l=atomic
resource.v1beta1.DeviceClaimConfiguration|opaque - resource.v1beta1.OpaqueDeviceConfiguration|requests - []s l=atomic
resource.v1beta1.DeviceClass k=resource.k8s.io/v1beta1/DeviceClass|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1beta1.DeviceClassSpec d={}
resource.v1beta1.DeviceClassConfiguration|opaque - resource.v1beta1.OpaqueDeviceConfiguration
resource.v1beta1.DeviceClassList k=resource.k8s.io/v1beta1/DeviceClassList|apiVersion - s|items! - []resource.v1beta1.DeviceClass|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1beta1.DeviceClassSpec|config - []resource.v1beta1.DeviceClassConfiguration l=atomic|extendedResourceName - s|selectors - []resource.v1beta1.DeviceSelector l=atomic
resource.v1beta1.DeviceConstraint|distinctAttribute - s|matchAttribute - s|requests - []s l=atomic
resource.v1beta1.DeviceCounterConsumption|counterSet! - s d=""|counters! - {}resource.v1beta1.Counter
resource.v1beta1.DeviceRequest|adminAccess - b|allocationMode - s|capacity - resource.v1beta1.CapacityRequirements|count - i64|deviceClassName - s d=""|firstAvailable - []resource.v1beta1.DeviceSubRequest l=atomic|name! - s d=""|selectors - []resource.v1beta1.DeviceSelector l=atomic|tolerations - []resource.v1beta1.DeviceToleration l=atomic
resource.v1beta1.DeviceRequestAllocationResult|adminAccess - b|bindingConditions - []s l=atomic|bindingFailureConditions - []s l=atomic|consumedCapacity - {}q|device! - s d=""|driver! - s d=""|pool! - s d=""|request! - s d=""|shareID - s|tolerations - []resource.v1beta1.DeviceToleration l=atomic
resource.v1beta1.DeviceSelector|cel - resource.v1beta1.CELDeviceSelector
resource.v1beta1.DeviceSubRequest|allocationMode - s|capacity - resource.v1beta1.CapacityRequirements|count - i64|deviceClassName! - s d=""|name! - s d=""|selectors - []resource.v1beta1.DeviceSelector l=atomic|tolerations - []resource.v1beta1.DeviceToleration l=atomic
resource.v1beta1.DeviceTaint|effect! - s d=""|key! - s d=""|timeAdded - time|value - s
resource.v1beta1.DeviceToleration|effect - s|key - s|operator - s d="Equal"|tolerationSeconds - i64|value - s
resource.v1beta1.NetworkDeviceData|hardwareAddress - s|interfaceName - s|ips - []s l=atomic
resource.v1beta1.OpaqueDeviceConfiguration|driver! - s d=""|parameters! - raw
resource.v1beta1.ResourceClaim k=resource.k8s.io/v1beta1/ResourceClaim|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1beta1.ResourceClaimSpec d={}|status - resource.v1beta1.ResourceClaimStatus d={}
resource.v1beta1.ResourceClaimConsumerReference|apiGroup - s|name! - s d=""|resource! - s d=""|uid! - s d=""
resource.v1beta1.ResourceClaimList k=resource.k8s.io/v1beta1/ResourceClaimList|apiVersion - s|items! - []resource.v1beta1.ResourceClaim|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1beta1.ResourceClaimSpec|devices - resource.v1beta1.DeviceClaim d={}
resource.v1beta1.ResourceClaimStatus|allocation - resource.v1beta1.AllocationResult|devices - []resource.v1beta1.AllocatedDeviceStatus l=map(driver,device,pool,shareID)|reservedFor - []resource.v1beta1.ResourceClaimConsumerReference l=map(uid) p=merge m=uid
resource.v1beta1.ResourceClaimTemplate k=resource.k8s.io/v1beta1/ResourceClaimTemplate|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1beta1.ResourceClaimTemplateSpec d={}
resource.v1beta1.ResourceClaimTemplateList k=resource.k8s.io/v1beta1/ResourceClaimTemplateList|apiVersion - s|items! - []resource.v1beta1.ResourceClaimTemplate|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1beta1.ResourceClaimTemplateSpec|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1beta1.ResourceClaimSpec d={}
resource.v1beta1.ResourcePool|generation! - i64 d=0|name! - s d=""|resourceSliceCount! - i64 d=0
resource.v1beta1.ResourceSlice k=resource.k8s.io/v1beta1/ResourceSlice|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1beta1.ResourceSliceSpec d={}
resource.v1beta1.ResourceSliceList k=resource.k8s.io/v1beta1/ResourceSliceList|apiVersion - s|items! - []resource.v1beta1.ResourceSlice|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1beta1.ResourceSliceSpec|allNodes - b|devices - []resource.v1beta1.Device l=atomic|driver! - s d=""|nodeName - s|nodeSelector - core.v1.NodeSelector|perDeviceNodeSelection - b|pool! - resource.v1beta1.ResourcePool d={}|sharedCounters - []resource.v1beta1.CounterSet l=atomic
resource.v1beta2.AllocatedDeviceStatus|conditions - []meta.v1.Condition l=map(type)|data - raw|device! - s d=""|driver! - s d=""|networkData - resource.v1beta2.NetworkDeviceData|pool! - s d=""|shareID - s
resource.v1beta2.AllocationResult|allocationTimestamp - time|devices - resource.v1beta2.DeviceAllocationResult d={}|nodeSelector - core.v1.NodeSelector
resource.v1beta2.CELDeviceSelector|expression! - s d=""
resource.v1beta2.CapacityRequestPolicy|default - q|validRange - resource.v1beta2.CapacityRequestPolicyRange|validValues - []q l=atomic
resource.v1beta2.CapacityRequestPolicyRange|max - q|min! - q|step - q
resource.v1beta2.CapacityRequirements|requests - {}q
resource.v1beta2.Counter|value! - q
resource.v1beta2.CounterSet|counters! - {}resource.v1beta2.Counter|name! - s d=""
resource.v1beta2.Device|allNodes - b|allowMultipleAllocations - b|attributes - {}resource.v1beta2.DeviceAttribute|bindingConditions - []s l=atomic|bindingFailureConditions - []s l=atomic|bindsToNode - b|capacity - {}resource.v1beta2.DeviceCapacity|consumesCounters - []resource.v1beta2.DeviceCounterConsumption l=atomic|name! - s d=""|nodeName - s|nodeSelector - core.v1.NodeSelector|taints - []resource.v1beta2.DeviceTaint l=atomic
resource.v1beta2.DeviceAllocationConfiguration|opaque - resource.v1beta2.OpaqueDeviceConfiguration|requests - []s l=atomic|source! - s d=""
resource.v1beta2.DeviceAllocationResult|config - []resource.v1beta2.DeviceAllocationConfiguration l=atomic|results - []resource.v1beta2.DeviceRequestAllocationResult l=atomic
resource.v1beta2.DeviceAttribute|bool - b|int - i64|string - s|version - s
resource.v1beta2.DeviceCapacity|requestPolicy - resource.v1beta2.CapacityRequestPolicy|value! - q
resource.v1beta2.DeviceClaim|config - []resource.v1beta2.DeviceClaimConfiguration l=atomic|constraints - []resource.v1beta2.DeviceConstraint l=atomic|requests - []resource.v1beta2.DeviceRequest l=atomic
resource.v1beta2.DeviceClaimConfiguration|opaque - resource.v1beta2.OpaqueDeviceConfiguration|requests - []s l=atomic
resource.v1beta2.DeviceClass k=resource.k8s.io/v1beta2/DeviceClass|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1beta2.DeviceClassSpec d={}
resource.v1beta2.DeviceClassConfiguration|opaque - resource.v1beta2.OpaqueDeviceConfiguration
resource.v1beta2.DeviceClassList k=resource.k8s.io/v1beta2/DeviceClassList|apiVersion - s|items! - []resource.v1beta2.DeviceClass|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1beta2.DeviceClassSpec|config - []resource.v1beta2.DeviceClassConfiguration l=atomic|extendedResourceName - s|selectors - []resource.v1beta2.DeviceSelector l=atomic
resource.v1beta2.DeviceConstraint|distinctAttribute - s|matchAttribute - s|requests - []s l=atomic
resource.v1beta2.DeviceCounterConsumption|counterSet! - s d=""|counters! - {}resource.v1beta2.Counter
resource.v1beta2.DeviceRequest|exactly - resource.v1beta2.ExactDeviceRequest|firstAvailable - []resource.v1beta2.DeviceSubRequest l=atomic|name! - s d=""
resource.v1beta2.DeviceRequestAllocationResult|adminAccess - b|bindingConditions - []s l=atomic|bindingFailureConditions - []s l=atomic|consumedCapacity - {}q|device! - s d=""|driver! - s d=""|pool! - s d=""|request! - s d=""|shareID - s|tolerations - []resource.v1beta2.DeviceToleration l=atomic
resource.v1beta2.DeviceSelector|cel - resource.v1beta2.CELDeviceSelector
resource.v1beta2.DeviceSubRequest|allocationMode - s|capacity - resource.v1beta2.CapacityRequirements|count - i64|deviceClassName! - s d=""|name! - s d=""|selectors - []resource.v1beta2.DeviceSelector l=atomic|tolerations - []resource.v1beta2.DeviceToleration l=atomic
resource.v1beta2.DeviceTaint|effect! - s d=""|key! - s d=""|timeAdded - time|value - s
resource.v1beta2.DeviceToleration|effect - s|key - s|operator - s d="Equal"|tolerationSeconds - i64|value - s
resource.v1beta2.ExactDeviceRequest|adminAccess - b|allocationMode - s|capacity - resource.v1beta2.CapacityRequirements|count - i64|deviceClassName! - s d=""|selectors - []resource.v1beta2.DeviceSelector l=atomic|tolerations - []resource.v1beta2.DeviceToleration l=atomic
resource.v1beta2.NetworkDeviceData|hardwareAddress - s|interfaceName - s|ips - []s l=atomic
resource.v1beta2.OpaqueDeviceConfiguration|driver! - s d=""|parameters! - raw
resource.v1beta2.ResourceClaim k=resource.k8s.io/v1beta2/ResourceClaim|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1beta2.ResourceClaimSpec d={}|status - resource.v1beta2.ResourceClaimStatus d={}
resource.v1beta2.ResourceClaimConsumerReference|apiGroup - s|name! - s d=""|resource! - s d=""|uid! - s d=""
resource.v1beta2.ResourceClaimList k=resource.k8s.io/v1beta2/ResourceClaimList|apiVersion - s|items! - []resource.v1beta2.ResourceClaim|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1beta2.ResourceClaimSpec|devices - resource.v1beta2.DeviceClaim d={}
resource.v1beta2.ResourceClaimStatus|allocation - resource.v1beta2.AllocationResult|devices - []resource.v1beta2.AllocatedDeviceStatus l=map(driver,device,pool,shareID)|reservedFor - []resource.v1beta2.ResourceClaimConsumerReference l=map(uid) p=merge m=uid
resource.v1beta2.ResourceClaimTemplate k=resource.k8s.io/v1beta2/ResourceClaimTemplate|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1beta2.ResourceClaimTemplateSpec d={}
resource.v1beta2.ResourceClaimTemplateList k=resource.k8s.io/v1beta2/ResourceClaimTemplateList|apiVersion - s|items! - []resource.v1beta2.ResourceClaimTemplate|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1beta2.ResourceClaimTemplateSpec|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1beta2.ResourceClaimSpec d={}
resource.v1beta2.ResourcePool|generation! - i64 d=0|name! - s d=""|resourceSliceCount! - i64 d=0
resource.v1beta2.ResourceSlice k=resource.k8s.io/v1beta2/ResourceSlice|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - resource.v1beta2.ResourceSliceSpec d={}
resource.v1beta2.ResourceSliceList k=resource.k8s.io/v1beta2/ResourceSliceList|apiVersion - s|items! - []resource.v1beta2.ResourceSlice|kind - s|metadata - meta.v1.ListMeta d={}
resource.v1beta2.ResourceSliceSpec|allNodes - b|devices - []resource.v1beta2.Device l=atomic|driver! - s d=""|nodeName - s|nodeSelector - core.v1.NodeSelector|perDeviceNodeSelection - b|pool! - resource.v1beta2.ResourcePool d={}|sharedCounters - []resource.v1beta2.CounterSet l=atomic
scheduling.v1.PriorityClass k=scheduling.k8s.io/v1/PriorityClass|apiVersion - s|description - s|globalDefault - b|kind - s|metadata - meta.v1.ObjectMeta d={}|preemptionPolicy - s|value! - i32 d=0
scheduling.v1.PriorityClassList k=scheduling.k8s.io/v1/PriorityClassList|apiVersion - s|items! - []scheduling.v1.PriorityClass|kind - s|metadata - meta.v1.ListMeta d={}
scheduling.v1alpha1.BasicSchedulingPolicy
scheduling.v1alpha1.GangSchedulingPolicy|minCount! - i32 d=0
scheduling.v1alpha1.PodGroup|name! - s d=""|policy! - scheduling.v1alpha1.PodGroupPolicy d={}
scheduling.v1alpha1.PodGroupPolicy|basic - scheduling.v1alpha1.BasicSchedulingPolicy|gang - scheduling.v1alpha1.GangSchedulingPolicy
scheduling.v1alpha1.TypedLocalObjectReference|apiGroup - s|kind! - s d=""|name! - s d=""
scheduling.v1alpha1.Workload k=scheduling.k8s.io/v1alpha1/Workload|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - scheduling.v1alpha1.WorkloadSpec d={}
scheduling.v1alpha1.WorkloadList k=scheduling.k8s.io/v1alpha1/WorkloadList|apiVersion - s|items! - []scheduling.v1alpha1.Workload|kind - s|metadata - meta.v1.ListMeta d={}
scheduling.v1alpha1.WorkloadSpec|controllerRef - scheduling.v1alpha1.TypedLocalObjectReference|podGroups! - []scheduling.v1alpha1.PodGroup l=map(name)
storage.v1.CSIDriver k=storage.k8s.io/v1/CSIDriver|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - storage.v1.CSIDriverSpec d={}
storage.v1.CSIDriverList k=storage.k8s.io/v1/CSIDriverList|apiVersion - s|items! - []storage.v1.CSIDriver|kind - s|metadata - meta.v1.ListMeta d={}
storage.v1.CSIDriverSpec|attachRequired - b|fsGroupPolicy - s|nodeAllocatableUpdatePeriodSeconds - i64|podInfoOnMount - b|requiresRepublish - b|seLinuxMount - b|serviceAccountTokenInSecrets - b|storageCapacity - b|tokenRequests - []storage.v1.TokenRequest l=atomic|volumeLifecycleModes - []s l=set
storage.v1.CSINode k=storage.k8s.io/v1/CSINode|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - storage.v1.CSINodeSpec d={}
storage.v1.CSINodeDriver|allocatable - storage.v1.VolumeNodeResources|name! - s d=""|nodeID! - s d=""|topologyKeys - []s l=atomic
storage.v1.CSINodeList k=storage.k8s.io/v1/CSINodeList|apiVersion - s|items! - []storage.v1.CSINode|kind - s|metadata - meta.v1.ListMeta d={}
storage.v1.CSINodeSpec|drivers! - []storage.v1.CSINodeDriver l=map(name) p=merge m=name
storage.v1.CSIStorageCapacity k=storage.k8s.io/v1/CSIStorageCapacity|apiVersion - s|capacity - q|kind - s|maximumVolumeSize - q|metadata - meta.v1.ObjectMeta d={}|nodeTopology - meta.v1.LabelSelector|storageClassName! - s d=""
storage.v1.CSIStorageCapacityList k=storage.k8s.io/v1/CSIStorageCapacityList|apiVersion - s|items! - []storage.v1.CSIStorageCapacity|kind - s|metadata - meta.v1.ListMeta d={}
storage.v1.StorageClass k=storage.k8s.io/v1/StorageClass|allowVolumeExpansion - b|allowedTopologies - []core.v1.TopologySelectorTerm l=atomic|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|mountOptions - []s l=atomic|parameters - {}s|provisioner! - s d=""|reclaimPolicy - s|volumeBindingMode - s
storage.v1.StorageClassList k=storage.k8s.io/v1/StorageClassList|apiVersion - s|items! - []storage.v1.StorageClass|kind - s|metadata - meta.v1.ListMeta d={}
storage.v1.TokenRequest|audience! - s d=""|expirationSeconds - i64
storage.v1.VolumeAttachment k=storage.k8s.io/v1/VolumeAttachment|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec! - storage.v1.VolumeAttachmentSpec d={}|status - storage.v1.VolumeAttachmentStatus d={}
storage.v1.VolumeAttachmentList k=storage.k8s.io/v1/VolumeAttachmentList|apiVersion - s|items! - []storage.v1.VolumeAttachment|kind - s|metadata - meta.v1.ListMeta d={}
storage.v1.VolumeAttachmentSource|inlineVolumeSpec - core.v1.PersistentVolumeSpec|persistentVolumeName - s
storage.v1.VolumeAttachmentSpec|attacher! - s d=""|nodeName! - s d=""|source! - storage.v1.VolumeAttachmentSource d={}
storage.v1.VolumeAttachmentStatus|attachError - storage.v1.VolumeError|attached! - b d=false|attachmentMetadata - {}s|detachError - storage.v1.VolumeError
storage.v1.VolumeAttributesClass k=storage.k8s.io/v1/VolumeAttributesClass|apiVersion - s|driverName! - s d=""|kind - s|metadata - meta.v1.ObjectMeta d={}|parameters - {}s
storage.v1.VolumeAttributesClassList k=storage.k8s.io/v1/VolumeAttributesClassList|apiVersion - s|items! - []storage.v1.VolumeAttributesClass|kind - s|metadata - meta.v1.ListMeta d={}
storage.v1.VolumeError|errorCode - i32|message - s|time - time
storage.v1.VolumeNodeResources|count - i32
storage.v1beta1.VolumeAttributesClass k=storage.k8s.io/v1beta1/VolumeAttributesClass|apiVersion - s|driverName! - s d=""|kind - s|metadata - meta.v1.ObjectMeta d={}|parameters - {}s
storage.v1beta1.VolumeAttributesClassList k=storage.k8s.io/v1beta1/VolumeAttributesClassList|apiVersion - s|items! - []storage.v1beta1.VolumeAttributesClass|kind - s|metadata - meta.v1.ListMeta d={}
storagemigration.v1beta1.StorageVersionMigration k=storagemigration.k8s.io/v1beta1/StorageVersionMigration|apiVersion - s|kind - s|metadata - meta.v1.ObjectMeta d={}|spec - storagemigration.v1beta1.StorageVersionMigrationSpec d={}|status - storagemigration.v1beta1.StorageVersionMigrationStatus d={}
storagemigration.v1beta1.StorageVersionMigrationList k=storagemigration.k8s.io/v1beta1/StorageVersionMigrationList|apiVersion - s|items! - []storagemigration.v1beta1.StorageVersionMigration|kind - s|metadata - meta.v1.ListMeta d={}
storagemigration.v1beta1.StorageVersionMigrationSpec|resource! - meta.v1.GroupResource d={}
storagemigration.v1beta1.StorageVersionMigrationStatus|conditions - []meta.v1.Condition l=map(type) p=merge m=type|resourceVersion - s
`;

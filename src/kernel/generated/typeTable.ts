// Written by tools/generate-kernel; do not edit.
/** One type a line; the language is described in src/kernel/schema/table.ts. */
export const TYPE_TABLE = `
admission.v1.AdmissionReview k=admission.k8s.io/v1/AdmissionReview preview|request 1 admission.v1.AdmissionReviewRequest|response 2 admission.v1.AdmissionReviewResponse
admission.v1.AdmissionReviewRequest preview|uid 1 s|kind 2 admission.v1.AdmissionReviewRequestKind|resource 3 admission.v1.AdmissionReviewRequestResource|subResource 4 s|requestKind 13 admission.v1.AdmissionReviewRequestRequestKind|requestResource 14 admission.v1.AdmissionReviewRequestRequestResource|requestSubResource 15 s|name 5 s|namespace 6 s|operation 7 s|userInfo 8 authentication.v1.UserInfo|object 9 raw|oldObject 10 raw|dryRun 11 b|options 12 raw
admission.v1.AdmissionReviewRequestKind preview|group 1 s|version 2 s|kind 3 s
admission.v1.AdmissionReviewRequestRequestKind preview|group 1 s|version 2 s|kind 3 s
admission.v1.AdmissionReviewRequestRequestResource preview|group 1 s|version 2 s|resource 3 s
admission.v1.AdmissionReviewRequestResource preview|group 1 s|version 2 s|resource 3 s
admission.v1.AdmissionReviewResponse preview|uid 1 s|allowed 2 b|status 3 admission.v1.AdmissionReviewResponseStatus|patch 4 bytes|patchType 5 s|auditAnnotations 6 {}s|warnings 7 []s
admission.v1.AdmissionReviewResponseStatus preview|metadata 1 meta.v1.ListMeta|status 2 s|message 3 s|reason 4 s|details 5 meta.v1.StatusDetails|code 6 i64
admission.v1beta1.AdmissionReview k=admission.k8s.io/v1beta1/AdmissionReview preview|request 1 admission.v1.AdmissionReviewRequest|response 2 admission.v1.AdmissionReviewResponse
admissionregistration.v1.ApplyConfiguration|expression 1 s z
admissionregistration.v1.AuditAnnotation|key! 1 s d=""|valueExpression! 2 s d=""
admissionregistration.v1.ExpressionWarning|fieldRef! 2 s d=""|warning! 3 s d=""
admissionregistration.v1.JSONPatch|expression 1 s z
admissionregistration.v1.MatchCondition|expression! 2 s d=""|name! 1 s d=""
admissionregistration.v1.MatchResources atomic|excludeResourceRules 4 []admissionregistration.v1.NamedRuleWithOperations l=atomic|matchPolicy 7 s g=v1.MatchPolicyType|namespaceSelector 1 meta.v1.LabelSelector|objectSelector 2 meta.v1.LabelSelector|resourceRules 3 []admissionregistration.v1.NamedRuleWithOperations l=atomic
admissionregistration.v1.MutatingAdmissionPolicy k=admissionregistration.k8s.io/v1/MutatingAdmissionPolicy|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 admissionregistration.v1.MutatingAdmissionPolicySpec d={}
admissionregistration.v1.MutatingAdmissionPolicyBinding k=admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBinding|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 admissionregistration.v1.MutatingAdmissionPolicyBindingSpec d={}
admissionregistration.v1.MutatingAdmissionPolicyBindingList k=admissionregistration.k8s.io/v1/MutatingAdmissionPolicyBindingList|apiVersion - s z|items! 2 []admissionregistration.v1.MutatingAdmissionPolicyBinding|kind - s z|metadata 1 meta.v1.ListMeta d={}
admissionregistration.v1.MutatingAdmissionPolicyBindingSpec|matchResources 3 admissionregistration.v1.MatchResources|paramRef 2 admissionregistration.v1.ParamRef|policyName 1 s z
admissionregistration.v1.MutatingAdmissionPolicyList k=admissionregistration.k8s.io/v1/MutatingAdmissionPolicyList|apiVersion - s z|items! 2 []admissionregistration.v1.MutatingAdmissionPolicy|kind - s z|metadata 1 meta.v1.ListMeta d={}
admissionregistration.v1.MutatingAdmissionPolicySpec|failurePolicy 5 s g=v1.FailurePolicyType|matchConditions 6 []admissionregistration.v1.MatchCondition l=map(name) p=merge m=name|matchConstraints 2 admissionregistration.v1.MatchResources|mutations 4 []admissionregistration.v1.Mutation l=atomic|paramKind 1 admissionregistration.v1.ParamKind|reinvocationPolicy 7 s z g=v1.ReinvocationPolicyType|variables 3 []admissionregistration.v1.Variable l=atomic
admissionregistration.v1.MutatingWebhook|admissionReviewVersions! 8 []s l=atomic|clientConfig! 2 admissionregistration.v1.WebhookClientConfig d={}|failurePolicy 4 s g=v1.FailurePolicyType|matchConditions 12 []admissionregistration.v1.MatchCondition l=map(name) p=merge m=name|matchPolicy 9 s g=v1.MatchPolicyType|name! 1 s d=""|namespaceSelector 5 meta.v1.LabelSelector|objectSelector 11 meta.v1.LabelSelector|reinvocationPolicy 10 s g=v1.ReinvocationPolicyType|rules 3 []admissionregistration.v1.RuleWithOperations l=atomic|sideEffects! 6 s g=v1.SideEffectClass|timeoutSeconds 7 i32
admissionregistration.v1.MutatingWebhookConfiguration k=admissionregistration.k8s.io/v1/MutatingWebhookConfiguration|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|webhooks 2 []admissionregistration.v1.MutatingWebhook l=map(name) p=merge m=name
admissionregistration.v1.MutatingWebhookConfigurationList k=admissionregistration.k8s.io/v1/MutatingWebhookConfigurationList|apiVersion - s z|items! 2 []admissionregistration.v1.MutatingWebhookConfiguration|kind - s z|metadata 1 meta.v1.ListMeta d={}
admissionregistration.v1.Mutation|applyConfiguration 3 admissionregistration.v1.ApplyConfiguration|jsonPatch 4 admissionregistration.v1.JSONPatch|patchType! 2 s g=v1.PatchType d=""
admissionregistration.v1.NamedRuleWithOperations atomic|apiGroups 2.2.1 []s l=atomic|apiVersions 2.2.2 []s l=atomic|operations 2.1 []s l=atomic g=[]v1.OperationType|resourceNames 1 []s l=atomic|resources 2.2.3 []s l=atomic|scope 2.2.4 s g=v1.ScopeType
admissionregistration.v1.ParamKind atomic|apiVersion 1 s z|kind 2 s z
admissionregistration.v1.ParamRef atomic|name 1 s z|namespace 2 s z|parameterNotFoundAction 4 s g=v1.ParameterNotFoundActionType|selector 3 meta.v1.LabelSelector
admissionregistration.v1.RuleWithOperations|apiGroups 2.1 []s l=atomic|apiVersions 2.2 []s l=atomic|operations 1 []s l=atomic g=[]v1.OperationType|resources 2.3 []s l=atomic|scope 2.4 s g=v1.ScopeType
admissionregistration.v1.ServiceReference|name! 2 s d=""|namespace! 1 s d=""|path 3 s|port 4 i32
admissionregistration.v1.TypeChecking|expressionWarnings 1 []admissionregistration.v1.ExpressionWarning l=atomic
admissionregistration.v1.ValidatingAdmissionPolicy k=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicy|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 admissionregistration.v1.ValidatingAdmissionPolicySpec d={}|status 3 admissionregistration.v1.ValidatingAdmissionPolicyStatus d={}
admissionregistration.v1.ValidatingAdmissionPolicyBinding k=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBinding|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec d={}
admissionregistration.v1.ValidatingAdmissionPolicyBindingList k=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyBindingList|apiVersion - s z|items! 2 []admissionregistration.v1.ValidatingAdmissionPolicyBinding|kind - s z|metadata 1 meta.v1.ListMeta d={}
admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec|matchResources 3 admissionregistration.v1.MatchResources|paramRef 2 admissionregistration.v1.ParamRef|policyName 1 s z|validationActions 4 []s l=set g=[]v1.ValidationAction
admissionregistration.v1.ValidatingAdmissionPolicyList k=admissionregistration.k8s.io/v1/ValidatingAdmissionPolicyList|apiVersion - s z|items! 2 []admissionregistration.v1.ValidatingAdmissionPolicy|kind - s z|metadata 1 meta.v1.ListMeta d={}
admissionregistration.v1.ValidatingAdmissionPolicySpec|auditAnnotations 5 []admissionregistration.v1.AuditAnnotation l=atomic|failurePolicy 4 s g=v1.FailurePolicyType|matchConditions 6 []admissionregistration.v1.MatchCondition l=map(name) p=merge m=name|matchConstraints 2 admissionregistration.v1.MatchResources|paramKind 1 admissionregistration.v1.ParamKind|validations 3 []admissionregistration.v1.Validation l=atomic|variables 7 []admissionregistration.v1.Variable l=map(name) p=merge m=name
admissionregistration.v1.ValidatingAdmissionPolicyStatus|conditions 3 []meta.v1.Condition l=map(type)|observedGeneration 1 i64 z|typeChecking 2 admissionregistration.v1.TypeChecking
admissionregistration.v1.ValidatingWebhook|admissionReviewVersions! 8 []s l=atomic|clientConfig! 2 admissionregistration.v1.WebhookClientConfig d={}|failurePolicy 4 s g=v1.FailurePolicyType|matchConditions 11 []admissionregistration.v1.MatchCondition l=map(name) p=merge m=name|matchPolicy 9 s g=v1.MatchPolicyType|name! 1 s d=""|namespaceSelector 5 meta.v1.LabelSelector|objectSelector 10 meta.v1.LabelSelector|rules 3 []admissionregistration.v1.RuleWithOperations l=atomic|sideEffects! 6 s g=v1.SideEffectClass|timeoutSeconds 7 i32
admissionregistration.v1.ValidatingWebhookConfiguration k=admissionregistration.k8s.io/v1/ValidatingWebhookConfiguration|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|webhooks 2 []admissionregistration.v1.ValidatingWebhook l=map(name) p=merge m=name
admissionregistration.v1.ValidatingWebhookConfigurationList k=admissionregistration.k8s.io/v1/ValidatingWebhookConfigurationList|apiVersion - s z|items! 2 []admissionregistration.v1.ValidatingWebhookConfiguration|kind - s z|metadata 1 meta.v1.ListMeta d={}
admissionregistration.v1.Validation|expression! 1 s d=""|message 2 s z|messageExpression 4 s z|reason 3 s g=v1.StatusReason
admissionregistration.v1.Variable atomic|expression! 2 s d=""|name! 1 s d=""
admissionregistration.v1.WebhookClientConfig|caBundle 2 bytes|service 1 admissionregistration.v1.ServiceReference|url 3 s
admissionregistration.v1alpha1.ApplyConfiguration|expression 1 s z
admissionregistration.v1alpha1.JSONPatch|expression 1 s z
admissionregistration.v1alpha1.MatchCondition|expression! 2 s d=""|name! 1 s d=""
admissionregistration.v1alpha1.MatchResources atomic|excludeResourceRules 4 []admissionregistration.v1alpha1.NamedRuleWithOperations l=atomic|matchPolicy 7 s g=v1alpha1.MatchPolicyType|namespaceSelector 1 meta.v1.LabelSelector|objectSelector 2 meta.v1.LabelSelector|resourceRules 3 []admissionregistration.v1alpha1.NamedRuleWithOperations l=atomic
admissionregistration.v1alpha1.MutatingAdmissionPolicy k=admissionregistration.k8s.io/v1alpha1/MutatingAdmissionPolicy|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 admissionregistration.v1alpha1.MutatingAdmissionPolicySpec d={}
admissionregistration.v1alpha1.MutatingAdmissionPolicyBinding k=admissionregistration.k8s.io/v1alpha1/MutatingAdmissionPolicyBinding|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 admissionregistration.v1alpha1.MutatingAdmissionPolicyBindingSpec d={}
admissionregistration.v1alpha1.MutatingAdmissionPolicyBindingList k=admissionregistration.k8s.io/v1alpha1/MutatingAdmissionPolicyBindingList|apiVersion - s z|items! 2 []admissionregistration.v1alpha1.MutatingAdmissionPolicyBinding|kind - s z|metadata 1 meta.v1.ListMeta d={}
admissionregistration.v1alpha1.MutatingAdmissionPolicyBindingSpec|matchResources 3 admissionregistration.v1alpha1.MatchResources|paramRef 2 admissionregistration.v1alpha1.ParamRef|policyName 1 s z
admissionregistration.v1alpha1.MutatingAdmissionPolicyList k=admissionregistration.k8s.io/v1alpha1/MutatingAdmissionPolicyList|apiVersion - s z|items! 2 []admissionregistration.v1alpha1.MutatingAdmissionPolicy|kind - s z|metadata 1 meta.v1.ListMeta d={}
admissionregistration.v1alpha1.MutatingAdmissionPolicySpec|failurePolicy 5 s g=v1alpha1.FailurePolicyType|matchConditions 6 []admissionregistration.v1alpha1.MatchCondition l=map(name) p=merge m=name|matchConstraints 2 admissionregistration.v1alpha1.MatchResources|mutations 4 []admissionregistration.v1alpha1.Mutation l=atomic|paramKind 1 admissionregistration.v1alpha1.ParamKind|reinvocationPolicy 7 s z g=v1.ReinvocationPolicyType|variables 3 []admissionregistration.v1alpha1.Variable l=atomic
admissionregistration.v1alpha1.Mutation|applyConfiguration 3 admissionregistration.v1alpha1.ApplyConfiguration|jsonPatch 4 admissionregistration.v1alpha1.JSONPatch|patchType! 2 s g=v1alpha1.PatchType d=""
admissionregistration.v1alpha1.NamedRuleWithOperations atomic|apiGroups 2.2.1 []s l=atomic|apiVersions 2.2.2 []s l=atomic|operations 2.1 []s l=atomic g=[]v1.OperationType|resourceNames 1 []s l=atomic|resources 2.2.3 []s l=atomic|scope 2.2.4 s g=v1.ScopeType
admissionregistration.v1alpha1.ParamKind atomic|apiVersion 1 s z|kind 2 s z
admissionregistration.v1alpha1.ParamRef atomic|name 1 s z|namespace 2 s z|parameterNotFoundAction 4 s g=v1alpha1.ParameterNotFoundActionType|selector 3 meta.v1.LabelSelector
admissionregistration.v1alpha1.ValidatingAdmissionPolicy k=admissionregistration.k8s.io/v1alpha1/ValidatingAdmissionPolicy preview|metadata 1 meta.v1.ObjectMeta|spec 2 admissionregistration.v1.ValidatingAdmissionPolicySpec|status 3 admissionregistration.v1.ValidatingAdmissionPolicyStatus
admissionregistration.v1alpha1.ValidatingAdmissionPolicyBinding k=admissionregistration.k8s.io/v1alpha1/ValidatingAdmissionPolicyBinding preview|metadata 1 meta.v1.ObjectMeta|spec 2 admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec
admissionregistration.v1alpha1.Variable|expression! 2 s d=""|name! 1 s d=""
admissionregistration.v1beta1.ApplyConfiguration|expression 1 s z
admissionregistration.v1beta1.JSONPatch|expression 1 s z
admissionregistration.v1beta1.MatchCondition|expression! 2 s d=""|name! 1 s d=""
admissionregistration.v1beta1.MatchResources atomic|excludeResourceRules 4 []admissionregistration.v1beta1.NamedRuleWithOperations l=atomic|matchPolicy 7 s g=v1beta1.MatchPolicyType|namespaceSelector 1 meta.v1.LabelSelector|objectSelector 2 meta.v1.LabelSelector|resourceRules 3 []admissionregistration.v1beta1.NamedRuleWithOperations l=atomic
admissionregistration.v1beta1.MutatingAdmissionPolicy k=admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicy|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 admissionregistration.v1beta1.MutatingAdmissionPolicySpec d={}
admissionregistration.v1beta1.MutatingAdmissionPolicyBinding k=admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyBinding|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 admissionregistration.v1beta1.MutatingAdmissionPolicyBindingSpec d={}
admissionregistration.v1beta1.MutatingAdmissionPolicyBindingList k=admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyBindingList|apiVersion - s z|items! 2 []admissionregistration.v1beta1.MutatingAdmissionPolicyBinding|kind - s z|metadata 1 meta.v1.ListMeta d={}
admissionregistration.v1beta1.MutatingAdmissionPolicyBindingSpec|matchResources 3 admissionregistration.v1beta1.MatchResources|paramRef 2 admissionregistration.v1beta1.ParamRef|policyName 1 s z
admissionregistration.v1beta1.MutatingAdmissionPolicyList k=admissionregistration.k8s.io/v1beta1/MutatingAdmissionPolicyList|apiVersion - s z|items! 2 []admissionregistration.v1beta1.MutatingAdmissionPolicy|kind - s z|metadata 1 meta.v1.ListMeta d={}
admissionregistration.v1beta1.MutatingAdmissionPolicySpec|failurePolicy 5 s g=v1beta1.FailurePolicyType|matchConditions 6 []admissionregistration.v1beta1.MatchCondition l=map(name) p=merge m=name|matchConstraints 2 admissionregistration.v1beta1.MatchResources|mutations 4 []admissionregistration.v1beta1.Mutation l=atomic|paramKind 1 admissionregistration.v1beta1.ParamKind|reinvocationPolicy 7 s z g=v1.ReinvocationPolicyType|variables 3 []admissionregistration.v1beta1.Variable l=atomic
admissionregistration.v1beta1.MutatingWebhookConfiguration k=admissionregistration.k8s.io/v1beta1/MutatingWebhookConfiguration preview|metadata 1 meta.v1.ObjectMeta|webhooks 2 []admissionregistration.v1.MutatingWebhook
admissionregistration.v1beta1.Mutation|applyConfiguration 3 admissionregistration.v1beta1.ApplyConfiguration|jsonPatch 4 admissionregistration.v1beta1.JSONPatch|patchType! 2 s g=v1beta1.PatchType d=""
admissionregistration.v1beta1.NamedRuleWithOperations atomic|apiGroups 2.2.1 []s l=atomic|apiVersions 2.2.2 []s l=atomic|operations 2.1 []s l=atomic g=[]v1.OperationType|resourceNames 1 []s l=atomic|resources 2.2.3 []s l=atomic|scope 2.2.4 s g=v1.ScopeType
admissionregistration.v1beta1.ParamKind atomic|apiVersion 1 s z|kind 2 s z
admissionregistration.v1beta1.ParamRef atomic|name 1 s z|namespace 2 s z|parameterNotFoundAction 4 s g=v1beta1.ParameterNotFoundActionType|selector 3 meta.v1.LabelSelector
admissionregistration.v1beta1.ValidatingAdmissionPolicy k=admissionregistration.k8s.io/v1beta1/ValidatingAdmissionPolicy preview|metadata 1 meta.v1.ObjectMeta|spec 2 admissionregistration.v1.ValidatingAdmissionPolicySpec|status 3 admissionregistration.v1.ValidatingAdmissionPolicyStatus
admissionregistration.v1beta1.ValidatingAdmissionPolicyBinding k=admissionregistration.k8s.io/v1beta1/ValidatingAdmissionPolicyBinding preview|metadata 1 meta.v1.ObjectMeta|spec 2 admissionregistration.v1.ValidatingAdmissionPolicyBindingSpec
admissionregistration.v1beta1.ValidatingWebhookConfiguration k=admissionregistration.k8s.io/v1beta1/ValidatingWebhookConfiguration preview|metadata 1 meta.v1.ObjectMeta|webhooks 2 []admissionregistration.v1.ValidatingWebhook
admissionregistration.v1beta1.Variable atomic|expression! 2 s d=""|name! 1 s d=""
apidiscovery.v2.APIGroupDiscovery k=apidiscovery.k8s.io/v2/APIGroupDiscovery preview|metadata 1 meta.v1.ObjectMeta|versions 2 []apidiscovery.v2.APIGroupDiscoveryVersions
apidiscovery.v2.APIGroupDiscoveryVersions preview|version 1 s|resources 2 []apidiscovery.v2.APIGroupDiscoveryVersionsResources|freshness 3 s
apidiscovery.v2.APIGroupDiscoveryVersionsResources preview|resource 1 s|responseKind 2 admission.v1.AdmissionReviewRequestKind|scope 3 s|singularResource 4 s|verbs 5 []s|shortNames 6 []s|categories 7 []s|subresources 8 []apidiscovery.v2.APIGroupDiscoveryVersionsResourcesSubresources
apidiscovery.v2.APIGroupDiscoveryVersionsResourcesSubresources preview|subresource 1 s|responseKind 2 admission.v1.AdmissionReviewRequestKind|acceptedTypes 3 []admission.v1.AdmissionReviewRequestKind|verbs 4 []s
apidiscovery.v2beta1.APIGroupDiscovery k=apidiscovery.k8s.io/v2beta1/APIGroupDiscovery preview|metadata 1 meta.v1.ObjectMeta|versions 2 []apidiscovery.v2.APIGroupDiscoveryVersions
apiextensions.v1.CustomResourceColumnDefinition|description 4 s z|format 3 s z|jsonPath! 6 s d=""|name! 1 s d=""|priority 5 i32 z|type! 2 s d=""
apiextensions.v1.CustomResourceConversion|strategy! 1 s g=v1.ConversionStrategyType d=""|webhook 2 apiextensions.v1.WebhookConversion
apiextensions.v1.CustomResourceDefinition k=apiextensions.k8s.io/v1/CustomResourceDefinition|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 apiextensions.v1.CustomResourceDefinitionSpec d={}|status 3 apiextensions.v1.CustomResourceDefinitionStatus d={}
apiextensions.v1.CustomResourceDefinitionCondition|lastTransitionTime 3 time|message 5 s z|observedGeneration 6 i64 z|reason 4 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.CustomResourceDefinitionConditionType d=""
apiextensions.v1.CustomResourceDefinitionList k=apiextensions.k8s.io/v1/CustomResourceDefinitionList|apiVersion - s z|items! 2 []apiextensions.v1.CustomResourceDefinition|kind - s z|metadata 1 meta.v1.ListMeta d={}
apiextensions.v1.CustomResourceDefinitionNames|categories 6 []s l=atomic|kind! 4 s d=""|listKind 5 s z|plural! 1 s d=""|shortNames 3 []s l=atomic|singular 2 s z
apiextensions.v1.CustomResourceDefinitionSpec|conversion 9 apiextensions.v1.CustomResourceConversion|group! 1 s d=""|names! 3 apiextensions.v1.CustomResourceDefinitionNames d={}|preserveUnknownFields 10 b z|scope! 4 s g=v1.ResourceScope d=""|versions! 7 []apiextensions.v1.CustomResourceDefinitionVersion l=atomic
apiextensions.v1.CustomResourceDefinitionStatus|acceptedNames 2 apiextensions.v1.CustomResourceDefinitionNames d={}|conditions 1 []apiextensions.v1.CustomResourceDefinitionCondition l=map(type) n|observedGeneration 4 i64 z|storedVersions 3 []s l=atomic n
apiextensions.v1.CustomResourceDefinitionVersion|additionalPrinterColumns 6 []apiextensions.v1.CustomResourceColumnDefinition l=atomic|deprecated 7 b z|deprecationWarning 8 s|name! 1 s d=""|schema 4 apiextensions.v1.CustomResourceValidation|selectableFields 9 []apiextensions.v1.SelectableField l=atomic|served! 2 b d=false|storage! 3 b d=false|subresources 5 apiextensions.v1.CustomResourceSubresources
apiextensions.v1.CustomResourceSubresourceScale|labelSelectorPath 3 s|specReplicasPath! 1 s d=""|statusReplicasPath! 2 s d=""
apiextensions.v1.CustomResourceSubresourceStatus
apiextensions.v1.CustomResourceSubresources|scale 2 apiextensions.v1.CustomResourceSubresourceScale|status 1 apiextensions.v1.CustomResourceSubresourceStatus
apiextensions.v1.CustomResourceValidation|openAPIV3Schema 1 apiextensions.v1.JSONSchemaProps
apiextensions.v1.ExternalDocumentation|description 1 s z|url 2 s z
apiextensions.v1.JSONSchemaProps|$ref 3 s|$schema 2 s z g=v1.JSONSchemaURL|additionalItems 33 schemaorbool|additionalProperties 30 schemaorbool|allOf 25 []apiextensions.v1.JSONSchemaProps l=atomic|anyOf 27 []apiextensions.v1.JSONSchemaProps l=atomic|default 8 json|definitions 34 {}apiextensions.v1.JSONSchemaProps g=v1.JSONSchemaDefinitions|dependencies 32 {}schemaorstrings g=v1.JSONSchemaDependencies|description 4 s z|enum 20 []json l=atomic|example 36 json|exclusiveMaximum 10 b z|exclusiveMinimum 12 b z|externalDocs 35 apiextensions.v1.ExternalDocumentation|format 6 s z|id 1 s z|items 24 schemaorarray|maxItems 16 i64|maxLength 13 i64|maxProperties 21 i64|maximum 9 f64|minItems 17 i64|minLength 14 i64|minProperties 22 i64|minimum 11 f64|multipleOf 19 f64|not 28 apiextensions.v1.JSONSchemaProps|nullable 37 b z|oneOf 26 []apiextensions.v1.JSONSchemaProps l=atomic|pattern 15 s z|patternProperties 31 {}apiextensions.v1.JSONSchemaProps|properties 29 {}apiextensions.v1.JSONSchemaProps|required 23 []s l=atomic|title 7 s z|type 5 s z|uniqueItems 18 b z|x-kubernetes-embedded-resource 39 b z|x-kubernetes-int-or-string 40 b z|x-kubernetes-list-map-keys 41 []s l=atomic|x-kubernetes-list-type 42 s|x-kubernetes-map-type 43 s|x-kubernetes-preserve-unknown-fields 38 b|x-kubernetes-validations 44 []apiextensions.v1.ValidationRule l=map(rule) p=merge m=rule g=v1.ValidationRules
apiextensions.v1.SelectableField|jsonPath! 1 s d=""
apiextensions.v1.ServiceReference|name! 2 s d=""|namespace! 1 s d=""|path 3 s|port 4 i32
apiextensions.v1.ValidationRule|fieldPath 5 s z|message 2 s z|messageExpression 3 s z|optionalOldSelf 6 b|reason 4 s g=v1.FieldValueErrorReason|rule! 1 s d=""
apiextensions.v1.WebhookClientConfig|caBundle 2 bytes|service 1 apiextensions.v1.ServiceReference|url 3 s
apiextensions.v1.WebhookConversion|clientConfig 2 apiextensions.v1.WebhookClientConfig|conversionReviewVersions! 3 []s l=atomic
apiregistration.v1.APIService k=apiregistration.k8s.io/v1/APIService|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 apiregistration.v1.APIServiceSpec d={}|status 3 apiregistration.v1.APIServiceStatus d={}
apiregistration.v1.APIServiceCondition|lastTransitionTime 3 time|message 5 s z|reason 4 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.APIServiceConditionType d=""
apiregistration.v1.APIServiceList k=apiregistration.k8s.io/v1/APIServiceList|apiVersion - s z|items! 2 []apiregistration.v1.APIService|kind - s z|metadata 1 meta.v1.ListMeta d={}
apiregistration.v1.APIServiceSpec|caBundle 5 bytes l=atomic|group 2 s z|groupPriorityMinimum! 7 i32 d=0|insecureSkipTLSVerify 4 b z|service 1 apiregistration.v1.ServiceReference|version 3 s z|versionPriority! 8 i32 d=0
apiregistration.v1.APIServiceStatus|conditions 1 []apiregistration.v1.APIServiceCondition l=map(type) p=merge m=type
apiregistration.v1.ServiceReference|name 2 s z|namespace 1 s z|port 3 i32
apiserverinternal.v1alpha1.ServerStorageVersion|apiServerID 1 s z|decodableVersions 3 []s l=set|encodingVersion 2 s z|servedVersions 4 []s l=set
apiserverinternal.v1alpha1.StorageVersion k=internal.apiserver.k8s.io/v1alpha1/StorageVersion|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 apiserverinternal.v1alpha1.StorageVersionSpec d={}|status! 3 apiserverinternal.v1alpha1.StorageVersionStatus d={}
apiserverinternal.v1alpha1.StorageVersionCondition|lastTransitionTime 4 time|message! 6 s z|observedGeneration 3 i64 z|reason! 5 s d=""|status! 2 s g=v1alpha1.ConditionStatus d=""|type! 1 s g=v1alpha1.StorageVersionConditionType d=""
apiserverinternal.v1alpha1.StorageVersionList k=internal.apiserver.k8s.io/v1alpha1/StorageVersionList|apiVersion - s z|items! 2 []apiserverinternal.v1alpha1.StorageVersion|kind - s z|metadata 1 meta.v1.ListMeta d={}
apiserverinternal.v1alpha1.StorageVersionSpec
apiserverinternal.v1alpha1.StorageVersionStatus|commonEncodingVersion 2 s|conditions 3 []apiserverinternal.v1alpha1.StorageVersionCondition l=map(type)|storageVersions 1 []apiserverinternal.v1alpha1.ServerStorageVersion l=map(apiServerID)
apps.v1.ControllerRevision k=apps/v1/ControllerRevision|apiVersion - s z|data 2 raw|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|revision! 3 i64 d=0
apps.v1.ControllerRevisionList k=apps/v1/ControllerRevisionList|apiVersion - s z|items! 2 []apps.v1.ControllerRevision|kind - s z|metadata 1 meta.v1.ListMeta d={}
apps.v1.DaemonSet k=apps/v1/DaemonSet|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 apps.v1.DaemonSetSpec d={}|status 3 apps.v1.DaemonSetStatus d={}
apps.v1.DaemonSetCondition|lastTransitionTime 3 time|message 5 s z|reason 4 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.DaemonSetConditionType d=""
apps.v1.DaemonSetList k=apps/v1/DaemonSetList|apiVersion - s z|items! 2 []apps.v1.DaemonSet|kind - s z|metadata 1 meta.v1.ListMeta d={}
apps.v1.DaemonSetSpec|minReadySeconds 4 i32 z|revisionHistoryLimit 6 i32|selector! 1 meta.v1.LabelSelector|template! 2 core.v1.PodTemplateSpec d={}|updateStrategy 3 apps.v1.DaemonSetUpdateStrategy d={}
apps.v1.DaemonSetStatus|collisionCount 9 i32|conditions 10 []apps.v1.DaemonSetCondition l=map(type) p=merge m=type|currentNumberScheduled! 1 i32 d=0|desiredNumberScheduled! 3 i32 d=0|numberAvailable 7 i32 z|numberMisscheduled! 2 i32 d=0|numberReady! 4 i32 d=0|numberUnavailable 8 i32 z|observedGeneration 5 i64 z|updatedNumberScheduled 6 i32 z
apps.v1.DaemonSetUpdateStrategy|rollingUpdate 2 apps.v1.RollingUpdateDaemonSet|type 1 s z g=v1.DaemonSetUpdateStrategyType
apps.v1.Deployment k=apps/v1/Deployment|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 apps.v1.DeploymentSpec d={}|status 3 apps.v1.DeploymentStatus d={}
apps.v1.DeploymentCondition|lastTransitionTime 7 time|lastUpdateTime 6 time|message 5 s z|reason 4 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.DeploymentConditionType d=""
apps.v1.DeploymentList k=apps/v1/DeploymentList|apiVersion - s z|items! 2 []apps.v1.Deployment|kind - s z|metadata 1 meta.v1.ListMeta d={}
apps.v1.DeploymentSpec|minReadySeconds 5 i32 z|paused 7 b z|progressDeadlineSeconds 9 i32|replicas 1 i32|revisionHistoryLimit 6 i32|selector! 2 meta.v1.LabelSelector|strategy 4 apps.v1.DeploymentStrategy p=retainKeys d={}|template! 3 core.v1.PodTemplateSpec d={}
apps.v1.DeploymentStatus|availableReplicas 4 i32 z|collisionCount 8 i32|conditions 6 []apps.v1.DeploymentCondition l=map(type) p=merge m=type|observedGeneration 1 i64 z|readyReplicas 7 i32 z|replicas 2 i32 z|terminatingReplicas 9 i32|unavailableReplicas 5 i32 z|updatedReplicas 3 i32 z
apps.v1.DeploymentStrategy|rollingUpdate 2 apps.v1.RollingUpdateDeployment|type 1 s z g=v1.DeploymentStrategyType
apps.v1.ReplicaSet k=apps/v1/ReplicaSet|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 apps.v1.ReplicaSetSpec d={}|status 3 apps.v1.ReplicaSetStatus d={}
apps.v1.ReplicaSetCondition|lastTransitionTime 3 time|message 5 s z|reason 4 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.ReplicaSetConditionType d=""
apps.v1.ReplicaSetList k=apps/v1/ReplicaSetList|apiVersion - s z|items! 2 []apps.v1.ReplicaSet|kind - s z|metadata 1 meta.v1.ListMeta d={}
apps.v1.ReplicaSetSpec|minReadySeconds 4 i32 z|replicas 1 i32|selector! 2 meta.v1.LabelSelector|template 3 core.v1.PodTemplateSpec d={}
apps.v1.ReplicaSetStatus|availableReplicas 5 i32 z|conditions 6 []apps.v1.ReplicaSetCondition l=map(type) p=merge m=type|fullyLabeledReplicas 2 i32 z|observedGeneration 3 i64 z|readyReplicas 4 i32 z|replicas! 1 i32 d=0|terminatingReplicas 7 i32
apps.v1.RollingUpdateDaemonSet|maxSurge 2 x|maxUnavailable 1 x
apps.v1.RollingUpdateDeployment|maxSurge 2 x|maxUnavailable 1 x
apps.v1.RollingUpdateStatefulSetStrategy|maxUnavailable 2 x|partition 1 i32
apps.v1.StatefulSet k=apps/v1/StatefulSet|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 apps.v1.StatefulSetSpec d={}|status 3 apps.v1.StatefulSetStatus d={}
apps.v1.StatefulSetCondition|lastTransitionTime 3 time|message 5 s z|reason 4 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.StatefulSetConditionType d=""
apps.v1.StatefulSetList k=apps/v1/StatefulSetList|apiVersion - s z|items! 2 []apps.v1.StatefulSet|kind - s z|metadata 1 meta.v1.ListMeta d={}
apps.v1.StatefulSetOrdinals|start 1 i32 d=0
apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy|whenDeleted 1 s z g=v1.PersistentVolumeClaimRetentionPolicyType|whenScaled 2 s z g=v1.PersistentVolumeClaimRetentionPolicyType
apps.v1.StatefulSetSpec|minReadySeconds 9 i32 z|ordinals 11 apps.v1.StatefulSetOrdinals|persistentVolumeClaimRetentionPolicy 10 apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy|podManagementPolicy 6 s z g=v1.PodManagementPolicyType|replicas 1 i32|revisionHistoryLimit 8 i32|selector! 2 meta.v1.LabelSelector|serviceName 5 s d=""|template! 3 core.v1.PodTemplateSpec d={}|updateStrategy 7 apps.v1.StatefulSetUpdateStrategy d={}|volumeClaimTemplates 4 []core.v1.PersistentVolumeClaim l=atomic
apps.v1.StatefulSetStatus|availableReplicas 11 i32 d=0|collisionCount 9 i32|conditions 10 []apps.v1.StatefulSetCondition l=map(type) p=merge m=type|currentReplicas 4 i32 z|currentRevision 6 s z|observedGeneration 1 i64 z|readyReplicas 3 i32 z|replicas! 2 i32 d=0|updateRevision 7 s z|updatedReplicas 5 i32 z
apps.v1.StatefulSetUpdateStrategy|rollingUpdate 2 apps.v1.RollingUpdateStatefulSetStrategy|type 1 s z g=v1.StatefulSetUpdateStrategyType
apps.v1beta1.ControllerRevision k=apps/v1beta1/ControllerRevision preview|metadata 1 meta.v1.ObjectMeta|data 2 raw|revision 3 i64
apps.v1beta1.Deployment k=apps/v1beta1/Deployment preview|metadata 1 meta.v1.ObjectMeta|spec 2 apps.v1beta1.DeploymentSpec|status 3 apps.v1.DeploymentStatus
apps.v1beta1.DeploymentRollback k=apps/v1beta1/DeploymentRollback preview|name 1 s|updatedAnnotations 2 {}s|rollbackTo 3 apps.v1beta1.DeploymentSpecRollbackTo
apps.v1beta1.DeploymentSpec preview|replicas 1 i64|selector 2 meta.v1.LabelSelector|template 3 core.v1.PodTemplateSpec|strategy 4 apps.v1.DaemonSetUpdateStrategy|minReadySeconds 5 i64 z|revisionHistoryLimit 6 i64|paused 7 b z|rollbackTo 8 apps.v1beta1.DeploymentSpecRollbackTo|progressDeadlineSeconds 9 i64
apps.v1beta1.DeploymentSpecRollbackTo preview|revision 1 i64
apps.v1beta1.Scale k=apps/v1beta1/Scale preview|metadata 1 meta.v1.ObjectMeta|spec 2 apps.v1beta1.DeploymentSpec|status 3 apps.v1beta1.ScaleStatus
apps.v1beta1.ScaleStatus preview|replicas 1 i64|selector 2 {}s|targetSelector 3 s z
apps.v1beta1.StatefulSet k=apps/v1beta1/StatefulSet preview|metadata 1 meta.v1.ObjectMeta|spec 2 apps.v1.StatefulSetSpec|status 3 apps.v1.StatefulSetStatus
apps.v1beta2.ControllerRevision k=apps/v1beta2/ControllerRevision preview|metadata 1 meta.v1.ObjectMeta|data 2 raw|revision 3 i64
apps.v1beta2.DaemonSet k=apps/v1beta2/DaemonSet preview|metadata 1 meta.v1.ObjectMeta|spec 2 apps.v1.DaemonSetSpec|status 3 apps.v1.DaemonSetStatus
apps.v1beta2.Deployment k=apps/v1beta2/Deployment preview|metadata 1 meta.v1.ObjectMeta|spec 2 apps.v1.DeploymentSpec|status 3 apps.v1.DeploymentStatus
apps.v1beta2.ReplicaSet k=apps/v1beta2/ReplicaSet preview|metadata 1 meta.v1.ObjectMeta|spec 2 apps.v1.ReplicaSetSpec|status 3 apps.v1.ReplicaSetStatus
apps.v1beta2.Scale k=apps/v1beta2/Scale preview|metadata 1 meta.v1.ObjectMeta|spec 2 apps.v1beta1.ScaleStatus|status 3 apps.v1beta1.ScaleStatus
apps.v1beta2.StatefulSet k=apps/v1beta2/StatefulSet preview|metadata 1 meta.v1.ObjectMeta|spec 2 apps.v1.StatefulSetSpec|status 3 apps.v1.StatefulSetStatus
authentication.v1.BoundObjectReference|apiVersion 2 s z|kind 1 s z|name 3 s z|uid 4 s z g=types.UID
authentication.v1.SelfSubjectReview k=authentication.k8s.io/v1/SelfSubjectReview|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|status 2 authentication.v1.SelfSubjectReviewStatus d={}
authentication.v1.SelfSubjectReviewStatus|userInfo 1 authentication.v1.UserInfo d={}
authentication.v1.TokenRequest k=authentication.k8s.io/v1/TokenRequest|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 authentication.v1.TokenRequestSpec d={}|status 3 authentication.v1.TokenRequestStatus d={}
authentication.v1.TokenRequestSpec|audiences! 1 []s l=atomic|boundObjectRef 3 authentication.v1.BoundObjectReference|expirationSeconds 4 i64|attestations 5 {}<>s preview
authentication.v1.TokenRequestStatus|expirationTimestamp! 2 time|token! 1 s d=""
authentication.v1.TokenReview k=authentication.k8s.io/v1/TokenReview|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 authentication.v1.TokenReviewSpec d={}|status 3 authentication.v1.TokenReviewStatus d={}
authentication.v1.TokenReviewSpec|audiences 2 []s l=atomic|token 1 s z
authentication.v1.TokenReviewStatus|audiences 4 []s l=atomic|authenticated 1 b z|error 3 s z|user 2 authentication.v1.UserInfo d={}
authentication.v1.UserInfo|extra 4 {}<>s|groups 3 []s l=atomic|uid 2 s z|username 1 s z
authentication.v1beta1.SelfSubjectReview k=authentication.k8s.io/v1beta1/SelfSubjectReview preview|metadata 1 meta.v1.ObjectMeta|status 2 authentication.v1.SelfSubjectReviewStatus
authentication.v1beta1.TokenReview k=authentication.k8s.io/v1beta1/TokenReview preview|metadata 1 meta.v1.ObjectMeta|spec 2 authentication.v1.TokenReviewSpec|status 3 authentication.v1.TokenReviewStatus
authorization.v1.FieldSelectorAttributes|rawSelector 1 s z|requirements 2 []meta.v1.FieldSelectorRequirement l=atomic
authorization.v1.LabelSelectorAttributes|rawSelector 1 s z|requirements 2 []meta.v1.LabelSelectorRequirement l=atomic
authorization.v1.LocalSubjectAccessReview k=authorization.k8s.io/v1/LocalSubjectAccessReview|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 authorization.v1.SubjectAccessReviewSpec d={}|status 3 authorization.v1.SubjectAccessReviewStatus d={}
authorization.v1.NonResourceAttributes|path 1 s z|verb 2 s z
authorization.v1.NonResourceRule|nonResourceURLs 2 []s l=atomic|verbs! 1 []s l=atomic
authorization.v1.ResourceAttributes|fieldSelector 8 authorization.v1.FieldSelectorAttributes|group 3 s z|labelSelector 9 authorization.v1.LabelSelectorAttributes|name 7 s z|namespace 1 s z|resource 5 s z|subresource 6 s z|verb 2 s z|version 4 s z
authorization.v1.ResourceRule|apiGroups 2 []s l=atomic|resourceNames 4 []s l=atomic|resources 3 []s l=atomic|verbs! 1 []s l=atomic
authorization.v1.SelfSubjectAccessReview k=authorization.k8s.io/v1/SelfSubjectAccessReview|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 authorization.v1.SelfSubjectAccessReviewSpec d={}|status 3 authorization.v1.SubjectAccessReviewStatus d={}
authorization.v1.SelfSubjectAccessReviewSpec|nonResourceAttributes 2 authorization.v1.NonResourceAttributes|resourceAttributes 1 authorization.v1.ResourceAttributes
authorization.v1.SelfSubjectRulesReview k=authorization.k8s.io/v1/SelfSubjectRulesReview|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 authorization.v1.SelfSubjectRulesReviewSpec d={}|status 3 authorization.v1.SubjectRulesReviewStatus d={}
authorization.v1.SelfSubjectRulesReviewSpec|namespace 1 s z
authorization.v1.SubjectAccessReview k=authorization.k8s.io/v1/SubjectAccessReview|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 authorization.v1.SubjectAccessReviewSpec d={}|status 3 authorization.v1.SubjectAccessReviewStatus d={}
authorization.v1.SubjectAccessReviewSpec|extra 5 {}<>s|groups 4 []s l=atomic|nonResourceAttributes 2 authorization.v1.NonResourceAttributes|resourceAttributes 1 authorization.v1.ResourceAttributes|uid 6 s z|user 3 s z
authorization.v1.SubjectAccessReviewStatus|allowed! 1 b d=false|denied 4 b z|evaluationError 3 s z|reason 2 s z
authorization.v1.SubjectRulesReviewStatus|evaluationError 4 s z|incomplete! 3 b d=false|nonResourceRules! 2 []authorization.v1.NonResourceRule l=atomic|resourceRules! 1 []authorization.v1.ResourceRule l=atomic
authorization.v1beta1.LocalSubjectAccessReview k=authorization.k8s.io/v1beta1/LocalSubjectAccessReview preview|metadata 1 meta.v1.ObjectMeta|spec 2 authorization.v1beta1.LocalSubjectAccessReviewSpec|status 3 authorization.v1.SubjectAccessReviewStatus
authorization.v1beta1.LocalSubjectAccessReviewSpec preview|resourceAttributes 1 authorization.v1.ResourceAttributes|nonResourceAttributes 2 authorization.v1.NonResourceAttributes|user 3 s|group 4 []s|extra 5 {}<>s|uid 6 s
authorization.v1beta1.SelfSubjectAccessReview k=authorization.k8s.io/v1beta1/SelfSubjectAccessReview preview|metadata 1 meta.v1.ObjectMeta|spec 2 authorization.v1beta1.LocalSubjectAccessReviewSpec|status 3 authorization.v1.SubjectAccessReviewStatus
authorization.v1beta1.SelfSubjectRulesReview k=authorization.k8s.io/v1beta1/SelfSubjectRulesReview preview|metadata 1 meta.v1.ObjectMeta|spec 2 authorization.v1.SelfSubjectRulesReviewSpec|status 3 authorization.v1.SubjectRulesReviewStatus
authorization.v1beta1.SubjectAccessReview k=authorization.k8s.io/v1beta1/SubjectAccessReview preview|metadata 1 meta.v1.ObjectMeta|spec 2 authorization.v1beta1.LocalSubjectAccessReviewSpec|status 3 authorization.v1.SubjectAccessReviewStatus
autoscaling.v1.CrossVersionObjectReference atomic|apiVersion 3 s z|kind! 1 s d=""|name! 2 s d=""
autoscaling.v1.HorizontalPodAutoscaler k=autoscaling/v1/HorizontalPodAutoscaler|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 autoscaling.v1.HorizontalPodAutoscalerSpec d={}|status 3 autoscaling.v1.HorizontalPodAutoscalerStatus d={}
autoscaling.v1.HorizontalPodAutoscalerList k=autoscaling/v1/HorizontalPodAutoscalerList|apiVersion - s z|items! 2 []autoscaling.v1.HorizontalPodAutoscaler|kind - s z|metadata 1 meta.v1.ListMeta d={}
autoscaling.v1.HorizontalPodAutoscalerSpec|maxReplicas! 3 i32 d=0|minReplicas 2 i32|scaleTargetRef! 1 autoscaling.v1.CrossVersionObjectReference d={}|targetCPUUtilizationPercentage 4 i32
autoscaling.v1.HorizontalPodAutoscalerStatus|currentCPUUtilizationPercentage 5 i32|currentReplicas! 3 i32 d=0|desiredReplicas! 4 i32 d=0|lastScaleTime 2 time|observedGeneration 1 i64
autoscaling.v1.Scale k=autoscaling/v1/Scale|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 autoscaling.v1.ScaleSpec d={}|status 3 autoscaling.v1.ScaleStatus d={}
autoscaling.v1.ScaleSpec|replicas 1 i32 z d=0
autoscaling.v1.ScaleStatus|replicas! 1 i32 d=0|selector 2 s z
autoscaling.v2.ContainerResourceMetricSource|container! 3 s d=""|name! 1 s g=v1.ResourceName d=""|target! 2 autoscaling.v2.MetricTarget d={}
autoscaling.v2.ContainerResourceMetricStatus|container! 3 s d=""|current! 2 autoscaling.v2.MetricValueStatus d={}|name! 1 s g=v1.ResourceName d=""
autoscaling.v2.CrossVersionObjectReference|apiVersion 3 s z|kind! 1 s d=""|name! 2 s d=""
autoscaling.v2.ExternalMetricSource|metric! 1 autoscaling.v2.MetricIdentifier d={}|target! 2 autoscaling.v2.MetricTarget d={}
autoscaling.v2.ExternalMetricStatus|current! 2 autoscaling.v2.MetricValueStatus d={}|metric! 1 autoscaling.v2.MetricIdentifier d={}
autoscaling.v2.HPAScalingPolicy|periodSeconds! 3 i32 d=0|type! 1 s g=v2.HPAScalingPolicyType d=""|value! 2 i32 d=0
autoscaling.v2.HPAScalingRules|policies 2 []autoscaling.v2.HPAScalingPolicy l=atomic|selectPolicy 1 s g=v2.ScalingPolicySelect|stabilizationWindowSeconds 3 i32|tolerance 4 q
autoscaling.v2.HorizontalPodAutoscaler k=autoscaling/v2/HorizontalPodAutoscaler|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 autoscaling.v2.HorizontalPodAutoscalerSpec d={}|status 3 autoscaling.v2.HorizontalPodAutoscalerStatus d={}
autoscaling.v2.HorizontalPodAutoscalerBehavior|scaleDown 2 autoscaling.v2.HPAScalingRules|scaleUp 1 autoscaling.v2.HPAScalingRules
autoscaling.v2.HorizontalPodAutoscalerCondition|lastTransitionTime 3 time|message 5 s z|reason 4 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v2.HorizontalPodAutoscalerConditionType d=""|observedGeneration 6 i64 preview
autoscaling.v2.HorizontalPodAutoscalerList k=autoscaling/v2/HorizontalPodAutoscalerList|apiVersion - s z|items! 2 []autoscaling.v2.HorizontalPodAutoscaler|kind - s z|metadata 1 meta.v1.ListMeta d={}
autoscaling.v2.HorizontalPodAutoscalerSpec|behavior 5 autoscaling.v2.HorizontalPodAutoscalerBehavior|maxReplicas! 3 i32 d=0|metrics 4 []autoscaling.v2.MetricSpec l=atomic|minReplicas 2 i32|scaleTargetRef! 1 autoscaling.v2.CrossVersionObjectReference d={}
autoscaling.v2.HorizontalPodAutoscalerStatus|conditions 6 []autoscaling.v2.HorizontalPodAutoscalerCondition l=map(type) p=merge m=type|currentMetrics 5 []autoscaling.v2.MetricStatus l=atomic n|currentReplicas 3 i32 z|desiredReplicas! 4 i32 d=0|lastScaleTime 2 time|observedGeneration 1 i64
autoscaling.v2.MetricIdentifier|name! 1 s d=""|selector 2 meta.v1.LabelSelector
autoscaling.v2.MetricSpec|containerResource 7 autoscaling.v2.ContainerResourceMetricSource|external 5 autoscaling.v2.ExternalMetricSource|object 2 autoscaling.v2.ObjectMetricSource|pods 3 autoscaling.v2.PodsMetricSource|resource 4 autoscaling.v2.ResourceMetricSource|type! 1 s g=v2.MetricSourceType d=""
autoscaling.v2.MetricStatus|containerResource 7 autoscaling.v2.ContainerResourceMetricStatus|external 5 autoscaling.v2.ExternalMetricStatus|object 2 autoscaling.v2.ObjectMetricStatus|pods 3 autoscaling.v2.PodsMetricStatus|resource 4 autoscaling.v2.ResourceMetricStatus|type! 1 s g=v2.MetricSourceType d=""
autoscaling.v2.MetricTarget|averageUtilization 4 i32|averageValue 3 q|type! 1 s g=v2.MetricTargetType d=""|value 2 q
autoscaling.v2.MetricValueStatus|averageUtilization 3 i32|averageValue 2 q|value 1 q
autoscaling.v2.ObjectMetricSource|describedObject! 1 autoscaling.v2.CrossVersionObjectReference d={}|metric! 3 autoscaling.v2.MetricIdentifier d={}|target! 2 autoscaling.v2.MetricTarget d={}
autoscaling.v2.ObjectMetricStatus|current! 2 autoscaling.v2.MetricValueStatus d={}|describedObject! 3 autoscaling.v2.CrossVersionObjectReference d={}|metric! 1 autoscaling.v2.MetricIdentifier d={}
autoscaling.v2.PodsMetricSource|metric! 1 autoscaling.v2.MetricIdentifier d={}|target! 2 autoscaling.v2.MetricTarget d={}
autoscaling.v2.PodsMetricStatus|current! 2 autoscaling.v2.MetricValueStatus d={}|metric! 1 autoscaling.v2.MetricIdentifier d={}
autoscaling.v2.ResourceMetricSource|name! 1 s g=v1.ResourceName d=""|target! 2 autoscaling.v2.MetricTarget d={}
autoscaling.v2.ResourceMetricStatus|current! 2 autoscaling.v2.MetricValueStatus d={}|name! 1 s g=v1.ResourceName d=""
autoscaling.v2beta1.HorizontalPodAutoscaler k=autoscaling/v2beta1/HorizontalPodAutoscaler preview|metadata 1 meta.v1.ObjectMeta|spec 2 autoscaling.v2beta1.HorizontalPodAutoscalerSpec|status 3 autoscaling.v2beta1.HorizontalPodAutoscalerStatus
autoscaling.v2beta1.HorizontalPodAutoscalerSpec preview|scaleTargetRef 1 autoscaling.v1.CrossVersionObjectReference|minReplicas 2 i64|maxReplicas 3 i64|metrics 4 []autoscaling.v2beta1.HorizontalPodAutoscalerSpecMetrics
autoscaling.v2beta1.HorizontalPodAutoscalerSpecMetrics preview|type 1 s|object 2 autoscaling.v2beta1.HorizontalPodAutoscalerSpecMetricsObject|pods 3 autoscaling.v2beta1.HorizontalPodAutoscalerSpecMetricsPods|resource 4 autoscaling.v2beta1.HorizontalPodAutoscalerSpecMetricsResource|containerResource 7 autoscaling.v2beta1.HorizontalPodAutoscalerSpecMetricsContainerResource|external 5 autoscaling.v2beta1.HorizontalPodAutoscalerSpecMetricsExternal
autoscaling.v2beta1.HorizontalPodAutoscalerSpecMetricsContainerResource preview|name 1 s|targetAverageUtilization 2 i64|targetAverageValue 3 q|container 4 s
autoscaling.v2beta1.HorizontalPodAutoscalerSpecMetricsExternal preview|metricName 1 s|metricSelector 2 meta.v1.LabelSelector|targetValue 3 q|targetAverageValue 4 q
autoscaling.v2beta1.HorizontalPodAutoscalerSpecMetricsObject preview|target 1 autoscaling.v1.CrossVersionObjectReference|metricName 2 s|targetValue 3 q|selector 4 meta.v1.LabelSelector|averageValue 5 q
autoscaling.v2beta1.HorizontalPodAutoscalerSpecMetricsPods preview|metricName 1 s|targetAverageValue 2 q|selector 3 meta.v1.LabelSelector
autoscaling.v2beta1.HorizontalPodAutoscalerSpecMetricsResource preview|name 1 s|targetAverageUtilization 2 i64|targetAverageValue 3 q
autoscaling.v2beta1.HorizontalPodAutoscalerStatus preview|observedGeneration 1 i64|lastScaleTime 2 time|currentReplicas 3 i64|desiredReplicas 4 i64|currentMetrics 5 []autoscaling.v2beta1.HorizontalPodAutoscalerStatusCurrentMetrics n|conditions 6 []autoscaling.v2.HorizontalPodAutoscalerCondition n
autoscaling.v2beta1.HorizontalPodAutoscalerStatusCurrentMetrics preview|type 1 s|object 2 autoscaling.v2beta1.HorizontalPodAutoscalerStatusCurrentMetricsObject|pods 3 autoscaling.v2beta1.HorizontalPodAutoscalerStatusCurrentMetricsPods|resource 4 autoscaling.v2beta1.HorizontalPodAutoscalerStatusCurrentMetricsResource|containerResource 7 autoscaling.v2beta1.HorizontalPodAutoscalerStatusCurrentMetricsContainerResource|external 5 autoscaling.v2beta1.HorizontalPodAutoscalerStatusCurrentMetricsExternal
autoscaling.v2beta1.HorizontalPodAutoscalerStatusCurrentMetricsContainerResource preview|name 1 s|currentAverageUtilization 2 i64|currentAverageValue 3 q|container 4 s
autoscaling.v2beta1.HorizontalPodAutoscalerStatusCurrentMetricsExternal preview|metricName 1 s|metricSelector 2 meta.v1.LabelSelector|currentValue 3 q|currentAverageValue 4 q
autoscaling.v2beta1.HorizontalPodAutoscalerStatusCurrentMetricsObject preview|target 1 autoscaling.v1.CrossVersionObjectReference|metricName 2 s|currentValue 3 q|selector 4 meta.v1.LabelSelector|averageValue 5 q
autoscaling.v2beta1.HorizontalPodAutoscalerStatusCurrentMetricsPods preview|metricName 1 s|currentAverageValue 2 q|selector 3 meta.v1.LabelSelector
autoscaling.v2beta1.HorizontalPodAutoscalerStatusCurrentMetricsResource preview|name 1 s|currentAverageUtilization 2 i64|currentAverageValue 3 q
autoscaling.v2beta2.HorizontalPodAutoscaler k=autoscaling/v2beta2/HorizontalPodAutoscaler preview|metadata 1 meta.v1.ObjectMeta|spec 2 autoscaling.v2.HorizontalPodAutoscalerSpec|status 3 autoscaling.v2.HorizontalPodAutoscalerStatus
batch.v1.CronJob k=batch/v1/CronJob|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 batch.v1.CronJobSpec d={}|status 3 batch.v1.CronJobStatus d={}
batch.v1.CronJobList k=batch/v1/CronJobList|apiVersion - s z|items! 2 []batch.v1.CronJob|kind - s z|metadata 1 meta.v1.ListMeta d={}
batch.v1.CronJobSpec|concurrencyPolicy 3 s z g=v1.ConcurrencyPolicy|failedJobsHistoryLimit 7 i32|jobTemplate! 5 batch.v1.JobTemplateSpec d={}|schedule! 1 s d=""|startingDeadlineSeconds 2 i64|successfulJobsHistoryLimit 6 i32|suspend 4 b|timeZone 8 s
batch.v1.CronJobStatus|active 1 []core.v1.ObjectReference l=atomic|lastScheduleTime 4 time|lastSuccessfulTime 5 time
batch.v1.Job k=batch/v1/Job|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 batch.v1.JobSpec d={}|status 3 batch.v1.JobStatus d={}
batch.v1.JobCondition|lastProbeTime 3 time|lastTransitionTime 4 time|message 6 s z|reason 5 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.JobConditionType d=""
batch.v1.JobList k=batch/v1/JobList|apiVersion - s z|items! 2 []batch.v1.Job|kind - s z|metadata 1 meta.v1.ListMeta d={}
batch.v1.JobSpec|activeDeadlineSeconds 3 i64|backoffLimit 7 i32|backoffLimitPerIndex 12 i32|completionMode 9 s g=v1.CompletionMode|completions 2 i32|managedBy 15 s|manualSelector 5 b|maxFailedIndexes 13 i32|parallelism 1 i32|podFailurePolicy 11 batch.v1.PodFailurePolicy|podReplacementPolicy 14 s g=v1.PodReplacementPolicy|selector 4 meta.v1.LabelSelector|successPolicy 16 batch.v1.SuccessPolicy|suspend 10 b|template! 6 core.v1.PodTemplateSpec d={}|ttlSecondsAfterFinished 8 i32|scheduling 17 batch.v1.JobSpecScheduling preview
batch.v1.JobSpecScheduling preview|schedulingPolicy 1 batch.v1.JobSpecSchedulingSchedulingPolicy|schedulingConstraints 2 batch.v1.JobSpecSchedulingSchedulingConstraints|disruptionMode 3 batch.v1.JobSpecSchedulingDisruptionMode|resourceClaims 4 []batch.v1.JobSpecSchedulingResourceClaims
batch.v1.JobSpecSchedulingDisruptionMode preview|single 1 batch.v1.JobSpecSchedulingDisruptionModeSingle|all 2 batch.v1.JobSpecSchedulingDisruptionModeAll
batch.v1.JobSpecSchedulingDisruptionModeAll preview
batch.v1.JobSpecSchedulingDisruptionModeSingle preview
batch.v1.JobSpecSchedulingResourceClaims preview|name 1 s|resourceClaimName 2 s|resourceClaimTemplateName 3 s
batch.v1.JobSpecSchedulingSchedulingConstraints preview|topology 1 []meta.v1.FieldSelectorRequirement
batch.v1.JobSpecSchedulingSchedulingPolicy preview|basic 1 batch.v1.JobSpecSchedulingSchedulingPolicyBasic|gang 2 scheduling.v1alpha1.GangSchedulingPolicy
batch.v1.JobSpecSchedulingSchedulingPolicyBasic preview
batch.v1.JobStatus|active 4 i32 z|completedIndexes 7 s z|completionTime 3 time|conditions 1 []batch.v1.JobCondition l=atomic p=merge m=type|failed 6 i32 z|failedIndexes 10 s|ready 9 i32|startTime 2 time|succeeded 5 i32 z|terminating 11 i32|uncountedTerminatedPods 8 batch.v1.UncountedTerminatedPods
batch.v1.JobTemplateSpec|metadata 1 meta.v1.ObjectMeta d={}|spec 2 batch.v1.JobSpec d={}
batch.v1.PodFailurePolicy|rules! 1 []batch.v1.PodFailurePolicyRule l=atomic
batch.v1.PodFailurePolicyOnExitCodesRequirement|containerName 1 s|operator! 2 s g=v1.PodFailurePolicyOnExitCodesOperator d=""|values! 3 []i32 l=set
batch.v1.PodFailurePolicyOnPodConditionsPattern|status 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.PodConditionType d=""
batch.v1.PodFailurePolicyRule|action! 1 s g=v1.PodFailurePolicyAction d=""|onExitCodes 2 batch.v1.PodFailurePolicyOnExitCodesRequirement|onPodConditions 3 []batch.v1.PodFailurePolicyOnPodConditionsPattern l=atomic
batch.v1.SuccessPolicy|rules! 1 []batch.v1.SuccessPolicyRule l=atomic
batch.v1.SuccessPolicyRule|succeededCount 2 i32|succeededIndexes 1 s
batch.v1.UncountedTerminatedPods|failed 2 []s l=set g=[]types.UID|succeeded 1 []s l=set g=[]types.UID
batch.v1beta1.CronJob k=batch/v1beta1/CronJob preview|metadata 1 meta.v1.ObjectMeta|spec 2 batch.v1.CronJobSpec|status 3 batch.v1.CronJobStatus
certificates.v1.CertificateSigningRequest k=certificates.k8s.io/v1/CertificateSigningRequest|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 certificates.v1.CertificateSigningRequestSpec d={}|status 3 certificates.v1.CertificateSigningRequestStatus d={}
certificates.v1.CertificateSigningRequestCondition|lastTransitionTime 5 time|lastUpdateTime 4 time|message 3 s z|reason 2 s z|status! 6 s g=v1.ConditionStatus d=""|type! 1 s g=v1.RequestConditionType d=""
certificates.v1.CertificateSigningRequestList k=certificates.k8s.io/v1/CertificateSigningRequestList|apiVersion - s z|items! 2 []certificates.v1.CertificateSigningRequest|kind - s z|metadata 1 meta.v1.ListMeta d={}
certificates.v1.CertificateSigningRequestSpec|expirationSeconds 8 i32|extra 6 {}<>s|groups 4 []s l=atomic|request! 1 bytes|signerName! 7 s d=""|uid 3 s z|usages 5 []s l=atomic g=[]v1.KeyUsage|username 2 s z
certificates.v1.CertificateSigningRequestStatus|certificate 2 bytes|conditions 1 []certificates.v1.CertificateSigningRequestCondition l=map(type)
certificates.v1.ClusterTrustBundle k=certificates.k8s.io/v1/ClusterTrustBundle preview|metadata 1 meta.v1.ObjectMeta|spec 2 certificates.v1alpha1.ClusterTrustBundleSpec
certificates.v1.PodCertificateRequest k=certificates.k8s.io/v1/PodCertificateRequest preview|metadata 1 meta.v1.ObjectMeta|spec 2 certificates.v1beta1.PodCertificateRequestSpec|status 3 certificates.v1beta1.PodCertificateRequestStatus
certificates.v1alpha1.ClusterTrustBundle k=certificates.k8s.io/v1alpha1/ClusterTrustBundle|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 certificates.v1alpha1.ClusterTrustBundleSpec d={}
certificates.v1alpha1.ClusterTrustBundleList k=certificates.k8s.io/v1alpha1/ClusterTrustBundleList|apiVersion - s z|items! 2 []certificates.v1alpha1.ClusterTrustBundle|kind - s z|metadata 1 meta.v1.ListMeta d={}
certificates.v1alpha1.ClusterTrustBundleSpec|signerName 1 s z|trustBundle! 2 s d=""
certificates.v1alpha1.PodCertificateRequest k=certificates.k8s.io/v1alpha1/PodCertificateRequest preview|metadata 1 meta.v1.ObjectMeta|spec 2 certificates.v1beta1.PodCertificateRequestSpec|status 3 certificates.v1beta1.PodCertificateRequestStatus
certificates.v1beta1.CertificateSigningRequest k=certificates.k8s.io/v1beta1/CertificateSigningRequest preview|metadata 1 meta.v1.ObjectMeta|spec 2 certificates.v1.CertificateSigningRequestSpec|status 3 certificates.v1.CertificateSigningRequestStatus
certificates.v1beta1.ClusterTrustBundle k=certificates.k8s.io/v1beta1/ClusterTrustBundle|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 certificates.v1beta1.ClusterTrustBundleSpec d={}
certificates.v1beta1.ClusterTrustBundleList k=certificates.k8s.io/v1beta1/ClusterTrustBundleList|apiVersion - s z|items! 2 []certificates.v1beta1.ClusterTrustBundle|kind - s z|metadata 1 meta.v1.ListMeta d={}
certificates.v1beta1.ClusterTrustBundleSpec|signerName 1 s z|trustBundle! 2 s d=""
certificates.v1beta1.PodCertificateRequest k=certificates.k8s.io/v1beta1/PodCertificateRequest|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 certificates.v1beta1.PodCertificateRequestSpec d={}|status 3 certificates.v1beta1.PodCertificateRequestStatus d={}
certificates.v1beta1.PodCertificateRequestList k=certificates.k8s.io/v1beta1/PodCertificateRequestList|apiVersion - s z|items! 2 []certificates.v1beta1.PodCertificateRequest|kind - s z|metadata 1 meta.v1.ListMeta d={}
certificates.v1beta1.PodCertificateRequestSpec|maxExpirationSeconds 8 i32 d=86400|nodeName! 6 s g=types.NodeName d=""|nodeUID! 7 s g=types.UID d=""|pkixPublicKey! 9 bytes|podName! 2 s d=""|podUID! 3 s g=types.UID d=""|proofOfPossession! 10 bytes|serviceAccountName! 4 s d=""|serviceAccountUID! 5 s g=types.UID d=""|signerName! 1 s d=""|unverifiedUserAnnotations 11 {}s|stubPKCS10Request 12 bytes preview
certificates.v1beta1.PodCertificateRequestStatus|beginRefreshAt 5 time|certificateChain 2 s z|conditions 1 []meta.v1.Condition l=map(type) p=merge m=type|notAfter 6 time|notBefore 4 time
coordination.v1.Lease k=coordination.k8s.io/v1/Lease|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 coordination.v1.LeaseSpec d={}
coordination.v1.LeaseList k=coordination.k8s.io/v1/LeaseList|apiVersion - s z|items! 2 []coordination.v1.Lease|kind - s z|metadata 1 meta.v1.ListMeta d={}
coordination.v1.LeaseSpec|acquireTime 3 microtime|holderIdentity 1 s|leaseDurationSeconds 2 i32|leaseTransitions 5 i32|preferredHolder 7 s|renewTime 4 microtime|strategy 6 s g=v1.CoordinatedLeaseStrategy
coordination.v1alpha2.LeaseCandidate k=coordination.k8s.io/v1alpha2/LeaseCandidate|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 coordination.v1alpha2.LeaseCandidateSpec d={}
coordination.v1alpha2.LeaseCandidateList k=coordination.k8s.io/v1alpha2/LeaseCandidateList|apiVersion - s z|items! 2 []coordination.v1alpha2.LeaseCandidate|kind - s z|metadata 1 meta.v1.ListMeta d={}
coordination.v1alpha2.LeaseCandidateSpec|binaryVersion! 4 s d=""|emulationVersion 5 s z|leaseName! 1 s d=""|pingTime 2 microtime|renewTime 3 microtime|strategy! 6 s z g=v1.CoordinatedLeaseStrategy
coordination.v1beta1.Lease k=coordination.k8s.io/v1beta1/Lease preview|metadata 1 meta.v1.ObjectMeta|spec 2 coordination.v1.LeaseSpec
coordination.v1beta1.LeaseCandidate k=coordination.k8s.io/v1beta1/LeaseCandidate|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 coordination.v1beta1.LeaseCandidateSpec d={}
coordination.v1beta1.LeaseCandidateList k=coordination.k8s.io/v1beta1/LeaseCandidateList|apiVersion - s z|items! 2 []coordination.v1beta1.LeaseCandidate|kind - s z|metadata 1 meta.v1.ListMeta d={}
coordination.v1beta1.LeaseCandidateSpec|binaryVersion! 4 s d=""|emulationVersion 5 s z|leaseName! 1 s d=""|pingTime 2 microtime|renewTime 3 microtime|strategy! 6 s z g=v1.CoordinatedLeaseStrategy
core.v1.APIGroup k=/v1/APIGroup preview|name 1 s|versions 2 []core.v1.APIGroupVersions|preferredVersion 3 core.v1.APIGroupPreferredVersion|serverAddressByClientCIDRs 4 []core.v1.APIGroupServerAddressByClientCIDRs
core.v1.APIGroupPreferredVersion preview|groupVersion 1 s|version 2 s
core.v1.APIGroupServerAddressByClientCIDRs preview|clientCIDR 1 s|serverAddress 2 s
core.v1.APIGroupVersions preview|groupVersion 1 s|version 2 s
core.v1.APIVersions k=/v1/APIVersions preview|versions 1 []s|serverAddressByClientCIDRs 2 []core.v1.APIGroupServerAddressByClientCIDRs
core.v1.AWSElasticBlockStoreVolumeSource|fsType 2 s z|partition 3 i32 z|readOnly 4 b z|volumeID! 1 s d=""
core.v1.Affinity|nodeAffinity 1 core.v1.NodeAffinity|podAffinity 2 core.v1.PodAffinity|podAntiAffinity 3 core.v1.PodAntiAffinity
core.v1.AppArmorProfile|localhostProfile 2 s|type! 1 s g=v1.AppArmorProfileType d=""
core.v1.AttachedVolume|devicePath! 2 s d=""|name! 1 s g=v1.UniqueVolumeName d=""
core.v1.AzureDiskVolumeSource|cachingMode 3 s g=v1.AzureDataDiskCachingMode d="ReadWrite"|diskName! 1 s d=""|diskURI! 2 s d=""|fsType 4 s d="ext4"|kind 6 s g=v1.AzureDataDiskKind d="Shared"|readOnly 5 b d=false
core.v1.AzureFilePersistentVolumeSource|readOnly 3 b z|secretName! 1 s d=""|secretNamespace 4 s|shareName! 2 s d=""
core.v1.AzureFileVolumeSource|readOnly 3 b z|secretName! 1 s d=""|shareName! 2 s d=""
core.v1.Binding k=/v1/Binding|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|target! 2 core.v1.ObjectReference d={}
core.v1.CSIPersistentVolumeSource|controllerExpandSecretRef 9 core.v1.SecretReference|controllerPublishSecretRef 6 core.v1.SecretReference|driver! 1 s d=""|fsType 4 s z|nodeExpandSecretRef 10 core.v1.SecretReference|nodePublishSecretRef 8 core.v1.SecretReference|nodeStageSecretRef 7 core.v1.SecretReference|readOnly 3 b z|volumeAttributes 5 {}s|volumeHandle! 2 s d=""
core.v1.CSIVolumeSource|driver! 1 s d=""|fsType 3 s|nodePublishSecretRef 5 core.v1.LocalObjectReference|readOnly 2 b|volumeAttributes 4 {}s
core.v1.Capabilities|add 1 []s l=atomic g=[]v1.Capability|drop 2 []s l=atomic g=[]v1.Capability
core.v1.CephFSPersistentVolumeSource|monitors! 1 []s l=atomic|path 2 s z|readOnly 6 b z|secretFile 4 s z|secretRef 5 core.v1.SecretReference|user 3 s z
core.v1.CephFSVolumeSource|monitors! 1 []s l=atomic|path 2 s z|readOnly 6 b z|secretFile 4 s z|secretRef 5 core.v1.LocalObjectReference|user 3 s z
core.v1.CinderPersistentVolumeSource|fsType 2 s z|readOnly 3 b z|secretRef 4 core.v1.SecretReference|volumeID! 1 s d=""
core.v1.CinderVolumeSource|fsType 2 s z|readOnly 3 b z|secretRef 4 core.v1.LocalObjectReference|volumeID! 1 s d=""
core.v1.ClientIPConfig|timeoutSeconds 1 i32
core.v1.ClusterTrustBundleProjection|labelSelector 3 meta.v1.LabelSelector|name 1 s|optional 5 b|path! 4 s d=""|signerName 2 s|user 6 i64 preview
core.v1.ComponentCondition|error 4 s z|message 3 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.ComponentConditionType d=""
core.v1.ComponentStatus k=/v1/ComponentStatus|apiVersion - s z|conditions 2 []core.v1.ComponentCondition l=map(type) p=merge m=type|kind - s z|metadata 1 meta.v1.ObjectMeta d={}
core.v1.ComponentStatusList k=/v1/ComponentStatusList|apiVersion - s z|items! 2 []core.v1.ComponentStatus|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.ConfigMap k=/v1/ConfigMap|apiVersion - s z|binaryData 3 {}bytes|data 2 {}s|immutable 4 b|kind - s z|metadata 1 meta.v1.ObjectMeta d={}
core.v1.ConfigMapEnvSource|name 1.1 s z d=""|optional 2 b
core.v1.ConfigMapKeySelector atomic|key! 2 s d=""|name 1.1 s z d=""|optional 3 b
core.v1.ConfigMapList k=/v1/ConfigMapList|apiVersion - s z|items! 2 []core.v1.ConfigMap|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.ConfigMapNodeConfigSource|kubeletConfigKey! 5 s d=""|name! 2 s d=""|namespace! 1 s d=""|resourceVersion 4 s z|uid 3 s z g=types.UID
core.v1.ConfigMapProjection|items 2 []core.v1.KeyToPath l=atomic|name 1.1 s z d=""|optional 4 b
core.v1.ConfigMapVolumeSource|defaultMode 3 i32|items 2 []core.v1.KeyToPath l=atomic|name 1.1 s z d=""|optional 4 b|defaultUser 5 i64 preview
core.v1.Container|args 4 []s l=atomic|command 3 []s l=atomic|env 7 []core.v1.EnvVar l=map(name) p=merge m=name|envFrom 19 []core.v1.EnvFromSource l=atomic|image 2 s z|imagePullPolicy 14 s z g=v1.PullPolicy|lifecycle 12 core.v1.Lifecycle|livenessProbe 10 core.v1.Probe|name! 1 s d=""|ports 6 []core.v1.ContainerPort l=map(containerPort,protocol) p=merge m=containerPort|readinessProbe 11 core.v1.Probe|resizePolicy 23 []core.v1.ContainerResizePolicy l=atomic|resources 8 core.v1.ResourceRequirements d={}|restartPolicy 24 s g=v1.ContainerRestartPolicy|restartPolicyRules 25 []core.v1.ContainerRestartRule l=atomic|securityContext 15 core.v1.SecurityContext|startupProbe 22 core.v1.Probe|stdin 16 b z|stdinOnce 17 b z|terminationMessagePath 13 s z|terminationMessagePolicy 20 s z g=v1.TerminationMessagePolicy|tty 18 b z|volumeDevices 21 []core.v1.VolumeDevice l=map(devicePath) p=merge m=devicePath|volumeMounts 9 []core.v1.VolumeMount l=map(mountPath) p=merge m=mountPath|workingDir 5 s z
core.v1.ContainerExtendedResourceRequest|containerName! 1 s d=""|requestName! 3 s d=""|resourceName! 2 s d=""
core.v1.ContainerImage|names 1 []s l=atomic n|sizeBytes 2 i64 z
core.v1.ContainerPort|containerPort! 3 i32 d=0|hostIP 5 s z|hostPort 2 i32 z|name 1 s z|protocol 4 s z g=v1.Protocol d="TCP"
core.v1.ContainerResizePolicy|resourceName! 1 s g=v1.ResourceName d=""|restartPolicy! 2 s g=v1.ResourceResizeRestartPolicy d=""
core.v1.ContainerRestartRule|action! 1 s z g=v1.ContainerRestartRuleAction|exitCodes 2 core.v1.ContainerRestartRuleOnExitCodes
core.v1.ContainerRestartRuleOnExitCodes|operator! 1 s z g=v1.ContainerRestartRuleOnExitCodesOperator|values 2 []i32 l=set
core.v1.ContainerState|running 2 core.v1.ContainerStateRunning|terminated 3 core.v1.ContainerStateTerminated|waiting 1 core.v1.ContainerStateWaiting
core.v1.ContainerStateRunning|startedAt 1 time
core.v1.ContainerStateTerminated|containerID 7 s z|exitCode! 1 i32 d=0|finishedAt 6 time|message 4 s z|reason 3 s z|signal 2 i32 z|startedAt 5 time
core.v1.ContainerStateWaiting|message 2 s z|reason 1 s z
core.v1.ContainerStatus|allocatedResources 10 {}q g=v1.ResourceList|allocatedResourcesStatus 14 []core.v1.ResourceStatus l=map(name) p=merge m=name|containerID 8 s z|image! 6 s d=""|imageID! 7 s d=""|lastState 3 core.v1.ContainerState d={}|name! 1 s d=""|ready! 4 b d=false|resources 11 core.v1.ResourceRequirements|restartCount! 5 i32 d=0|started 9 b|state 2 core.v1.ContainerState d={}|stopSignal 15 s g=v1.Signal|user 13 core.v1.ContainerUser|volumeMounts 12 []core.v1.VolumeMountStatus l=map(mountPath) p=merge m=mountPath
core.v1.ContainerUser|linux 1 core.v1.LinuxContainerUser
core.v1.CreateOptions k=/v1/CreateOptions preview|dryRun 1 []s|fieldManager 3 s|fieldValidation 4 s
core.v1.DaemonEndpoint|Port! 1 i32 d=0
core.v1.DownwardAPIProjection|items 1 []core.v1.DownwardAPIVolumeFile l=atomic
core.v1.DownwardAPIVolumeFile|fieldRef 2 core.v1.ObjectFieldSelector|mode 4 i32|path! 1 s d=""|resourceFieldRef 3 core.v1.ResourceFieldSelector|user 5 i64 preview
core.v1.DownwardAPIVolumeSource|defaultMode 2 i32|items 1 []core.v1.DownwardAPIVolumeFile l=atomic|defaultUser 3 i64 preview
core.v1.EmptyDirVolumeSource|medium 1 s z g=v1.StorageMedium|sizeLimit 2 q|mode 3 i64 preview
core.v1.EndpointAddress atomic|hostname 3 s z|ip! 1 s d=""|nodeName 4 s|targetRef 2 core.v1.ObjectReference
core.v1.EndpointPort atomic|appProtocol 4 s|name 1 s z|port! 2 i32 d=0|protocol 3 s z g=v1.Protocol
core.v1.EndpointSubset|addresses 1 []core.v1.EndpointAddress l=atomic|notReadyAddresses 2 []core.v1.EndpointAddress l=atomic|ports 3 []core.v1.EndpointPort l=atomic
core.v1.Endpoints k=/v1/Endpoints|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|subsets 2 []core.v1.EndpointSubset l=atomic
core.v1.EndpointsList k=/v1/EndpointsList|apiVersion - s z|items! 2 []core.v1.Endpoints|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.EnvFromSource|configMapRef 2 core.v1.ConfigMapEnvSource|prefix 1 s z|secretRef 3 core.v1.SecretEnvSource
core.v1.EnvVar|name! 1 s d=""|value 2 s z|valueFrom 3 core.v1.EnvVarSource
core.v1.EnvVarSource|configMapKeyRef 3 core.v1.ConfigMapKeySelector|fieldRef 1 core.v1.ObjectFieldSelector|fileKeyRef 5 core.v1.FileKeySelector|resourceFieldRef 2 core.v1.ResourceFieldSelector|secretKeyRef 4 core.v1.SecretKeySelector
core.v1.EphemeralContainer|args 1.4 []s l=atomic|command 1.3 []s l=atomic|env 1.7 []core.v1.EnvVar l=map(name) p=merge m=name|envFrom 1.19 []core.v1.EnvFromSource l=atomic|image 1.2 s z|imagePullPolicy 1.14 s z g=v1.PullPolicy|lifecycle 1.12 core.v1.Lifecycle|livenessProbe 1.10 core.v1.Probe|name! 1.1 s d=""|ports 1.6 []core.v1.ContainerPort l=map(containerPort,protocol) p=merge m=containerPort|readinessProbe 1.11 core.v1.Probe|resizePolicy 1.23 []core.v1.ContainerResizePolicy l=atomic|resources 1.8 core.v1.ResourceRequirements d={}|restartPolicy 1.24 s g=v1.ContainerRestartPolicy|restartPolicyRules 1.25 []core.v1.ContainerRestartRule l=atomic|securityContext 1.15 core.v1.SecurityContext|startupProbe 1.22 core.v1.Probe|stdin 1.16 b z|stdinOnce 1.17 b z|targetContainerName 2 s z|terminationMessagePath 1.13 s z|terminationMessagePolicy 1.20 s z g=v1.TerminationMessagePolicy|tty 1.18 b z|volumeDevices 1.21 []core.v1.VolumeDevice l=map(devicePath) p=merge m=devicePath|volumeMounts 1.9 []core.v1.VolumeMount l=map(mountPath) p=merge m=mountPath|workingDir 1.5 s z
core.v1.EphemeralVolumeSource|volumeClaimTemplate 1 core.v1.PersistentVolumeClaimTemplate
core.v1.Event k=/v1/Event|action 12 s z|apiVersion - s z|count 8 i32 z|eventTime 10 microtime|firstTimestamp 6 time|involvedObject! 2 core.v1.ObjectReference d={}|kind - s z|lastTimestamp 7 time|message 4 s z|metadata! 1 meta.v1.ObjectMeta d={}|reason 3 s z|related 13 core.v1.ObjectReference|reportingComponent 14 s d=""|reportingInstance 15 s d=""|series 11 core.v1.EventSeries|source 5 core.v1.EventSource d={}|type 9 s z
core.v1.EventList k=/v1/EventList|apiVersion - s z|items! 2 []core.v1.Event|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.EventSeries|count 1 i32 z|lastObservedTime 2 microtime
core.v1.EventSource|component 1 s z|host 2 s z
core.v1.ExecAction|command 1 []s l=atomic
core.v1.FCVolumeSource|fsType 3 s z|lun 2 i32|readOnly 4 b z|targetWWNs 1 []s l=atomic|wwids 5 []s l=atomic
core.v1.FileKeySelector atomic|key! 3 s d=""|optional 4 b d=false|path! 2 s d=""|volumeName! 1 s d=""
core.v1.FlexPersistentVolumeSource|driver! 1 s d=""|fsType 2 s z|options 5 {}s|readOnly 4 b z|secretRef 3 core.v1.SecretReference
core.v1.FlexVolumeSource|driver! 1 s d=""|fsType 2 s z|options 5 {}s|readOnly 4 b z|secretRef 3 core.v1.LocalObjectReference
core.v1.FlockerVolumeSource|datasetName 1 s z|datasetUUID 2 s z
core.v1.GCEPersistentDiskVolumeSource|fsType 2 s z|partition 3 i32 z|pdName! 1 s d=""|readOnly 4 b z
core.v1.GRPCAction|port! 1 i32 d=0|service 2 s d=""|mode 3 s preview
core.v1.GetOptions k=/v1/GetOptions preview|resourceVersion 1 s
core.v1.GitRepoVolumeSource|directory 3 s z|repository! 1 s d=""|revision 2 s z
core.v1.GlusterfsPersistentVolumeSource|endpoints! 1 s d=""|endpointsNamespace 4 s|path! 2 s d=""|readOnly 3 b z
core.v1.GlusterfsVolumeSource|endpoints! 1 s d=""|path! 2 s d=""|readOnly 3 b z
core.v1.HTTPGetAction|host 3 s z|httpHeaders 5 []core.v1.HTTPHeader l=atomic|path 1 s z|port! 2 x|scheme 4 s z g=v1.URIScheme|protocol 6 s preview
core.v1.HTTPHeader|name! 1 s d=""|value! 2 s d=""
core.v1.HostAlias|hostnames 2 []s l=atomic|ip! 1 s d=""
core.v1.HostIP|ip! 1 s d=""
core.v1.HostPathVolumeSource|path! 1 s d=""|type 2 s g=v1.HostPathType
core.v1.ISCSIPersistentVolumeSource|chapAuthDiscovery 8 b z|chapAuthSession 11 b z|fsType 5 s z|initiatorName 12 s|iqn! 2 s d=""|iscsiInterface 4 s z d="default"|lun! 3 i32 d=0|portals 7 []s l=atomic|readOnly 6 b z|secretRef 10 core.v1.SecretReference|targetPortal! 1 s d=""
core.v1.ISCSIVolumeSource|chapAuthDiscovery 8 b z|chapAuthSession 11 b z|fsType 5 s z|initiatorName 12 s|iqn! 2 s d=""|iscsiInterface 4 s z d="default"|lun! 3 i32 d=0|portals 7 []s l=atomic|readOnly 6 b z|secretRef 10 core.v1.LocalObjectReference|targetPortal! 1 s d=""
core.v1.ImageVolumeSource|pullPolicy 2 s z g=v1.PullPolicy|reference 1 s z
core.v1.KeyToPath|key! 1 s d=""|mode 3 i32|path! 2 s d=""|user 4 i64 preview
core.v1.Lifecycle|postStart 1 core.v1.LifecycleHandler|preStop 2 core.v1.LifecycleHandler|stopSignal 3 s g=v1.Signal
core.v1.LifecycleHandler|exec 1 core.v1.ExecAction|httpGet 2 core.v1.HTTPGetAction|sleep 4 core.v1.SleepAction|tcpSocket 3 core.v1.TCPSocketAction
core.v1.LimitRange k=/v1/LimitRange|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 core.v1.LimitRangeSpec d={}
core.v1.LimitRangeItem|default 4 {}q g=v1.ResourceList|defaultRequest 5 {}q g=v1.ResourceList|max 2 {}q g=v1.ResourceList|maxLimitRequestRatio 6 {}q g=v1.ResourceList|min 3 {}q g=v1.ResourceList|type! 1 s g=v1.LimitType d=""
core.v1.LimitRangeList k=/v1/LimitRangeList|apiVersion - s z|items! 2 []core.v1.LimitRange|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.LimitRangeSpec|limits! 1 []core.v1.LimitRangeItem l=atomic
core.v1.LinuxContainerUser|gid! 2 i64 d=0|supplementalGroups 3 []i64 l=atomic|uid! 1 i64 d=0
core.v1.ListOptions k=/v1/ListOptions preview|labelSelector 1 s|fieldSelector 2 s|watch 3 b|allowWatchBookmarks 9 b|resourceVersion 4 s|resourceVersionMatch 10 s|timeoutSeconds 5 i64|limit 7 i64|continue 8 s|sendInitialEvents 11 b|shardSelector 15 s
core.v1.LoadBalancerIngress|hostname 2 s z|ip 1 s z|ipMode 3 s g=v1.LoadBalancerIPMode|ports 4 []core.v1.PortStatus l=atomic
core.v1.LoadBalancerStatus|ingress 1 []core.v1.LoadBalancerIngress l=atomic
core.v1.LocalObjectReference atomic|name 1 s z d=""
core.v1.LocalVolumeSource|fsType 2 s|path! 1 s d=""
core.v1.ModifyVolumeStatus|status! 2 s g=v1.PersistentVolumeClaimModifyVolumeStatus d=""|targetVolumeAttributesClassName 1 s z
core.v1.NFSVolumeSource|path! 2 s d=""|readOnly 3 b z|server! 1 s d=""
core.v1.Namespace k=/v1/Namespace|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 core.v1.NamespaceSpec d={}|status 3 core.v1.NamespaceStatus d={}
core.v1.NamespaceCondition|lastTransitionTime 4 time|message 6 s z|reason 5 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.NamespaceConditionType d=""
core.v1.NamespaceList k=/v1/NamespaceList|apiVersion - s z|items! 2 []core.v1.Namespace|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.NamespaceSpec|finalizers 1 []s l=atomic g=[]v1.FinalizerName
core.v1.NamespaceStatus|conditions 2 []core.v1.NamespaceCondition l=map(type) p=merge m=type|phase 1 s z g=v1.NamespacePhase
core.v1.Node k=/v1/Node|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 core.v1.NodeSpec d={}|status 3 core.v1.NodeStatus d={}
core.v1.NodeAddress|address! 2 s d=""|type! 1 s g=v1.NodeAddressType d=""
core.v1.NodeAffinity|preferredDuringSchedulingIgnoredDuringExecution 2 []core.v1.PreferredSchedulingTerm l=atomic|requiredDuringSchedulingIgnoredDuringExecution 1 core.v1.NodeSelector
core.v1.NodeCondition|lastHeartbeatTime 3 time|lastTransitionTime 4 time|message 6 s z|reason 5 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.NodeConditionType d=""
core.v1.NodeConfigSource|configMap 2 core.v1.ConfigMapNodeConfigSource
core.v1.NodeConfigStatus|active 2 core.v1.NodeConfigSource|assigned 1 core.v1.NodeConfigSource|error 4 s z|lastKnownGood 3 core.v1.NodeConfigSource
core.v1.NodeDaemonEndpoints|kubeletEndpoint 1 core.v1.DaemonEndpoint d={}
core.v1.NodeFeatures|supplementalGroupsPolicy 1 b
core.v1.NodeList k=/v1/NodeList|apiVersion - s z|items! 2 []core.v1.Node|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.NodeProxyOptions k=/v1/NodeProxyOptions preview|path 1 s z
core.v1.NodeRuntimeHandler|features 2 core.v1.NodeRuntimeHandlerFeatures|name 1 s d=""
core.v1.NodeRuntimeHandlerFeatures|recursiveReadOnlyMounts 1 b|userNamespaces 2 b
core.v1.NodeSelector atomic|nodeSelectorTerms! 1 []core.v1.NodeSelectorTerm l=atomic
core.v1.NodeSelectorRequirement|key! 1 s d=""|operator! 2 s g=v1.NodeSelectorOperator d=""|values 3 []s l=atomic
core.v1.NodeSelectorTerm atomic|matchExpressions 1 []core.v1.NodeSelectorRequirement l=atomic|matchFields 2 []core.v1.NodeSelectorRequirement l=atomic
core.v1.NodeSpec|configSource 6 core.v1.NodeConfigSource|externalID 2 s z|podCIDR 1 s z|podCIDRs 7 []s l=set p=merge|providerID 3 s z|taints 5 []core.v1.Taint l=atomic|unschedulable 4 b z|podPreemptionPolicy 8 core.v1.NodeSpecPodPreemptionPolicy preview
core.v1.NodeSpecPodPreemptionPolicy preview|disableResizePreemption 1 []s
core.v1.NodeStatus|addresses 5 []core.v1.NodeAddress l=map(type) p=merge m=type|allocatable 2 {}q g=v1.ResourceList|capacity 1 {}q g=v1.ResourceList|conditions 4 []core.v1.NodeCondition l=map(type) p=merge m=type|config 11 core.v1.NodeConfigStatus|daemonEndpoints 6 core.v1.NodeDaemonEndpoints d={}|declaredFeatures 14 []s l=atomic|features 13 core.v1.NodeFeatures|images 8 []core.v1.ContainerImage l=atomic|nodeInfo 7 core.v1.NodeSystemInfo d={}|phase 3 s z g=v1.NodePhase|runtimeHandlers 12 []core.v1.NodeRuntimeHandler l=atomic|volumesAttached 10 []core.v1.AttachedVolume l=atomic|volumesInUse 9 []s l=atomic g=[]v1.UniqueVolumeName
core.v1.NodeSwapStatus|capacity 1 i64
core.v1.NodeSystemInfo|architecture! 10 s d=""|bootID! 3 s d=""|containerRuntimeVersion! 6 s d=""|kernelVersion! 4 s d=""|kubeProxyVersion! 8 s d=""|kubeletVersion! 7 s d=""|machineID! 1 s d=""|operatingSystem! 9 s d=""|osImage! 5 s d=""|swap 11 core.v1.NodeSwapStatus|systemUUID! 2 s d=""
core.v1.ObjectFieldSelector atomic|apiVersion 1 s z|fieldPath! 2 s d=""
core.v1.ObjectReference atomic|apiVersion 5 s z|fieldPath 7 s z|kind 1 s z|name 3 s z|namespace 2 s z|resourceVersion 6 s z|uid 4 s z g=types.UID
core.v1.PatchOptions k=/v1/PatchOptions preview|dryRun 1 []s|force 2 b|fieldManager 3 s|fieldValidation 4 s
core.v1.PersistentVolume k=/v1/PersistentVolume|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 core.v1.PersistentVolumeSpec d={}|status 3 core.v1.PersistentVolumeStatus d={}
core.v1.PersistentVolumeClaim k=/v1/PersistentVolumeClaim|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 core.v1.PersistentVolumeClaimSpec d={}|status 3 core.v1.PersistentVolumeClaimStatus d={}
core.v1.PersistentVolumeClaimCondition|lastProbeTime 3 time|lastTransitionTime 4 time|message 6 s z|reason 5 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.PersistentVolumeClaimConditionType d=""
core.v1.PersistentVolumeClaimList k=/v1/PersistentVolumeClaimList|apiVersion - s z|items! 2 []core.v1.PersistentVolumeClaim|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.PersistentVolumeClaimSpec|accessModes 1 []s l=atomic g=[]v1.PersistentVolumeAccessMode|dataSource 7 core.v1.TypedLocalObjectReference|dataSourceRef 8 core.v1.TypedObjectReference|resources 2 core.v1.VolumeResourceRequirements d={}|selector 4 meta.v1.LabelSelector|storageClassName 5 s|volumeAttributesClassName 9 s|volumeMode 6 s g=v1.PersistentVolumeMode|volumeName 3 s z
core.v1.PersistentVolumeClaimStatus|accessModes 2 []s l=atomic g=[]v1.PersistentVolumeAccessMode|allocatedResourceStatuses 7 {}s g=map[v1.ResourceName]v1.ClaimResourceStatus|allocatedResources 5 {}q g=v1.ResourceList|capacity 3 {}q g=v1.ResourceList|conditions 4 []core.v1.PersistentVolumeClaimCondition l=map(type) p=merge m=type|currentVolumeAttributesClassName 8 s|modifyVolumeStatus 9 core.v1.ModifyVolumeStatus|phase 1 s z g=v1.PersistentVolumeClaimPhase|healthStatus 10 core.v1.PersistentVolumeClaimStatusHealthStatus preview
core.v1.PersistentVolumeClaimStatusHealthStatus preview|healthConditions 1 []core.v1.PersistentVolumeClaimStatusHealthStatusHealthConditions|lastTransitionTime 2 time
core.v1.PersistentVolumeClaimStatusHealthStatusHealthConditions preview|status 1 s|reason 2 s|message 3 s
core.v1.PersistentVolumeClaimTemplate|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 core.v1.PersistentVolumeClaimSpec d={}
core.v1.PersistentVolumeClaimVolumeSource|claimName! 1 s d=""|readOnly 2 b z
core.v1.PersistentVolumeList k=/v1/PersistentVolumeList|apiVersion - s z|items! 2 []core.v1.PersistentVolume|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.PersistentVolumeSpec|accessModes 3 []s l=atomic g=[]v1.PersistentVolumeAccessMode|awsElasticBlockStore 2.2 core.v1.AWSElasticBlockStoreVolumeSource|azureDisk 2.16 core.v1.AzureDiskVolumeSource|azureFile 2.13 core.v1.AzureFilePersistentVolumeSource|capacity 1 {}q g=v1.ResourceList|cephfs 2.9 core.v1.CephFSPersistentVolumeSource|cinder 2.8 core.v1.CinderPersistentVolumeSource|claimRef 4 core.v1.ObjectReference|csi 2.22 core.v1.CSIPersistentVolumeSource|fc 2.10 core.v1.FCVolumeSource|flexVolume 2.12 core.v1.FlexPersistentVolumeSource|flocker 2.11 core.v1.FlockerVolumeSource|gcePersistentDisk 2.1 core.v1.GCEPersistentDiskVolumeSource|glusterfs 2.4 core.v1.GlusterfsPersistentVolumeSource|hostPath 2.3 core.v1.HostPathVolumeSource|iscsi 2.7 core.v1.ISCSIPersistentVolumeSource|local 2.20 core.v1.LocalVolumeSource|mountOptions 7 []s l=atomic|nfs 2.5 core.v1.NFSVolumeSource|nodeAffinity 9 core.v1.VolumeNodeAffinity|persistentVolumeReclaimPolicy 5 s z g=v1.PersistentVolumeReclaimPolicy|photonPersistentDisk 2.17 core.v1.PhotonPersistentDiskVolumeSource|portworxVolume 2.18 core.v1.PortworxVolumeSource|quobyte 2.15 core.v1.QuobyteVolumeSource|rbd 2.6 core.v1.RBDPersistentVolumeSource|scaleIO 2.19 core.v1.ScaleIOPersistentVolumeSource|storageClassName 6 s z|storageos 2.21 core.v1.StorageOSPersistentVolumeSource|volumeAttributesClassName 10 s|volumeMode 8 s g=v1.PersistentVolumeMode|vsphereVolume 2.14 core.v1.VsphereVirtualDiskVolumeSource
core.v1.PersistentVolumeStatus|lastPhaseTransitionTime 4 time|message 2 s z|phase 1 s z g=v1.PersistentVolumePhase|reason 3 s z
core.v1.PhotonPersistentDiskVolumeSource|fsType 2 s z|pdID! 1 s d=""
core.v1.Pod k=/v1/Pod|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 core.v1.PodSpec d={}|status 3 core.v1.PodStatus d={}
core.v1.PodAffinity|preferredDuringSchedulingIgnoredDuringExecution 2 []core.v1.WeightedPodAffinityTerm l=atomic|requiredDuringSchedulingIgnoredDuringExecution 1 []core.v1.PodAffinityTerm l=atomic
core.v1.PodAffinityTerm|labelSelector 1 meta.v1.LabelSelector|matchLabelKeys 5 []s l=atomic|mismatchLabelKeys 6 []s l=atomic|namespaceSelector 4 meta.v1.LabelSelector|namespaces 2 []s l=atomic|topologyKey! 3 s d=""
core.v1.PodAntiAffinity|preferredDuringSchedulingIgnoredDuringExecution 2 []core.v1.WeightedPodAffinityTerm l=atomic|requiredDuringSchedulingIgnoredDuringExecution 1 []core.v1.PodAffinityTerm l=atomic
core.v1.PodAttachOptions k=/v1/PodAttachOptions preview|stdin 1 b z|stdout 2 b z|stderr 3 b z|tty 4 b z|container 5 s z
core.v1.PodCertificateProjection|certificateChainPath 6 s z|credentialBundlePath 4 s z|keyPath 5 s z|keyType! 2 s z|maxExpirationSeconds 3 i32|signerName! 1 s z|userAnnotations 7 {}s|user 8 i64 preview
core.v1.PodCondition|lastProbeTime 3 time|lastTransitionTime 4 time|message 6 s z|observedGeneration 7 i64 z|reason 5 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.PodConditionType d=""
core.v1.PodDNSConfig|nameservers 1 []s l=atomic|options 3 []core.v1.PodDNSConfigOption l=atomic|searches 2 []s l=atomic
core.v1.PodDNSConfigOption|name 1 s z|value 2 s
core.v1.PodExecOptions k=/v1/PodExecOptions preview|stdin 1 b z|stdout 2 b z|stderr 3 b z|tty 4 b z|container 5 s z|command 6 []s n
core.v1.PodExtendedResourceClaimStatus|requestMappings! 1 []core.v1.ContainerExtendedResourceRequest l=atomic|resourceClaimName! 2 s d=""
core.v1.PodIP|ip! 1 s d=""
core.v1.PodList k=/v1/PodList|apiVersion - s z|items! 2 []core.v1.Pod|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.PodLogOptions k=/v1/PodLogOptions preview|container 1 s z|follow 2 b z|previous 3 b z|sinceSeconds 4 i64|sinceTime 5 time|timestamps 6 b z|tailLines 7 i64|limitBytes 8 i64|insecureSkipTLSVerifyBackend 9 b z|stream 10 s
core.v1.PodOS|name! 1 s g=v1.OSName d=""
core.v1.PodPortForwardOptions k=/v1/PodPortForwardOptions preview|ports 1 []i64
core.v1.PodProxyOptions k=/v1/PodProxyOptions preview|path 1 s z
core.v1.PodReadinessGate|conditionType! 1 s g=v1.PodConditionType d=""
core.v1.PodResourceClaim|name! 1 s d=""|resourceClaimName 3 s|resourceClaimTemplateName 4 s
core.v1.PodResourceClaimStatus|name! 1 s d=""|resourceClaimName 2 s
core.v1.PodSchedulingGate|name! 1 s d=""
core.v1.PodSecurityContext|appArmorProfile 11 core.v1.AppArmorProfile|fsGroup 5 i64|fsGroupChangePolicy 9 s g=v1.PodFSGroupChangePolicy|runAsGroup 6 i64|runAsNonRoot 3 b|runAsUser 2 i64|seLinuxChangePolicy 13 s g=v1.PodSELinuxChangePolicy|seLinuxOptions 1 core.v1.SELinuxOptions|seccompProfile 10 core.v1.SeccompProfile|supplementalGroups 4 []i64 l=atomic|supplementalGroupsPolicy 12 s g=v1.SupplementalGroupsPolicy|sysctls 7 []core.v1.Sysctl l=atomic|windowsOptions 8 core.v1.WindowsSecurityContextOptions
core.v1.PodSpec|activeDeadlineSeconds 5 i64|affinity 18 core.v1.Affinity|automountServiceAccountToken 21 b|containers! 2 []core.v1.Container l=map(name) p=merge m=name|dnsConfig 26 core.v1.PodDNSConfig|dnsPolicy 6 s z g=v1.DNSPolicy|enableServiceLinks 30 b|ephemeralContainers 34 []core.v1.EphemeralContainer l=map(name) p=merge m=name|hostAliases 23 []core.v1.HostAlias l=map(ip) p=merge m=ip|hostIPC 13 b z|hostNetwork 11 b z|hostPID 12 b z|hostUsers 37 b|hostname 16 s z|hostnameOverride 41 s|imagePullSecrets 15 []core.v1.LocalObjectReference l=map(name) p=merge m=name|initContainers 20 []core.v1.Container l=map(name) p=merge m=name|nodeName 10 s z|nodeSelector 7 {}s atomic|os 36 core.v1.PodOS|overhead 32 {}q g=v1.ResourceList|preemptionPolicy 31 s g=v1.PreemptionPolicy|priority 25 i32|priorityClassName 24 s z|readinessGates 28 []core.v1.PodReadinessGate l=atomic|resourceClaims 39 []core.v1.PodResourceClaim l=map(name) p=merge,retainKeys m=name|resources 40 core.v1.ResourceRequirements|restartPolicy 3 s z g=v1.RestartPolicy|runtimeClassName 29 s|schedulerName 19 s z|schedulingGates 38 []core.v1.PodSchedulingGate l=map(name) p=merge m=name|securityContext 14 core.v1.PodSecurityContext|serviceAccount 9 s z|serviceAccountName 8 s z|setHostnameAsFQDN 35 b|shareProcessNamespace 27 b|subdomain 17 s z|terminationGracePeriodSeconds 4 i64|tolerations 22 []core.v1.Toleration l=atomic|topologySpreadConstraints 33 []core.v1.TopologySpreadConstraint l=map(topologyKey,whenUnsatisfiable) p=merge m=topologyKey|volumes 1 []core.v1.Volume l=map(name) p=merge,retainKeys m=name|workloadRef 42 core.v1.WorkloadReference|schedulingGroup 43 core.v1.PodSpecSchedulingGroup preview|evictionResponders 44 []core.v1.PodSpecEvictionResponders preview
core.v1.PodSpecEvictionResponders preview|name 1 s|priority 2 i64
core.v1.PodSpecSchedulingGroup preview|podGroupName 1 s
core.v1.PodStatus|allocatedResources 19 {}q g=v1.ResourceList|conditions 2 []core.v1.PodCondition l=map(type) p=merge m=type|containerStatuses 8 []core.v1.ContainerStatus l=atomic|ephemeralContainerStatuses 13 []core.v1.ContainerStatus l=atomic|extendedResourceClaimStatus 18 core.v1.PodExtendedResourceClaimStatus|hostIP 5 s z|hostIPs 16 []core.v1.HostIP l=atomic p=merge m=ip|initContainerStatuses 10 []core.v1.ContainerStatus l=atomic|message 3 s z|nominatedNodeName 11 s z|observedGeneration 17 i64 z|phase 1 s z g=v1.PodPhase|podIP 6 s z|podIPs 12 []core.v1.PodIP l=map(ip) p=merge m=ip|qosClass 9 s z g=v1.PodQOSClass|reason 4 s z|resize 14 s z g=v1.PodResizeStatus|resourceClaimStatuses 15 []core.v1.PodResourceClaimStatus l=map(name) p=merge,retainKeys m=name|resources 20 core.v1.ResourceRequirements|startTime 7 time|nodeAllocatableResourceClaimStatuses 21 []core.v1.PodStatusNodeAllocatableResourceClaimStatuses preview|volumeHealth 22 []core.v1.PodStatusVolumeHealth preview
core.v1.PodStatusNodeAllocatableResourceClaimStatuses preview|resourceClaimName 1 s|containers 2 []s|mapping 4 []core.v1.PodStatusNodeAllocatableResourceClaimStatusesMapping|overhead 5 []core.v1.PodStatusNodeAllocatableResourceClaimStatusesOverhead
core.v1.PodStatusNodeAllocatableResourceClaimStatusesMapping preview|name 1 s|quantity 2 q
core.v1.PodStatusNodeAllocatableResourceClaimStatusesOverhead preview|name 1 s|perPod 2 q|perContainer 3 q
core.v1.PodStatusVolumeHealth preview|name 1 s|healthConditions 2 []core.v1.PersistentVolumeClaimStatusHealthStatusHealthConditions|lastTransitionTime 3 time
core.v1.PodTemplate k=/v1/PodTemplate|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|template 2 core.v1.PodTemplateSpec d={}
core.v1.PodTemplateList k=/v1/PodTemplateList|apiVersion - s z|items! 2 []core.v1.PodTemplate|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.PodTemplateSpec|metadata 1 meta.v1.ObjectMeta d={}|spec 2 core.v1.PodSpec d={}
core.v1.PortStatus|error 3 s|port! 1 i32 d=0|protocol! 2 s g=v1.Protocol d=""
core.v1.PortworxVolumeSource|fsType 2 s z|readOnly 3 b z|volumeID! 1 s d=""
core.v1.PreferredSchedulingTerm|preference! 2 core.v1.NodeSelectorTerm d={}|weight! 1 i32 d=0
core.v1.Probe|exec 1.1 core.v1.ExecAction|failureThreshold 6 i32 z|grpc 1.4 core.v1.GRPCAction|httpGet 1.2 core.v1.HTTPGetAction|initialDelaySeconds 2 i32 z|periodSeconds 4 i32 z|successThreshold 5 i32 z|tcpSocket 1.3 core.v1.TCPSocketAction|terminationGracePeriodSeconds 7 i64|timeoutSeconds 3 i32 z
core.v1.ProjectedVolumeSource|defaultMode 2 i32|sources 1 []core.v1.VolumeProjection l=atomic n|defaultUser 3 i64 preview
core.v1.QuobyteVolumeSource|group 5 s z|readOnly 3 b z|registry! 1 s d=""|tenant 6 s z|user 4 s z|volume! 2 s d=""
core.v1.RBDPersistentVolumeSource|fsType 3 s z|image! 2 s d=""|keyring 6 s z d="/etc/ceph/keyring"|monitors! 1 []s l=atomic|pool 4 s z d="rbd"|readOnly 8 b z|secretRef 7 core.v1.SecretReference|user 5 s z d="admin"
core.v1.RBDVolumeSource|fsType 3 s z|image! 2 s d=""|keyring 6 s z d="/etc/ceph/keyring"|monitors! 1 []s l=atomic|pool 4 s z d="rbd"|readOnly 8 b z|secretRef 7 core.v1.LocalObjectReference|user 5 s z d="admin"
core.v1.RangeAllocation k=/v1/RangeAllocation preview|metadata 1 meta.v1.ObjectMeta|range 2 s|data 3 bytes n
core.v1.ReplicationController k=/v1/ReplicationController|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 core.v1.ReplicationControllerSpec d={}|status 3 core.v1.ReplicationControllerStatus d={}
core.v1.ReplicationControllerCondition|lastTransitionTime 3 time|message 5 s z|reason 4 s z|status! 2 s g=v1.ConditionStatus d=""|type! 1 s g=v1.ReplicationControllerConditionType d=""
core.v1.ReplicationControllerList k=/v1/ReplicationControllerList|apiVersion - s z|items! 2 []core.v1.ReplicationController|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.ReplicationControllerSpec|minReadySeconds 4 i32 z d=0|replicas 1 i32 d=1|selector 2 {}s atomic|template 3 core.v1.PodTemplateSpec
core.v1.ReplicationControllerStatus|availableReplicas 5 i32 z|conditions 6 []core.v1.ReplicationControllerCondition l=map(type) p=merge m=type|fullyLabeledReplicas 2 i32 z|observedGeneration 3 i64 z|readyReplicas 4 i32 z|replicas! 1 i32 d=0
core.v1.ResourceClaim|name! 1 s d=""|request 2 s z
core.v1.ResourceFieldSelector atomic|containerName 1 s z|divisor 3 q|resource! 2 s d=""
core.v1.ResourceHealth|health 2 s z g=v1.ResourceHealthStatus|resourceID! 1 s g=v1.ResourceID d=""|message 6 s preview
core.v1.ResourceQuota k=/v1/ResourceQuota|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 core.v1.ResourceQuotaSpec d={}|status 3 core.v1.ResourceQuotaStatus d={}
core.v1.ResourceQuotaList k=/v1/ResourceQuotaList|apiVersion - s z|items! 2 []core.v1.ResourceQuota|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.ResourceQuotaSpec|hard 1 {}q g=v1.ResourceList|scopeSelector 3 core.v1.ScopeSelector|scopes 2 []s l=atomic g=[]v1.ResourceQuotaScope
core.v1.ResourceQuotaStatus|hard 1 {}q g=v1.ResourceList|used 2 {}q g=v1.ResourceList
core.v1.ResourceRequirements|claims 3 []core.v1.ResourceClaim l=map(name)|limits 1 {}q g=v1.ResourceList|requests 2 {}q g=v1.ResourceList
core.v1.ResourceStatus|name! 1 s g=v1.ResourceName d=""|resources 2 []core.v1.ResourceHealth l=map(resourceID)
core.v1.SELinuxOptions|level 4 s z|role 2 s z|type 3 s z|user 1 s z
core.v1.ScaleIOPersistentVolumeSource|fsType 9 s z d="xfs"|gateway! 1 s d=""|protectionDomain 5 s z|readOnly 10 b z|secretRef! 3 core.v1.SecretReference|sslEnabled 4 b z|storageMode 7 s z d="ThinProvisioned"|storagePool 6 s z|system! 2 s d=""|volumeName 8 s z
core.v1.ScaleIOVolumeSource|fsType 9 s z d="xfs"|gateway! 1 s d=""|protectionDomain 5 s z|readOnly 10 b z|secretRef! 3 core.v1.LocalObjectReference|sslEnabled 4 b z|storageMode 7 s z d="ThinProvisioned"|storagePool 6 s z|system! 2 s d=""|volumeName 8 s z
core.v1.ScopeSelector atomic|matchExpressions 1 []core.v1.ScopedResourceSelectorRequirement l=atomic
core.v1.ScopedResourceSelectorRequirement|operator! 2 s g=v1.ScopeSelectorOperator d=""|scopeName! 1 s g=v1.ResourceQuotaScope d=""|values 3 []s l=atomic
core.v1.SeccompProfile|localhostProfile 2 s|type! 1 s g=v1.SeccompProfileType d=""
core.v1.Secret k=/v1/Secret|apiVersion - s z|data 2 {}bytes|immutable 5 b|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|stringData 4 {}s|type 3 s z g=v1.SecretType
core.v1.SecretEnvSource|name 1.1 s z d=""|optional 2 b
core.v1.SecretKeySelector atomic|key! 2 s d=""|name 1.1 s z d=""|optional 3 b
core.v1.SecretList k=/v1/SecretList|apiVersion - s z|items! 2 []core.v1.Secret|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.SecretProjection|items 2 []core.v1.KeyToPath l=atomic|name 1.1 s z d=""|optional 4 b
core.v1.SecretReference atomic|name 1 s z|namespace 2 s z
core.v1.SecretVolumeSource|defaultMode 3 i32|items 2 []core.v1.KeyToPath l=atomic|optional 4 b|secretName 1 s z|defaultUser 5 i64 preview
core.v1.SecurityContext|allowPrivilegeEscalation 7 b|appArmorProfile 12 core.v1.AppArmorProfile|capabilities 1 core.v1.Capabilities|privileged 2 b|procMount 9 s g=v1.ProcMountType|readOnlyRootFilesystem 6 b|runAsGroup 8 i64|runAsNonRoot 5 b|runAsUser 4 i64|seLinuxOptions 3 core.v1.SELinuxOptions|seccompProfile 11 core.v1.SeccompProfile|windowsOptions 10 core.v1.WindowsSecurityContextOptions
core.v1.SerializedReference k=/v1/SerializedReference preview|reference 1 core.v1.ObjectReference
core.v1.Service k=/v1/Service|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 core.v1.ServiceSpec d={}|status 3 core.v1.ServiceStatus d={}
core.v1.ServiceAccount k=/v1/ServiceAccount|apiVersion - s z|automountServiceAccountToken 4 b|imagePullSecrets 3 []core.v1.LocalObjectReference l=atomic|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|secrets 2 []core.v1.ObjectReference l=map(name) p=merge m=name
core.v1.ServiceAccountList k=/v1/ServiceAccountList|apiVersion - s z|items! 2 []core.v1.ServiceAccount|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.ServiceAccountTokenProjection|audience 1 s z|expirationSeconds 2 i64|path! 3 s d=""|user 4 i64 preview
core.v1.ServiceList k=/v1/ServiceList|apiVersion - s z|items! 2 []core.v1.Service|kind - s z|metadata 1 meta.v1.ListMeta d={}
core.v1.ServicePort|appProtocol 6 s|name 1 s z|nodePort 5 i32 z|port! 3 i32 d=0|protocol 2 s z g=v1.Protocol d="TCP"|targetPort 4 x
core.v1.ServiceProxyOptions k=/v1/ServiceProxyOptions preview|path 1 s z
core.v1.ServiceSpec|allocateLoadBalancerNodePorts 20 b|clusterIP 3 s z|clusterIPs 18 []s l=atomic|externalIPs 5 []s l=atomic|externalName 10 s z|externalTrafficPolicy 11 s z g=v1.ServiceExternalTrafficPolicy|healthCheckNodePort 12 i32 z|internalTrafficPolicy 22 s g=v1.ServiceInternalTrafficPolicy|ipFamilies 19 []s l=atomic g=[]v1.IPFamily|ipFamilyPolicy 17 s g=v1.IPFamilyPolicy|loadBalancerClass 21 s|loadBalancerIP 8 s z|loadBalancerSourceRanges 9 []s l=atomic|ports 1 []core.v1.ServicePort l=map(port,protocol) p=merge m=port|publishNotReadyAddresses 13 b z|selector 2 {}s atomic|sessionAffinity 7 s z g=v1.ServiceAffinity|sessionAffinityConfig 14 core.v1.SessionAffinityConfig|trafficDistribution 23 s|type 4 s z g=v1.ServiceType
core.v1.ServiceStatus|conditions 2 []meta.v1.Condition l=map(type) p=merge m=type|loadBalancer 1 core.v1.LoadBalancerStatus d={}
core.v1.SessionAffinityConfig|clientIP 1 core.v1.ClientIPConfig
core.v1.SleepAction|seconds! 1 i64 d=0
core.v1.StorageOSPersistentVolumeSource|fsType 3 s z|readOnly 4 b z|secretRef 5 core.v1.ObjectReference|volumeName 1 s z|volumeNamespace 2 s z
core.v1.StorageOSVolumeSource|fsType 3 s z|readOnly 4 b z|secretRef 5 core.v1.LocalObjectReference|volumeName 1 s z|volumeNamespace 2 s z
core.v1.Sysctl|name! 1 s d=""|value! 2 s d=""
core.v1.TCPSocketAction|host 2 s z|port! 1 x
core.v1.Taint|effect! 3 s g=v1.TaintEffect d=""|key! 1 s d=""|timeAdded 4 time|value 2 s z
core.v1.Toleration|effect 4 s z g=v1.TaintEffect|key 1 s z|operator 2 s z g=v1.TolerationOperator|tolerationSeconds 5 i64|value 3 s z
core.v1.TopologySelectorLabelRequirement|key! 1 s d=""|values! 2 []s l=atomic
core.v1.TopologySelectorTerm atomic|matchLabelExpressions 1 []core.v1.TopologySelectorLabelRequirement l=atomic
core.v1.TopologySpreadConstraint|labelSelector 4 meta.v1.LabelSelector|matchLabelKeys 8 []s l=atomic|maxSkew! 1 i32 d=0|minDomains 5 i32|nodeAffinityPolicy 6 s g=v1.NodeInclusionPolicy|nodeTaintsPolicy 7 s g=v1.NodeInclusionPolicy|topologyKey! 2 s d=""|whenUnsatisfiable! 3 s g=v1.UnsatisfiableConstraintAction d=""
core.v1.TypedLocalObjectReference atomic|apiGroup 1 s|kind! 2 s d=""|name! 3 s d=""
core.v1.TypedObjectReference|apiGroup 1 s|kind! 2 s d=""|name! 3 s d=""|namespace 4 s
core.v1.UpdateOptions k=/v1/UpdateOptions preview|dryRun 1 []s|fieldManager 2 s|fieldValidation 3 s
core.v1.Volume|awsElasticBlockStore 2.4 core.v1.AWSElasticBlockStoreVolumeSource|azureDisk 2.22 core.v1.AzureDiskVolumeSource|azureFile 2.18 core.v1.AzureFileVolumeSource|cephfs 2.14 core.v1.CephFSVolumeSource|cinder 2.13 core.v1.CinderVolumeSource|configMap 2.19 core.v1.ConfigMapVolumeSource|csi 2.28 core.v1.CSIVolumeSource|downwardAPI 2.16 core.v1.DownwardAPIVolumeSource|emptyDir 2.2 core.v1.EmptyDirVolumeSource|ephemeral 2.29 core.v1.EphemeralVolumeSource|fc 2.17 core.v1.FCVolumeSource|flexVolume 2.12 core.v1.FlexVolumeSource|flocker 2.15 core.v1.FlockerVolumeSource|gcePersistentDisk 2.3 core.v1.GCEPersistentDiskVolumeSource|gitRepo 2.5 core.v1.GitRepoVolumeSource|glusterfs 2.9 core.v1.GlusterfsVolumeSource|hostPath 2.1 core.v1.HostPathVolumeSource|image 2.30 core.v1.ImageVolumeSource|iscsi 2.8 core.v1.ISCSIVolumeSource|name! 1 s d=""|nfs 2.7 core.v1.NFSVolumeSource|persistentVolumeClaim 2.10 core.v1.PersistentVolumeClaimVolumeSource|photonPersistentDisk 2.23 core.v1.PhotonPersistentDiskVolumeSource|portworxVolume 2.24 core.v1.PortworxVolumeSource|projected 2.26 core.v1.ProjectedVolumeSource|quobyte 2.21 core.v1.QuobyteVolumeSource|rbd 2.11 core.v1.RBDVolumeSource|scaleIO 2.25 core.v1.ScaleIOVolumeSource|secret 2.6 core.v1.SecretVolumeSource|storageos 2.27 core.v1.StorageOSVolumeSource|vsphereVolume 2.20 core.v1.VsphereVirtualDiskVolumeSource
core.v1.VolumeDevice|devicePath! 2 s d=""|name! 1 s d=""
core.v1.VolumeMount|mountPath! 3 s d=""|mountPropagation 5 s g=v1.MountPropagationMode|name! 1 s d=""|readOnly 2 b z|recursiveReadOnly 7 s g=v1.RecursiveReadOnlyMode|subPath 4 s z|subPathExpr 6 s z|bindMountOptions 8 []s preview
core.v1.VolumeMountStatus|mountPath! 2 s d=""|name! 1 s d=""|readOnly 3 b z|recursiveReadOnly 4 s g=v1.RecursiveReadOnlyMode|volumeStatus 5 core.v1.VolumeMountStatusVolumeStatus preview
core.v1.VolumeMountStatusVolumeStatus preview|image 1 core.v1.VolumeMountStatusVolumeStatusImage
core.v1.VolumeMountStatusVolumeStatusImage preview|imageRef 1 s
core.v1.VolumeNodeAffinity|required 1 core.v1.NodeSelector
core.v1.VolumeProjection|clusterTrustBundle 5 core.v1.ClusterTrustBundleProjection|configMap 3 core.v1.ConfigMapProjection|downwardAPI 2 core.v1.DownwardAPIProjection|podCertificate 6 core.v1.PodCertificateProjection|secret 1 core.v1.SecretProjection|serviceAccountToken 4 core.v1.ServiceAccountTokenProjection
core.v1.VolumeResourceRequirements|limits 1 {}q g=v1.ResourceList|requests 2 {}q g=v1.ResourceList
core.v1.VsphereVirtualDiskVolumeSource|fsType 2 s z|storagePolicyID 4 s z|storagePolicyName 3 s z|volumePath! 1 s d=""
core.v1.WeightedPodAffinityTerm|podAffinityTerm! 2 core.v1.PodAffinityTerm d={}|weight! 1 i32 d=0
core.v1.WindowsSecurityContextOptions|gmsaCredentialSpec 2 s|gmsaCredentialSpecName 1 s|hostProcess 4 b|runAsUserName 3 s
core.v1.WorkloadReference|name! 1 s d=""|podGroup! 2 s d=""|podGroupReplicaKey 3 s z
discovery.v1.Endpoint|addresses! 1 []s l=set|conditions 2 discovery.v1.EndpointConditions d={}|deprecatedTopology 5 {}s|hints 8 discovery.v1.EndpointHints|hostname 3 s|nodeName 6 s|targetRef 4 core.v1.ObjectReference|zone 7 s
discovery.v1.EndpointConditions|ready 1 b|serving 2 b|terminating 3 b
discovery.v1.EndpointHints|forNodes 2 []discovery.v1.ForNode l=atomic|forZones 1 []discovery.v1.ForZone l=atomic
discovery.v1.EndpointPort atomic|appProtocol 4 s|name 1 s|port 3 i32|protocol 2 s g=v1.Protocol
discovery.v1.EndpointSlice k=discovery.k8s.io/v1/EndpointSlice|addressType! 4 s g=v1.AddressType d=""|apiVersion - s z|endpoints! 2 []discovery.v1.Endpoint l=atomic|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|ports 3 []discovery.v1.EndpointPort l=atomic n
discovery.v1.EndpointSliceList k=discovery.k8s.io/v1/EndpointSliceList|apiVersion - s z|items! 2 []discovery.v1.EndpointSlice|kind - s z|metadata 1 meta.v1.ListMeta d={}
discovery.v1.ForNode|name! 1 s d=""
discovery.v1.ForZone|name! 1 s d=""
discovery.v1beta1.EndpointSlice k=discovery.k8s.io/v1beta1/EndpointSlice preview|metadata 1 meta.v1.ObjectMeta|addressType 4 s g=v1beta1.AddressType|endpoints 2 []discovery.v1beta1.EndpointSliceEndpoints n|ports 3 []discovery.v1.EndpointPort n
discovery.v1beta1.EndpointSliceEndpoints preview|addresses 1 []s|conditions 2 discovery.v1.EndpointConditions|hostname 3 s|targetRef 4 core.v1.ObjectReference|topology 5 {}s|nodeName 6 s|hints 7 discovery.v1.EndpointHints
events.v1.Event k=events.k8s.io/v1/Event|action 6 s z|apiVersion - s z|deprecatedCount 15 i32 z|deprecatedFirstTimestamp 13 time|deprecatedLastTimestamp 14 time|deprecatedSource 12 core.v1.EventSource d={}|eventTime! 2 microtime|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|note 10 s z|reason 7 s z|regarding 8 core.v1.ObjectReference d={}|related 9 core.v1.ObjectReference|reportingController 4 s z|reportingInstance 5 s z|series 3 events.v1.EventSeries|type 11 s z
events.v1.EventList k=events.k8s.io/v1/EventList|apiVersion - s z|items! 2 []events.v1.Event|kind - s z|metadata 1 meta.v1.ListMeta d={}
events.v1.EventSeries|count! 1 i32 d=0|lastObservedTime! 2 microtime
events.v1beta1.Event k=events.k8s.io/v1beta1/Event preview|metadata 1 meta.v1.ObjectMeta|eventTime 2 microtime|series 3 events.v1.EventSeries|reportingController 4 s z|reportingInstance 5 s z|action 6 s z|reason 7 s z|regarding 8 core.v1.ObjectReference|related 9 core.v1.ObjectReference|note 10 s z|type 11 s z|deprecatedSource 12 core.v1.EventSource|deprecatedFirstTimestamp 13 time|deprecatedLastTimestamp 14 time|deprecatedCount 15 i64 z
extensions.v1beta1.DaemonSet k=extensions/v1beta1/DaemonSet preview|metadata 1 meta.v1.ObjectMeta|spec 2 extensions.v1beta1.DaemonSetSpec|status 3 apps.v1.DaemonSetStatus
extensions.v1beta1.DaemonSetSpec preview|selector 1 meta.v1.LabelSelector|template 2 core.v1.PodTemplateSpec|updateStrategy 3 apps.v1.DaemonSetUpdateStrategy|minReadySeconds 4 i64 z|templateGeneration 5 i64 z|revisionHistoryLimit 6 i64
extensions.v1beta1.Deployment k=extensions/v1beta1/Deployment preview|metadata 1 meta.v1.ObjectMeta|spec 2 apps.v1beta1.DeploymentSpec|status 3 apps.v1.DeploymentStatus
extensions.v1beta1.DeploymentRollback k=extensions/v1beta1/DeploymentRollback preview|name 1 s|updatedAnnotations 2 {}s|rollbackTo 3 apps.v1beta1.DeploymentSpecRollbackTo
extensions.v1beta1.Ingress k=extensions/v1beta1/Ingress preview|metadata 1 meta.v1.ObjectMeta|spec 2 extensions.v1beta1.IngressSpec|status 3 networking.v1.IngressStatus
extensions.v1beta1.IngressSpec preview|ingressClassName 4 s|backend 1 extensions.v1beta1.IngressSpecBackend|tls 2 []networking.v1.IngressTLS|rules 3 []extensions.v1beta1.IngressSpecRules
extensions.v1beta1.IngressSpecBackend preview|serviceName 1 s|servicePort 2 x|resource 3 core.v1.TypedLocalObjectReference
extensions.v1beta1.IngressSpecRules preview|host 1 s|http 2.1 extensions.v1beta1.IngressSpecRulesHttp
extensions.v1beta1.IngressSpecRulesHttp preview|paths 1 []extensions.v1beta1.IngressSpecRulesHttpPaths
extensions.v1beta1.IngressSpecRulesHttpPaths preview|path 1 s|pathType 3 s|backend 2 extensions.v1beta1.IngressSpecRulesHttpPathsBackend
extensions.v1beta1.IngressSpecRulesHttpPathsBackend preview|serviceName 1 s|servicePort 2 x|resource 3 core.v1.TypedLocalObjectReference
extensions.v1beta1.NetworkPolicy k=extensions/v1beta1/NetworkPolicy preview|metadata 1 meta.v1.ObjectMeta|spec 2 networking.v1.NetworkPolicySpec
extensions.v1beta1.ReplicaSet k=extensions/v1beta1/ReplicaSet preview|metadata 1 meta.v1.ObjectMeta|spec 2 apps.v1.ReplicaSetSpec|status 3 apps.v1.ReplicaSetStatus
extensions.v1beta1.Scale k=extensions/v1beta1/Scale preview|metadata 1 meta.v1.ObjectMeta|spec 2 autoscaling.v1.ScaleSpec|status 3 apps.v1beta1.ScaleStatus
flowcontrol.v1.ExemptPriorityLevelConfiguration|lendablePercent 2 i32|nominalConcurrencyShares 1 i32
flowcontrol.v1.FlowDistinguisherMethod|type! 1 s g=v1.FlowDistinguisherMethodType d=""
flowcontrol.v1.FlowSchema k=flowcontrol.apiserver.k8s.io/v1/FlowSchema|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 flowcontrol.v1.FlowSchemaSpec d={}|status 3 flowcontrol.v1.FlowSchemaStatus d={}
flowcontrol.v1.FlowSchemaCondition|lastTransitionTime 3 time|message 5 s z|reason 4 s z|status 2 s z g=v1.ConditionStatus|type 1 s z g=v1.FlowSchemaConditionType
flowcontrol.v1.FlowSchemaList k=flowcontrol.apiserver.k8s.io/v1/FlowSchemaList|apiVersion - s z|items! 2 []flowcontrol.v1.FlowSchema|kind - s z|metadata 1 meta.v1.ListMeta d={}
flowcontrol.v1.FlowSchemaSpec|distinguisherMethod 3 flowcontrol.v1.FlowDistinguisherMethod|matchingPrecedence 2 i32 d=0|priorityLevelConfiguration! 1 flowcontrol.v1.PriorityLevelConfigurationReference d={}|rules 4 []flowcontrol.v1.PolicyRulesWithSubjects l=atomic
flowcontrol.v1.FlowSchemaStatus|conditions 1 []flowcontrol.v1.FlowSchemaCondition l=map(type) p=merge m=type
flowcontrol.v1.GroupSubject|name! 1 s d=""
flowcontrol.v1.LimitResponse|queuing 2 flowcontrol.v1.QueuingConfiguration|type! 1 s g=v1.LimitResponseType d=""
flowcontrol.v1.LimitedPriorityLevelConfiguration|borrowingLimitPercent 4 i32|lendablePercent 3 i32|limitResponse 2 flowcontrol.v1.LimitResponse d={}|nominalConcurrencyShares 1 i32
flowcontrol.v1.NonResourcePolicyRule|nonResourceURLs! 6 []s l=set|verbs! 1 []s l=set
flowcontrol.v1.PolicyRulesWithSubjects|nonResourceRules 3 []flowcontrol.v1.NonResourcePolicyRule l=atomic|resourceRules 2 []flowcontrol.v1.ResourcePolicyRule l=atomic|subjects! 1 []flowcontrol.v1.Subject l=atomic
flowcontrol.v1.PriorityLevelConfiguration k=flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfiguration|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 flowcontrol.v1.PriorityLevelConfigurationSpec d={}|status 3 flowcontrol.v1.PriorityLevelConfigurationStatus d={}
flowcontrol.v1.PriorityLevelConfigurationCondition|lastTransitionTime 3 time|message 5 s z|reason 4 s z|status 2 s z g=v1.ConditionStatus|type 1 s z g=v1.PriorityLevelConfigurationConditionType
flowcontrol.v1.PriorityLevelConfigurationList k=flowcontrol.apiserver.k8s.io/v1/PriorityLevelConfigurationList|apiVersion - s z|items! 2 []flowcontrol.v1.PriorityLevelConfiguration|kind - s z|metadata 1 meta.v1.ListMeta d={}
flowcontrol.v1.PriorityLevelConfigurationReference|name! 1 s d=""
flowcontrol.v1.PriorityLevelConfigurationSpec|exempt 3 flowcontrol.v1.ExemptPriorityLevelConfiguration|limited 2 flowcontrol.v1.LimitedPriorityLevelConfiguration|type! 1 s g=v1.PriorityLevelEnablement d=""
flowcontrol.v1.PriorityLevelConfigurationStatus|conditions 1 []flowcontrol.v1.PriorityLevelConfigurationCondition l=map(type) p=merge m=type
flowcontrol.v1.QueuingConfiguration|handSize 2 i32 d=0|queueLengthLimit 3 i32 d=0|queues 1 i32 d=0
flowcontrol.v1.ResourcePolicyRule|apiGroups! 2 []s l=set|clusterScope 4 b z|namespaces 5 []s l=set n|resources! 3 []s l=set|verbs! 1 []s l=set
flowcontrol.v1.ServiceAccountSubject|name! 2 s d=""|namespace! 1 s d=""
flowcontrol.v1.Subject|group 3 flowcontrol.v1.GroupSubject|kind! 1 s g=v1.SubjectKind d=""|serviceAccount 4 flowcontrol.v1.ServiceAccountSubject|user 2 flowcontrol.v1.UserSubject
flowcontrol.v1.UserSubject|name! 1 s d=""
flowcontrol.v1beta1.FlowSchema k=flowcontrol.apiserver.k8s.io/v1beta1/FlowSchema preview|metadata 1 meta.v1.ObjectMeta|spec 2 flowcontrol.v1.FlowSchemaSpec|status 3 flowcontrol.v1.FlowSchemaStatus
flowcontrol.v1beta1.PriorityLevelConfiguration k=flowcontrol.apiserver.k8s.io/v1beta1/PriorityLevelConfiguration preview|metadata 1 meta.v1.ObjectMeta|spec 2 flowcontrol.v1beta1.PriorityLevelConfigurationSpec|status 3 flowcontrol.v1.FlowSchemaStatus
flowcontrol.v1beta1.PriorityLevelConfigurationSpec preview|type 1 s g=v1beta1.PriorityLevelEnablement|limited 2 flowcontrol.v1beta1.PriorityLevelConfigurationSpecLimited|exempt 3 flowcontrol.v1.ExemptPriorityLevelConfiguration
flowcontrol.v1beta1.PriorityLevelConfigurationSpecLimited preview|assuredConcurrencyShares 1 i64|limitResponse 2 flowcontrol.v1.LimitResponse|lendablePercent 3 i64|borrowingLimitPercent 4 i64
flowcontrol.v1beta2.FlowSchema k=flowcontrol.apiserver.k8s.io/v1beta2/FlowSchema preview|metadata 1 meta.v1.ObjectMeta|spec 2 flowcontrol.v1.FlowSchemaSpec|status 3 flowcontrol.v1.FlowSchemaStatus
flowcontrol.v1beta2.PriorityLevelConfiguration k=flowcontrol.apiserver.k8s.io/v1beta2/PriorityLevelConfiguration preview|metadata 1 meta.v1.ObjectMeta|spec 2 flowcontrol.v1beta1.PriorityLevelConfigurationSpec|status 3 flowcontrol.v1.FlowSchemaStatus
flowcontrol.v1beta3.FlowSchema k=flowcontrol.apiserver.k8s.io/v1beta3/FlowSchema preview|metadata 1 meta.v1.ObjectMeta|spec 2 flowcontrol.v1.FlowSchemaSpec|status 3 flowcontrol.v1.FlowSchemaStatus
flowcontrol.v1beta3.PriorityLevelConfiguration k=flowcontrol.apiserver.k8s.io/v1beta3/PriorityLevelConfiguration preview|metadata 1 meta.v1.ObjectMeta|spec 2 flowcontrol.v1.PriorityLevelConfigurationSpec|status 3 flowcontrol.v1.FlowSchemaStatus
imagepolicy.v1alpha1.ImageReview k=imagepolicy.k8s.io/v1alpha1/ImageReview preview|metadata 1 meta.v1.ObjectMeta|spec 2 imagepolicy.v1alpha1.ImageReviewSpec|status 3 imagepolicy.v1alpha1.ImageReviewStatus
imagepolicy.v1alpha1.ImageReviewSpec preview|containers 1 []imagepolicy.v1alpha1.ImageReviewSpecContainers|annotations 2 {}s|namespace 3 s
imagepolicy.v1alpha1.ImageReviewSpecContainers preview|image 1 s
imagepolicy.v1alpha1.ImageReviewStatus preview|allowed 1 b|reason 2 s|auditAnnotations 3 {}s
lifecycle.v1alpha1.Eviction k=lifecycle.k8s.io/v1alpha1/Eviction preview|metadata 1 meta.v1.ObjectMeta|spec 2 lifecycle.v1alpha1.EvictionSpec|status 3 lifecycle.v1alpha1.EvictionStatus
lifecycle.v1alpha1.EvictionRequest k=lifecycle.k8s.io/v1alpha1/EvictionRequest preview|metadata 1 meta.v1.ObjectMeta|spec 2 lifecycle.v1alpha1.EvictionRequestSpec|status 3 lifecycle.v1alpha1.EvictionStatus
lifecycle.v1alpha1.EvictionRequestSpec preview|target 1 lifecycle.v1alpha1.EvictionSpecTarget|requester 2 s|intent 3 s
lifecycle.v1alpha1.EvictionSpec preview|target 1 lifecycle.v1alpha1.EvictionSpecTarget
lifecycle.v1alpha1.EvictionSpecTarget preview|pod 1 lifecycle.v1alpha1.EvictionSpecTargetPod
lifecycle.v1alpha1.EvictionSpecTargetPod preview|name 1 s|uid 2 s
lifecycle.v1alpha1.EvictionStatus preview|conditions 1 []meta.v1.Condition|observedGeneration 2 i64|requesters 3 []lifecycle.v1alpha1.EvictionStatusRequesters|targetResponders 4 []lifecycle.v1alpha1.EvictionStatusTargetResponders|responders 5 []lifecycle.v1alpha1.EvictionStatusResponders
lifecycle.v1alpha1.EvictionStatusRequesters preview|name 1 s|intent 2 s
lifecycle.v1alpha1.EvictionStatusResponders preview|name 1 s|startTime 2 time|heartbeatTime 3 time|expectedCompletionTime 4 time|completionTime 5 time|message 6 s
lifecycle.v1alpha1.EvictionStatusTargetResponders preview|name 1 s|priority 2 i64|state 3 s
meta.v1.APIResource|categories 7 []s l=atomic|group 8 s z|kind! 3 s d=""|name! 1 s d=""|namespaced! 2 b d=false|shortNames 5 []s l=atomic|singularName! 6 s d=""|storageVersionHash 10 s z|verbs! 4 []s g=v1.Verbs|version 9 s z
meta.v1.APIResourceList k=/v1/APIResourceList|apiVersion - s z|groupVersion! 1 s d=""|kind - s z|resources! 2 []meta.v1.APIResource l=atomic
meta.v1.Condition|lastTransitionTime! 4 time|message! 6 s d=""|observedGeneration 3 i64 z|reason! 5 s d=""|status! 2 s g=v1.ConditionStatus d=""|type! 1 s d=""
meta.v1.DeleteOptions k=*|apiVersion - s z|dryRun 5 []s l=atomic|gracePeriodSeconds 1 i64|ignoreStoreReadErrorWithClusterBreakingPotential 6 b|kind - s z|orphanDependents 3 b|preconditions 2 meta.v1.Preconditions|propagationPolicy 4 s g=v1.DeletionPropagation
meta.v1.FieldSelectorRequirement|key! 1 s d=""|operator! 2 s g=v1.FieldSelectorOperator d=""|values 3 []s l=atomic
meta.v1.GroupResource|group! 1 s d=""|resource! 2 s d=""
meta.v1.LabelSelector atomic|matchExpressions 2 []meta.v1.LabelSelectorRequirement l=atomic|matchLabels 1 {}s
meta.v1.LabelSelectorRequirement|key! 1 s d=""|operator! 2 s g=v1.LabelSelectorOperator d=""|values 3 []s l=atomic
meta.v1.ListMeta|continue 3 s z|remainingItemCount 4 i64|resourceVersion 2 s z|selfLink 1 s z|shardInfo 5 meta.v1.ListMetaShardInfo preview
meta.v1.ListMetaShardInfo preview|selector 1 s
meta.v1.ManagedFieldsEntry|apiVersion 3 s z|fieldsType 6 s z|fieldsV1 7 fields|manager 1 s z|operation 2 s z g=v1.ManagedFieldsOperationType|subresource 8 s z|time 4 time
meta.v1.ObjectMeta|annotations 12 {}s|creationTimestamp 8 time|deletionGracePeriodSeconds 10 i64|deletionTimestamp 9 time|finalizers 14 []s l=set p=merge|generateName 2 s z|generation 7 i64 z|labels 11 {}s|managedFields 17 []meta.v1.ManagedFieldsEntry l=atomic|name 1 s z|namespace 3 s z|ownerReferences 13 []meta.v1.OwnerReference l=map(uid) p=merge m=uid|resourceVersion 6 s z|selfLink 4 s z|uid 5 s z g=types.UID
meta.v1.OwnerReference atomic|apiVersion! 5 s d=""|blockOwnerDeletion 7 b|controller 6 b|kind! 1 s d=""|name! 3 s d=""|uid! 4 s g=types.UID d=""
meta.v1.Preconditions|resourceVersion 2 s|uid 1 s g=types.UID
meta.v1.Status k=/v1/Status|apiVersion - s z|code 6 i32 z|details 5 meta.v1.StatusDetails|kind - s z|message 3 s z|metadata 1 meta.v1.ListMeta d={}|reason 4 s z g=v1.StatusReason|status 2 s z
meta.v1.StatusCause|field 3 s z|message 2 s z|reason 1 s z g=v1.CauseType
meta.v1.StatusDetails|causes 4 []meta.v1.StatusCause l=atomic|group 2 s z|kind 3 s z|name 1 s z|retryAfterSeconds 5 i32 z|uid 6 s z g=types.UID
meta.v1.WatchEvent k=*|object! 2 raw|type! 1 s d=""
networking.v1.HTTPIngressPath|backend! 2 networking.v1.IngressBackend d={}|path 1 s z|pathType! 3 s g=v1.PathType
networking.v1.HTTPIngressRuleValue|paths! 1 []networking.v1.HTTPIngressPath l=atomic
networking.v1.IPAddress k=networking.k8s.io/v1/IPAddress|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 networking.v1.IPAddressSpec d={}
networking.v1.IPAddressList k=networking.k8s.io/v1/IPAddressList|apiVersion - s z|items! 2 []networking.v1.IPAddress|kind - s z|metadata 1 meta.v1.ListMeta d={}
networking.v1.IPAddressSpec|parentRef! 1 networking.v1.ParentReference
networking.v1.IPBlock|cidr! 1 s d=""|except 2 []s l=atomic
networking.v1.Ingress k=networking.k8s.io/v1/Ingress|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 networking.v1.IngressSpec d={}|status 3 networking.v1.IngressStatus d={}
networking.v1.IngressBackend|resource 3 core.v1.TypedLocalObjectReference|service 4 networking.v1.IngressServiceBackend
networking.v1.IngressClass k=networking.k8s.io/v1/IngressClass|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 networking.v1.IngressClassSpec d={}
networking.v1.IngressClassList k=networking.k8s.io/v1/IngressClassList|apiVersion - s z|items! 2 []networking.v1.IngressClass|kind - s z|metadata 1 meta.v1.ListMeta d={}
networking.v1.IngressClassParametersReference|apiGroup 1 s|kind! 2 s d=""|name! 3 s d=""|namespace 5 s|scope 4 s
networking.v1.IngressClassSpec|controller 1 s z|parameters 2 networking.v1.IngressClassParametersReference
networking.v1.IngressList k=networking.k8s.io/v1/IngressList|apiVersion - s z|items! 2 []networking.v1.Ingress|kind - s z|metadata 1 meta.v1.ListMeta d={}
networking.v1.IngressLoadBalancerIngress|hostname 2 s z|ip 1 s z|ports 4 []networking.v1.IngressPortStatus l=atomic
networking.v1.IngressLoadBalancerStatus|ingress 1 []networking.v1.IngressLoadBalancerIngress l=atomic
networking.v1.IngressPortStatus|error 3 s|port! 1 i32 d=0|protocol! 2 s g=v1.Protocol d=""
networking.v1.IngressRule|host 1 s z|http 2.1 networking.v1.HTTPIngressRuleValue
networking.v1.IngressServiceBackend|name! 1 s d=""|port 2 networking.v1.ServiceBackendPort d={}
networking.v1.IngressSpec|defaultBackend 1 networking.v1.IngressBackend|ingressClassName 4 s|rules 3 []networking.v1.IngressRule l=atomic|tls 2 []networking.v1.IngressTLS l=atomic
networking.v1.IngressStatus|loadBalancer 1 networking.v1.IngressLoadBalancerStatus d={}
networking.v1.IngressTLS|hosts 1 []s l=atomic|secretName 2 s z
networking.v1.NetworkPolicy k=networking.k8s.io/v1/NetworkPolicy|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 networking.v1.NetworkPolicySpec d={}
networking.v1.NetworkPolicyEgressRule|ports 1 []networking.v1.NetworkPolicyPort l=atomic|to 2 []networking.v1.NetworkPolicyPeer l=atomic
networking.v1.NetworkPolicyIngressRule|from 2 []networking.v1.NetworkPolicyPeer l=atomic|ports 1 []networking.v1.NetworkPolicyPort l=atomic
networking.v1.NetworkPolicyList k=networking.k8s.io/v1/NetworkPolicyList|apiVersion - s z|items! 2 []networking.v1.NetworkPolicy|kind - s z|metadata 1 meta.v1.ListMeta d={}
networking.v1.NetworkPolicyPeer|ipBlock 3 networking.v1.IPBlock|namespaceSelector 2 meta.v1.LabelSelector|podSelector 1 meta.v1.LabelSelector
networking.v1.NetworkPolicyPort|endPort 3 i32|port 2 x|protocol 1 s g=v1.Protocol
networking.v1.NetworkPolicySpec|egress 3 []networking.v1.NetworkPolicyEgressRule l=atomic|ingress 2 []networking.v1.NetworkPolicyIngressRule l=atomic|podSelector 1 meta.v1.LabelSelector d={}|policyTypes 4 []s l=atomic g=[]v1.PolicyType
networking.v1.ParentReference|group 1 s z|name! 4 s z|namespace 3 s z|resource! 2 s z
networking.v1.ServiceBackendPort atomic|name 1 s z|number 2 i32 z
networking.v1.ServiceCIDR k=networking.k8s.io/v1/ServiceCIDR|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 networking.v1.ServiceCIDRSpec d={}|status 3 networking.v1.ServiceCIDRStatus d={}
networking.v1.ServiceCIDRList k=networking.k8s.io/v1/ServiceCIDRList|apiVersion - s z|items! 2 []networking.v1.ServiceCIDR|kind - s z|metadata 1 meta.v1.ListMeta d={}
networking.v1.ServiceCIDRSpec|cidrs 1 []s l=atomic
networking.v1.ServiceCIDRStatus|conditions 1 []meta.v1.Condition l=map(type) p=merge m=type
networking.v1beta1.IPAddress k=networking.k8s.io/v1beta1/IPAddress|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 networking.v1beta1.IPAddressSpec d={}
networking.v1beta1.IPAddressList k=networking.k8s.io/v1beta1/IPAddressList|apiVersion - s z|items! 2 []networking.v1beta1.IPAddress|kind - s z|metadata 1 meta.v1.ListMeta d={}
networking.v1beta1.IPAddressSpec|parentRef! 1 networking.v1beta1.ParentReference
networking.v1beta1.Ingress k=networking.k8s.io/v1beta1/Ingress preview|metadata 1 meta.v1.ObjectMeta|spec 2 extensions.v1beta1.IngressSpec|status 3 networking.v1.IngressStatus
networking.v1beta1.IngressClass k=networking.k8s.io/v1beta1/IngressClass preview|metadata 1 meta.v1.ObjectMeta|spec 2 networking.v1.IngressClassSpec
networking.v1beta1.ParentReference|group 1 s z|name! 4 s z|namespace 3 s z|resource! 2 s z
networking.v1beta1.ServiceCIDR k=networking.k8s.io/v1beta1/ServiceCIDR|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 networking.v1beta1.ServiceCIDRSpec d={}|status 3 networking.v1beta1.ServiceCIDRStatus d={}
networking.v1beta1.ServiceCIDRList k=networking.k8s.io/v1beta1/ServiceCIDRList|apiVersion - s z|items! 2 []networking.v1beta1.ServiceCIDR|kind - s z|metadata 1 meta.v1.ListMeta d={}
networking.v1beta1.ServiceCIDRSpec|cidrs 1 []s l=atomic
networking.v1beta1.ServiceCIDRStatus|conditions 1 []meta.v1.Condition l=map(type) p=merge m=type
node.v1.Overhead|podFixed 1 {}q g=v1.ResourceList
node.v1.RuntimeClass k=node.k8s.io/v1/RuntimeClass|apiVersion - s z|handler! 2 s d=""|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|overhead 3 node.v1.Overhead|scheduling 4 node.v1.Scheduling
node.v1.RuntimeClassList k=node.k8s.io/v1/RuntimeClassList|apiVersion - s z|items! 2 []node.v1.RuntimeClass|kind - s z|metadata 1 meta.v1.ListMeta d={}
node.v1.Scheduling|nodeSelector 1 {}s atomic|tolerations 2 []core.v1.Toleration l=atomic
node.v1alpha1.RuntimeClass k=node.k8s.io/v1alpha1/RuntimeClass preview|metadata 1 meta.v1.ObjectMeta|spec 2 node.v1alpha1.RuntimeClassSpec
node.v1alpha1.RuntimeClassSpec preview|runtimeHandler 1 s|overhead 2 node.v1.Overhead|scheduling 3 node.v1.Scheduling
node.v1beta1.RuntimeClass k=node.k8s.io/v1beta1/RuntimeClass preview|metadata 1 meta.v1.ObjectMeta|handler 2 s|overhead 3 node.v1.Overhead|scheduling 4 node.v1.Scheduling
policy.v1.Eviction k=policy/v1/Eviction|apiVersion - s z|deleteOptions 2 meta.v1.DeleteOptions|kind - s z|metadata 1 meta.v1.ObjectMeta d={}
policy.v1.PodDisruptionBudget k=policy/v1/PodDisruptionBudget|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 policy.v1.PodDisruptionBudgetSpec d={}|status 3 policy.v1.PodDisruptionBudgetStatus d={}
policy.v1.PodDisruptionBudgetList k=policy/v1/PodDisruptionBudgetList|apiVersion - s z|items! 2 []policy.v1.PodDisruptionBudget|kind - s z|metadata 1 meta.v1.ListMeta d={}
policy.v1.PodDisruptionBudgetSpec|maxUnavailable 3 x|minAvailable 1 x|selector 2 meta.v1.LabelSelector p=replace|unhealthyPodEvictionPolicy 4 s g=v1.UnhealthyPodEvictionPolicyType
policy.v1.PodDisruptionBudgetStatus|conditions 7 []meta.v1.Condition l=map(type) p=merge m=type|currentHealthy! 4 i32 d=0|desiredHealthy! 5 i32 d=0|disruptedPods 2 {}time|disruptionsAllowed! 3 i32 d=0|expectedPods! 6 i32 d=0|observedGeneration 1 i64 z
policy.v1beta1.Eviction k=policy/v1beta1/Eviction preview|metadata 1 meta.v1.ObjectMeta|deleteOptions 2 policy.v1beta1.EvictionDeleteOptions
policy.v1beta1.EvictionDeleteOptions preview|gracePeriodSeconds 1 i64|preconditions 2 meta.v1.Preconditions|orphanDependents 3 b|propagationPolicy 4 s|dryRun 5 []s|ignoreStoreReadErrorWithClusterBreakingPotential 6 b
policy.v1beta1.PodDisruptionBudget k=policy/v1beta1/PodDisruptionBudget preview|metadata 1 meta.v1.ObjectMeta|spec 2 policy.v1.PodDisruptionBudgetSpec|status 3 policy.v1.PodDisruptionBudgetStatus
rbac.v1.AggregationRule|clusterRoleSelectors 1 []meta.v1.LabelSelector l=atomic
rbac.v1.ClusterRole k=rbac.authorization.k8s.io/v1/ClusterRole|aggregationRule 3 rbac.v1.AggregationRule|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|rules 2 []rbac.v1.PolicyRule l=atomic n
rbac.v1.ClusterRoleBinding k=rbac.authorization.k8s.io/v1/ClusterRoleBinding|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|roleRef! 3 rbac.v1.RoleRef d={}|subjects 2 []rbac.v1.Subject l=atomic
rbac.v1.ClusterRoleBindingList k=rbac.authorization.k8s.io/v1/ClusterRoleBindingList|apiVersion - s z|items! 2 []rbac.v1.ClusterRoleBinding|kind - s z|metadata 1 meta.v1.ListMeta d={}
rbac.v1.ClusterRoleList k=rbac.authorization.k8s.io/v1/ClusterRoleList|apiVersion - s z|items! 2 []rbac.v1.ClusterRole|kind - s z|metadata 1 meta.v1.ListMeta d={}
rbac.v1.PolicyRule|apiGroups 2 []s l=atomic|nonResourceURLs 5 []s l=atomic|resourceNames 4 []s l=atomic|resources 3 []s l=atomic|verbs! 1 []s l=atomic
rbac.v1.Role k=rbac.authorization.k8s.io/v1/Role|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|rules 2 []rbac.v1.PolicyRule l=atomic n
rbac.v1.RoleBinding k=rbac.authorization.k8s.io/v1/RoleBinding|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|roleRef! 3 rbac.v1.RoleRef d={}|subjects 2 []rbac.v1.Subject l=atomic
rbac.v1.RoleBindingList k=rbac.authorization.k8s.io/v1/RoleBindingList|apiVersion - s z|items! 2 []rbac.v1.RoleBinding|kind - s z|metadata 1 meta.v1.ListMeta d={}
rbac.v1.RoleList k=rbac.authorization.k8s.io/v1/RoleList|apiVersion - s z|items! 2 []rbac.v1.Role|kind - s z|metadata 1 meta.v1.ListMeta d={}
rbac.v1.RoleRef atomic|apiGroup! 1 s d=""|kind! 2 s d=""|name! 3 s d=""
rbac.v1.Subject atomic|apiGroup 2 s z|kind! 1 s d=""|name! 3 s d=""|namespace 4 s z
rbac.v1alpha1.ClusterRole k=rbac.authorization.k8s.io/v1alpha1/ClusterRole preview|metadata 1 meta.v1.ObjectMeta|rules 2 []rbac.v1alpha1.ClusterRoleRules n|aggregationRule 3 rbac.v1.AggregationRule
rbac.v1alpha1.ClusterRoleBinding k=rbac.authorization.k8s.io/v1alpha1/ClusterRoleBinding preview|metadata 1 meta.v1.ObjectMeta|subjects 2 []rbac.v1alpha1.ClusterRoleBindingSubjects|roleRef 3 rbac.v1.RoleRef
rbac.v1alpha1.ClusterRoleBindingSubjects preview|kind 1 s|apiVersion 2 s|name 3 s|namespace 4 s
rbac.v1alpha1.ClusterRoleRules preview|verbs 1 []s|apiGroups 3 []s|resources 4 []s|resourceNames 5 []s|nonResourceURLs 6 []s
rbac.v1alpha1.Role k=rbac.authorization.k8s.io/v1alpha1/Role preview|metadata 1 meta.v1.ObjectMeta|rules 2 []rbac.v1alpha1.ClusterRoleRules n
rbac.v1alpha1.RoleBinding k=rbac.authorization.k8s.io/v1alpha1/RoleBinding preview|metadata 1 meta.v1.ObjectMeta|subjects 2 []rbac.v1alpha1.ClusterRoleBindingSubjects|roleRef 3 rbac.v1.RoleRef
rbac.v1beta1.ClusterRole k=rbac.authorization.k8s.io/v1beta1/ClusterRole preview|metadata 1 meta.v1.ObjectMeta|rules 2 []rbac.v1.PolicyRule n|aggregationRule 3 rbac.v1.AggregationRule
rbac.v1beta1.ClusterRoleBinding k=rbac.authorization.k8s.io/v1beta1/ClusterRoleBinding preview|metadata 1 meta.v1.ObjectMeta|subjects 2 []rbac.v1.Subject|roleRef 3 rbac.v1.RoleRef
rbac.v1beta1.Role k=rbac.authorization.k8s.io/v1beta1/Role preview|metadata 1 meta.v1.ObjectMeta|rules 2 []rbac.v1.PolicyRule n
rbac.v1beta1.RoleBinding k=rbac.authorization.k8s.io/v1beta1/RoleBinding preview|metadata 1 meta.v1.ObjectMeta|subjects 2 []rbac.v1.Subject|roleRef 3 rbac.v1.RoleRef
resource.v1.AllocatedDeviceStatus|conditions 4 []meta.v1.Condition l=map(type) n|data 5 raw|device! 3 s d=""|driver! 1 s d=""|networkData 6 resource.v1.NetworkDeviceData|pool! 2 s d=""|shareID 7 s
resource.v1.AllocationResult|allocationTimestamp 5 time|devices 1 resource.v1.DeviceAllocationResult d={}|nodeSelector 3 core.v1.NodeSelector
resource.v1.CELDeviceSelector|expression! 1 s d=""
resource.v1.CapacityRequestPolicy|default 1 q|validRange 4 resource.v1.CapacityRequestPolicyRange|validValues 3 []q l=atomic
resource.v1.CapacityRequestPolicyRange|max 2 q|min! 1 q|step 3 q
resource.v1.CapacityRequirements|requests 1 {}q
resource.v1.Counter|value! 1 q
resource.v1.CounterSet|counters! 2 {}resource.v1.Counter|name! 1 s d=""
resource.v1.Device|allNodes 7 b|allowMultipleAllocations 12 b|attributes 2 {}resource.v1.DeviceAttribute|bindingConditions 10 []s l=atomic|bindingFailureConditions 11 []s l=atomic|bindsToNode 9 b|capacity 3 {}resource.v1.DeviceCapacity|consumesCounters 4 []resource.v1.DeviceCounterConsumption l=atomic|name! 1 s d=""|nodeName 5 s|nodeSelector 6 core.v1.NodeSelector|taints 8 []resource.v1.DeviceTaint l=atomic|nodeAllocatableResources 14 {}resource.v1.DeviceNodeAllocatableResources preview
resource.v1.DeviceAllocationConfiguration|opaque 3.1 resource.v1.OpaqueDeviceConfiguration|requests 2 []s l=atomic|source! 1 s g=v1.AllocationConfigSource d=""
resource.v1.DeviceAllocationResult|config 2 []resource.v1.DeviceAllocationConfiguration l=atomic|results 1 []resource.v1.DeviceRequestAllocationResult l=atomic
resource.v1.DeviceAttribute|bool 3 b|int 2 i64|string 4 s|version 5 s|ints 6 []i64 preview|bools 7 []b preview|strings 8 []s preview|versions 9 []s preview
resource.v1.DeviceCapacity|requestPolicy 2 resource.v1.CapacityRequestPolicy|value! 1 q
resource.v1.DeviceClaim|config 3 []resource.v1.DeviceClaimConfiguration l=atomic|constraints 2 []resource.v1.DeviceConstraint l=atomic|requests 1 []resource.v1.DeviceRequest l=atomic n
resource.v1.DeviceClaimConfiguration|opaque 2.1 resource.v1.OpaqueDeviceConfiguration|requests 1 []s l=atomic
resource.v1.DeviceClass k=resource.k8s.io/v1/DeviceClass|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1.DeviceClassSpec d={}
resource.v1.DeviceClassConfiguration|opaque 1.1 resource.v1.OpaqueDeviceConfiguration
resource.v1.DeviceClassList k=resource.k8s.io/v1/DeviceClassList|apiVersion - s z|items! 2 []resource.v1.DeviceClass|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1.DeviceClassSpec|config 2 []resource.v1.DeviceClassConfiguration l=atomic|extendedResourceName 4 s|selectors 1 []resource.v1.DeviceSelector l=atomic
resource.v1.DeviceConstraint|distinctAttribute 3 s g=v1.FullyQualifiedName|matchAttribute 2 s g=v1.FullyQualifiedName|requests 1 []s l=atomic
resource.v1.DeviceCounterConsumption|counterSet! 1 s d=""|counters! 2 {}resource.v1.Counter
resource.v1.DeviceNodeAllocatableResources preview|mapping 3 resource.v1.DeviceNodeAllocatableResourcesMapping|overhead 4 resource.v1.DeviceNodeAllocatableResourcesOverhead
resource.v1.DeviceNodeAllocatableResourcesMapping preview|capacityKey 1 s|capacityMultiplier 2 q|deviceMultiplier 3 q
resource.v1.DeviceNodeAllocatableResourcesOverhead preview|perPod 1 q|perContainer 2 q
resource.v1.DeviceRequest|exactly 2 resource.v1.ExactDeviceRequest|firstAvailable 3 []resource.v1.DeviceSubRequest l=atomic|name! 1 s d=""
resource.v1.DeviceRequestAllocationResult|adminAccess 5 b|bindingConditions 7 []s l=atomic|bindingFailureConditions 8 []s l=atomic|consumedCapacity 10 {}q|device! 4 s d=""|driver! 2 s d=""|pool! 3 s d=""|request! 1 s d=""|shareID 9 s g=types.UID|tolerations 6 []resource.v1.DeviceToleration l=atomic|skipNodeOperations 11 []s preview
resource.v1.DeviceSelector|cel 1 resource.v1.CELDeviceSelector
resource.v1.DeviceSubRequest|allocationMode 4 s z g=v1.DeviceAllocationMode|capacity 7 resource.v1.CapacityRequirements|count 5 i64 z|deviceClassName! 2 s d=""|name! 1 s d=""|selectors 3 []resource.v1.DeviceSelector l=atomic|tolerations 6 []resource.v1.DeviceToleration l=atomic
resource.v1.DeviceTaint|effect! 3 s g=v1.DeviceTaintEffect d=""|key! 1 s d=""|timeAdded 4 time|value 2 s z
resource.v1.DeviceTaintRule k=resource.k8s.io/v1/DeviceTaintRule preview|metadata 1 meta.v1.ObjectMeta|spec 2 resource.v1alpha3.DeviceTaintRuleSpec|status 3 resource.v1alpha3.DeviceTaintRuleStatus
resource.v1.DeviceToleration|effect 4 s z g=v1.DeviceTaintEffect|key 1 s z|operator 2 s z g=v1.DeviceTolerationOperator d="Equal"|tolerationSeconds 5 i64|value 3 s z
resource.v1.ExactDeviceRequest|adminAccess 5 b|allocationMode 3 s z g=v1.DeviceAllocationMode|capacity 7 resource.v1.CapacityRequirements|count 4 i64 z|deviceClassName! 1 s d=""|selectors 2 []resource.v1.DeviceSelector l=atomic|tolerations 6 []resource.v1.DeviceToleration l=atomic
resource.v1.NetworkDeviceData|hardwareAddress 3 s z|interfaceName 1 s z|ips 2 []s l=atomic
resource.v1.OpaqueDeviceConfiguration|driver! 1 s d=""|parameters! 2 raw
resource.v1.ResourceClaim k=resource.k8s.io/v1/ResourceClaim|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1.ResourceClaimSpec d={}|status 3 resource.v1.ResourceClaimStatus d={}
resource.v1.ResourceClaimConsumerReference|apiGroup 1 s z|name! 4 s d=""|resource! 3 s d=""|uid! 5 s g=types.UID d=""
resource.v1.ResourceClaimList k=resource.k8s.io/v1/ResourceClaimList|apiVersion - s z|items! 2 []resource.v1.ResourceClaim|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1.ResourceClaimSpec|devices 1 resource.v1.DeviceClaim d={}
resource.v1.ResourceClaimStatus|allocation 1 resource.v1.AllocationResult|devices 4 []resource.v1.AllocatedDeviceStatus l=map(driver,device,pool,shareID)|reservedFor 2 []resource.v1.ResourceClaimConsumerReference l=map(uid) p=merge m=uid
resource.v1.ResourceClaimTemplate k=resource.k8s.io/v1/ResourceClaimTemplate|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1.ResourceClaimTemplateSpec d={}
resource.v1.ResourceClaimTemplateList k=resource.k8s.io/v1/ResourceClaimTemplateList|apiVersion - s z|items! 2 []resource.v1.ResourceClaimTemplate|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1.ResourceClaimTemplateSpec|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1.ResourceClaimSpec d={}
resource.v1.ResourcePool|generation! 2 i64 d=0|name! 1 s d=""|resourceSliceCount! 3 i64 d=0
resource.v1.ResourceSlice k=resource.k8s.io/v1/ResourceSlice|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1.ResourceSliceSpec d={}
resource.v1.ResourceSliceList k=resource.k8s.io/v1/ResourceSliceList|apiVersion - s z|items! 2 []resource.v1.ResourceSlice|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1.ResourceSliceSpec|allNodes 5 b|devices 6 []resource.v1.Device l=atomic|driver! 1 s d=""|nodeName 3 s|nodeSelector 4 core.v1.NodeSelector|perDeviceNodeSelection 7 b|pool! 2 resource.v1.ResourcePool d={}|sharedCounters 8 []resource.v1.CounterSet l=atomic|partitionTypeAttribute 9 s preview|skipNodeOperations 10 []s preview
resource.v1alpha3.DeviceTaint|effect! 3 s g=v1alpha3.DeviceTaintEffect d=""|key! 1 s d=""|timeAdded 4 time|value 2 s z
resource.v1alpha3.DeviceTaintRule k=resource.k8s.io/v1alpha3/DeviceTaintRule|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1alpha3.DeviceTaintRuleSpec d={}|status 3 resource.v1alpha3.DeviceTaintRuleStatus d={}
resource.v1alpha3.DeviceTaintRuleList k=resource.k8s.io/v1alpha3/DeviceTaintRuleList|apiVersion - s z|items! 2 []resource.v1alpha3.DeviceTaintRule|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1alpha3.DeviceTaintRuleSpec|deviceSelector 1 resource.v1alpha3.DeviceTaintSelector|taint! 2 resource.v1alpha3.DeviceTaint d={}
resource.v1alpha3.DeviceTaintRuleStatus|conditions 1 []meta.v1.Condition l=map(type) p=merge m=type
resource.v1alpha3.DeviceTaintSelector|device 4 s|driver 2 s|pool 3 s|deviceClassName 1 s preview|selectors 5 []resource.v1.DeviceSelector preview
resource.v1alpha3.ResourcePoolStatusRequest k=resource.k8s.io/v1alpha3/ResourcePoolStatusRequest preview|metadata 1 meta.v1.ObjectMeta|spec 2 resource.v1alpha3.ResourcePoolStatusRequestSpec|status 3 resource.v1alpha3.ResourcePoolStatusRequestStatus
resource.v1alpha3.ResourcePoolStatusRequestSpec preview|driver 1 s|poolName 2 s|limit 3 i64|defaultPartitionTypeAttribute 4 s
resource.v1alpha3.ResourcePoolStatusRequestStatus preview|poolCount 6 i64|pools 2 []resource.v1alpha3.ResourcePoolStatusRequestStatusPools|conditions 3 []meta.v1.Condition
resource.v1alpha3.ResourcePoolStatusRequestStatusPools preview|driver 1 s|poolName 2 s|generation 9 i64|resourceSliceCount 8 i64|totalDevices 4 i64|allocatedDevices 5 i64|availableDevices 6 i64|unavailableDevices 7 i64|nodeName 3 s|validationError 10 s|partitionSummary 11 []resource.v1alpha3.ResourcePoolStatusRequestStatusPoolsPartitionSummary|shareableSummary 13 resource.v1alpha3.ResourcePoolStatusRequestStatusPoolsShareableSummary
resource.v1alpha3.ResourcePoolStatusRequestStatusPoolsPartitionSummary preview|attribute 4 s|type 1 s|total 2 i64|allocatable 3 i64
resource.v1alpha3.ResourcePoolStatusRequestStatusPoolsShareableSummary preview|fullyAvailableDevices 1 i64|partiallyAvailableDevices 2 i64|capacity 3 []resource.v1alpha3.ResourcePoolStatusRequestStatusPoolsShareableSummaryCapacity
resource.v1alpha3.ResourcePoolStatusRequestStatusPoolsShareableSummaryCapacity preview|name 1 s|total 2 q|consumed 3 q|available 4 q
resource.v1beta1.AllocatedDeviceStatus|conditions 4 []meta.v1.Condition l=map(type) n|data 5 raw|device! 3 s d=""|driver! 1 s d=""|networkData 6 resource.v1beta1.NetworkDeviceData|pool! 2 s d=""|shareID 7 s
resource.v1beta1.AllocationResult|allocationTimestamp 5 time|devices 1 resource.v1beta1.DeviceAllocationResult d={}|nodeSelector 3 core.v1.NodeSelector
resource.v1beta1.BasicDevice|allNodes 6 b|allowMultipleAllocations 11 b|attributes 1 {}resource.v1beta1.DeviceAttribute|bindingConditions 9 []s l=atomic|bindingFailureConditions 10 []s l=atomic|bindsToNode 8 b|capacity 2 {}resource.v1beta1.DeviceCapacity|consumesCounters 3 []resource.v1beta1.DeviceCounterConsumption l=atomic|nodeName 4 s|nodeSelector 5 core.v1.NodeSelector|taints 7 []resource.v1beta1.DeviceTaint l=atomic|nodeAllocatableResources 14 {}resource.v1.DeviceNodeAllocatableResources preview
resource.v1beta1.CELDeviceSelector|expression! 1 s d=""
resource.v1beta1.CapacityRequestPolicy|default 1 q|validRange 4 resource.v1beta1.CapacityRequestPolicyRange|validValues 3 []q l=atomic
resource.v1beta1.CapacityRequestPolicyRange|max 2 q|min! 1 q|step 3 q
resource.v1beta1.CapacityRequirements|requests 1 {}q
resource.v1beta1.Counter|value! 1 q
resource.v1beta1.CounterSet|counters! 2 {}resource.v1beta1.Counter|name! 1 s d=""
resource.v1beta1.Device|basic 2 resource.v1beta1.BasicDevice|name! 1 s d=""
resource.v1beta1.DeviceAllocationConfiguration|opaque 3.1 resource.v1beta1.OpaqueDeviceConfiguration|requests 2 []s l=atomic|source! 1 s g=v1beta1.AllocationConfigSource d=""
resource.v1beta1.DeviceAllocationResult|config 2 []resource.v1beta1.DeviceAllocationConfiguration l=atomic|results 1 []resource.v1beta1.DeviceRequestAllocationResult l=atomic
resource.v1beta1.DeviceAttribute|bool 3 b|int 2 i64|string 4 s|version 5 s|ints 6 []i64 preview|bools 7 []b preview|strings 8 []s preview|versions 9 []s preview
resource.v1beta1.DeviceCapacity|requestPolicy 2 resource.v1beta1.CapacityRequestPolicy|value! 1 q
resource.v1beta1.DeviceClaim|config 3 []resource.v1beta1.DeviceClaimConfiguration l=atomic|constraints 2 []resource.v1beta1.DeviceConstraint l=atomic|requests 1 []resource.v1beta1.DeviceRequest l=atomic n
resource.v1beta1.DeviceClaimConfiguration|opaque 2.1 resource.v1beta1.OpaqueDeviceConfiguration|requests 1 []s l=atomic
resource.v1beta1.DeviceClass k=resource.k8s.io/v1beta1/DeviceClass|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1beta1.DeviceClassSpec d={}
resource.v1beta1.DeviceClassConfiguration|opaque 1.1 resource.v1beta1.OpaqueDeviceConfiguration
resource.v1beta1.DeviceClassList k=resource.k8s.io/v1beta1/DeviceClassList|apiVersion - s z|items! 2 []resource.v1beta1.DeviceClass|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1beta1.DeviceClassSpec|config 2 []resource.v1beta1.DeviceClassConfiguration l=atomic|extendedResourceName 4 s|selectors 1 []resource.v1beta1.DeviceSelector l=atomic
resource.v1beta1.DeviceConstraint|distinctAttribute 3 s g=v1beta1.FullyQualifiedName|matchAttribute 2 s g=v1beta1.FullyQualifiedName|requests 1 []s l=atomic
resource.v1beta1.DeviceCounterConsumption|counterSet! 1 s d=""|counters! 2 {}resource.v1beta1.Counter
resource.v1beta1.DeviceRequest|adminAccess 6 b|allocationMode 4 s z g=v1beta1.DeviceAllocationMode|capacity 9 resource.v1beta1.CapacityRequirements|count 5 i64 z|deviceClassName 2 s d=""|firstAvailable 7 []resource.v1beta1.DeviceSubRequest l=atomic|name! 1 s d=""|selectors 3 []resource.v1beta1.DeviceSelector l=atomic|tolerations 8 []resource.v1beta1.DeviceToleration l=atomic
resource.v1beta1.DeviceRequestAllocationResult|adminAccess 5 b|bindingConditions 7 []s l=atomic|bindingFailureConditions 8 []s l=atomic|consumedCapacity 10 {}q|device! 4 s d=""|driver! 2 s d=""|pool! 3 s d=""|request! 1 s d=""|shareID 9 s g=types.UID|tolerations 6 []resource.v1beta1.DeviceToleration l=atomic|skipNodeOperations 11 []s preview
resource.v1beta1.DeviceSelector|cel 1 resource.v1beta1.CELDeviceSelector
resource.v1beta1.DeviceSubRequest|allocationMode 4 s z g=v1beta1.DeviceAllocationMode|capacity 8 resource.v1beta1.CapacityRequirements|count 5 i64 z|deviceClassName! 2 s d=""|name! 1 s d=""|selectors 3 []resource.v1beta1.DeviceSelector l=atomic|tolerations 7 []resource.v1beta1.DeviceToleration l=atomic
resource.v1beta1.DeviceTaint|effect! 3 s g=v1beta1.DeviceTaintEffect d=""|key! 1 s d=""|timeAdded 4 time|value 2 s z
resource.v1beta1.DeviceToleration|effect 4 s z g=v1beta1.DeviceTaintEffect|key 1 s z|operator 2 s z g=v1beta1.DeviceTolerationOperator d="Equal"|tolerationSeconds 5 i64|value 3 s z
resource.v1beta1.NetworkDeviceData|hardwareAddress 3 s z|interfaceName 1 s z|ips 2 []s l=atomic
resource.v1beta1.OpaqueDeviceConfiguration|driver! 1 s d=""|parameters! 2 raw
resource.v1beta1.ResourceClaim k=resource.k8s.io/v1beta1/ResourceClaim|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1beta1.ResourceClaimSpec d={}|status 3 resource.v1beta1.ResourceClaimStatus d={}
resource.v1beta1.ResourceClaimConsumerReference|apiGroup 1 s z|name! 4 s d=""|resource! 3 s d=""|uid! 5 s g=types.UID d=""
resource.v1beta1.ResourceClaimList k=resource.k8s.io/v1beta1/ResourceClaimList|apiVersion - s z|items! 2 []resource.v1beta1.ResourceClaim|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1beta1.ResourceClaimSpec|devices 1 resource.v1beta1.DeviceClaim d={}
resource.v1beta1.ResourceClaimStatus|allocation 1 resource.v1beta1.AllocationResult|devices 4 []resource.v1beta1.AllocatedDeviceStatus l=map(driver,device,pool,shareID)|reservedFor 2 []resource.v1beta1.ResourceClaimConsumerReference l=map(uid) p=merge m=uid
resource.v1beta1.ResourceClaimTemplate k=resource.k8s.io/v1beta1/ResourceClaimTemplate|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1beta1.ResourceClaimTemplateSpec d={}
resource.v1beta1.ResourceClaimTemplateList k=resource.k8s.io/v1beta1/ResourceClaimTemplateList|apiVersion - s z|items! 2 []resource.v1beta1.ResourceClaimTemplate|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1beta1.ResourceClaimTemplateSpec|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1beta1.ResourceClaimSpec d={}
resource.v1beta1.ResourcePool|generation! 2 i64 d=0|name! 1 s d=""|resourceSliceCount! 3 i64 d=0
resource.v1beta1.ResourceSlice k=resource.k8s.io/v1beta1/ResourceSlice|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1beta1.ResourceSliceSpec d={}
resource.v1beta1.ResourceSliceList k=resource.k8s.io/v1beta1/ResourceSliceList|apiVersion - s z|items! 2 []resource.v1beta1.ResourceSlice|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1beta1.ResourceSliceSpec|allNodes 5 b z|devices 6 []resource.v1beta1.Device l=atomic|driver! 1 s d=""|nodeName 3 s z|nodeSelector 4 core.v1.NodeSelector|perDeviceNodeSelection 7 b|pool! 2 resource.v1beta1.ResourcePool d={}|sharedCounters 8 []resource.v1beta1.CounterSet l=atomic|partitionTypeAttribute 9 s preview|skipNodeOperations 10 []s preview
resource.v1beta2.AllocatedDeviceStatus|conditions 4 []meta.v1.Condition l=map(type) n|data 5 raw|device! 3 s d=""|driver! 1 s d=""|networkData 6 resource.v1beta2.NetworkDeviceData|pool! 2 s d=""|shareID 7 s
resource.v1beta2.AllocationResult|allocationTimestamp 5 time|devices 1 resource.v1beta2.DeviceAllocationResult d={}|nodeSelector 3 core.v1.NodeSelector
resource.v1beta2.CELDeviceSelector|expression! 1 s d=""
resource.v1beta2.CapacityRequestPolicy|default 1 q|validRange 4 resource.v1beta2.CapacityRequestPolicyRange|validValues 3 []q l=atomic
resource.v1beta2.CapacityRequestPolicyRange|max 2 q|min! 1 q|step 3 q
resource.v1beta2.CapacityRequirements|requests 1 {}q
resource.v1beta2.Counter|value! 1 q
resource.v1beta2.CounterSet|counters! 2 {}resource.v1beta2.Counter|name! 1 s d=""
resource.v1beta2.Device|allNodes 7 b|allowMultipleAllocations 12 b|attributes 2 {}resource.v1beta2.DeviceAttribute|bindingConditions 10 []s l=atomic|bindingFailureConditions 11 []s l=atomic|bindsToNode 9 b|capacity 3 {}resource.v1beta2.DeviceCapacity|consumesCounters 4 []resource.v1beta2.DeviceCounterConsumption l=atomic|name! 1 s d=""|nodeName 5 s|nodeSelector 6 core.v1.NodeSelector|taints 8 []resource.v1beta2.DeviceTaint l=atomic|nodeAllocatableResources 14 {}resource.v1.DeviceNodeAllocatableResources preview
resource.v1beta2.DeviceAllocationConfiguration|opaque 3.1 resource.v1beta2.OpaqueDeviceConfiguration|requests 2 []s l=atomic|source! 1 s g=v1beta2.AllocationConfigSource d=""
resource.v1beta2.DeviceAllocationResult|config 2 []resource.v1beta2.DeviceAllocationConfiguration l=atomic|results 1 []resource.v1beta2.DeviceRequestAllocationResult l=atomic
resource.v1beta2.DeviceAttribute|bool 3 b|int 2 i64|string 4 s|version 5 s|ints 6 []i64 preview|bools 7 []b preview|strings 8 []s preview|versions 9 []s preview
resource.v1beta2.DeviceCapacity|requestPolicy 2 resource.v1beta2.CapacityRequestPolicy|value! 1 q
resource.v1beta2.DeviceClaim|config 3 []resource.v1beta2.DeviceClaimConfiguration l=atomic|constraints 2 []resource.v1beta2.DeviceConstraint l=atomic|requests 1 []resource.v1beta2.DeviceRequest l=atomic n
resource.v1beta2.DeviceClaimConfiguration|opaque 2.1 resource.v1beta2.OpaqueDeviceConfiguration|requests 1 []s l=atomic
resource.v1beta2.DeviceClass k=resource.k8s.io/v1beta2/DeviceClass|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1beta2.DeviceClassSpec d={}
resource.v1beta2.DeviceClassConfiguration|opaque 1.1 resource.v1beta2.OpaqueDeviceConfiguration
resource.v1beta2.DeviceClassList k=resource.k8s.io/v1beta2/DeviceClassList|apiVersion - s z|items! 2 []resource.v1beta2.DeviceClass|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1beta2.DeviceClassSpec|config 2 []resource.v1beta2.DeviceClassConfiguration l=atomic|extendedResourceName 4 s|selectors 1 []resource.v1beta2.DeviceSelector l=atomic
resource.v1beta2.DeviceConstraint|distinctAttribute 3 s g=v1beta2.FullyQualifiedName|matchAttribute 2 s g=v1beta2.FullyQualifiedName|requests 1 []s l=atomic
resource.v1beta2.DeviceCounterConsumption|counterSet! 1 s d=""|counters! 2 {}resource.v1beta2.Counter
resource.v1beta2.DeviceRequest|exactly 2 resource.v1beta2.ExactDeviceRequest|firstAvailable 3 []resource.v1beta2.DeviceSubRequest l=atomic|name! 1 s d=""
resource.v1beta2.DeviceRequestAllocationResult|adminAccess 5 b|bindingConditions 7 []s l=atomic|bindingFailureConditions 8 []s l=atomic|consumedCapacity 10 {}q|device! 4 s d=""|driver! 2 s d=""|pool! 3 s d=""|request! 1 s d=""|shareID 9 s g=types.UID|tolerations 6 []resource.v1beta2.DeviceToleration l=atomic|skipNodeOperations 11 []s preview
resource.v1beta2.DeviceSelector|cel 1 resource.v1beta2.CELDeviceSelector
resource.v1beta2.DeviceSubRequest|allocationMode 4 s z g=v1beta2.DeviceAllocationMode|capacity 7 resource.v1beta2.CapacityRequirements|count 5 i64 z|deviceClassName! 2 s d=""|name! 1 s d=""|selectors 3 []resource.v1beta2.DeviceSelector l=atomic|tolerations 6 []resource.v1beta2.DeviceToleration l=atomic
resource.v1beta2.DeviceTaint|effect! 3 s g=v1beta2.DeviceTaintEffect d=""|key! 1 s d=""|timeAdded 4 time|value 2 s z
resource.v1beta2.DeviceTaintRule k=resource.k8s.io/v1beta2/DeviceTaintRule preview|metadata 1 meta.v1.ObjectMeta|spec 2 resource.v1alpha3.DeviceTaintRuleSpec|status 3 resource.v1alpha3.DeviceTaintRuleStatus
resource.v1beta2.DeviceToleration|effect 4 s z g=v1beta2.DeviceTaintEffect|key 1 s z|operator 2 s z g=v1beta2.DeviceTolerationOperator d="Equal"|tolerationSeconds 5 i64|value 3 s z
resource.v1beta2.ExactDeviceRequest|adminAccess 5 b|allocationMode 3 s z g=v1beta2.DeviceAllocationMode|capacity 7 resource.v1beta2.CapacityRequirements|count 4 i64 z|deviceClassName! 1 s d=""|selectors 2 []resource.v1beta2.DeviceSelector l=atomic|tolerations 6 []resource.v1beta2.DeviceToleration l=atomic
resource.v1beta2.NetworkDeviceData|hardwareAddress 3 s z|interfaceName 1 s z|ips 2 []s l=atomic
resource.v1beta2.OpaqueDeviceConfiguration|driver! 1 s d=""|parameters! 2 raw
resource.v1beta2.ResourceClaim k=resource.k8s.io/v1beta2/ResourceClaim|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1beta2.ResourceClaimSpec d={}|status 3 resource.v1beta2.ResourceClaimStatus d={}
resource.v1beta2.ResourceClaimConsumerReference|apiGroup 1 s z|name! 4 s d=""|resource! 3 s d=""|uid! 5 s g=types.UID d=""
resource.v1beta2.ResourceClaimList k=resource.k8s.io/v1beta2/ResourceClaimList|apiVersion - s z|items! 2 []resource.v1beta2.ResourceClaim|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1beta2.ResourceClaimSpec|devices 1 resource.v1beta2.DeviceClaim d={}
resource.v1beta2.ResourceClaimStatus|allocation 1 resource.v1beta2.AllocationResult|devices 4 []resource.v1beta2.AllocatedDeviceStatus l=map(driver,device,pool,shareID)|reservedFor 2 []resource.v1beta2.ResourceClaimConsumerReference l=map(uid) p=merge m=uid
resource.v1beta2.ResourceClaimTemplate k=resource.k8s.io/v1beta2/ResourceClaimTemplate|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1beta2.ResourceClaimTemplateSpec d={}
resource.v1beta2.ResourceClaimTemplateList k=resource.k8s.io/v1beta2/ResourceClaimTemplateList|apiVersion - s z|items! 2 []resource.v1beta2.ResourceClaimTemplate|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1beta2.ResourceClaimTemplateSpec|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1beta2.ResourceClaimSpec d={}
resource.v1beta2.ResourcePool|generation! 2 i64 d=0|name! 1 s d=""|resourceSliceCount! 3 i64 d=0
resource.v1beta2.ResourceSlice k=resource.k8s.io/v1beta2/ResourceSlice|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 resource.v1beta2.ResourceSliceSpec d={}
resource.v1beta2.ResourceSliceList k=resource.k8s.io/v1beta2/ResourceSliceList|apiVersion - s z|items! 2 []resource.v1beta2.ResourceSlice|kind - s z|metadata 1 meta.v1.ListMeta d={}
resource.v1beta2.ResourceSliceSpec|allNodes 5 b|devices 6 []resource.v1beta2.Device l=atomic|driver! 1 s d=""|nodeName 3 s|nodeSelector 4 core.v1.NodeSelector|perDeviceNodeSelection 7 b|pool! 2 resource.v1beta2.ResourcePool d={}|sharedCounters 8 []resource.v1beta2.CounterSet l=atomic|partitionTypeAttribute 9 s preview|skipNodeOperations 10 []s preview
scheduling.v1.PriorityClass k=scheduling.k8s.io/v1/PriorityClass|apiVersion - s z|description 4 s z|globalDefault 3 b z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|preemptionPolicy 5 s g=v1.PreemptionPolicy|value! 2 i32 d=0
scheduling.v1.PriorityClassList k=scheduling.k8s.io/v1/PriorityClassList|apiVersion - s z|items! 2 []scheduling.v1.PriorityClass|kind - s z|metadata 1 meta.v1.ListMeta d={}
scheduling.v1alpha1.BasicSchedulingPolicy
scheduling.v1alpha1.GangSchedulingPolicy|minCount! 1 i32 d=0
scheduling.v1alpha1.PodGroup|name! 1 s d=""|policy! 3 scheduling.v1alpha1.PodGroupPolicy d={}
scheduling.v1alpha1.PodGroupPolicy|basic 2 scheduling.v1alpha1.BasicSchedulingPolicy|gang 3 scheduling.v1alpha1.GangSchedulingPolicy
scheduling.v1alpha1.PriorityClass k=scheduling.k8s.io/v1alpha1/PriorityClass preview|metadata 1 meta.v1.ObjectMeta|value 2 i64|globalDefault 3 b z|description 4 s z|preemptionPolicy 5 s g=v1.PreemptionPolicy
scheduling.v1alpha1.TypedLocalObjectReference|apiGroup 1 s z|kind! 2 s d=""|name! 3 s d=""
scheduling.v1alpha1.Workload k=scheduling.k8s.io/v1alpha1/Workload|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 scheduling.v1alpha1.WorkloadSpec d={}
scheduling.v1alpha1.WorkloadList k=scheduling.k8s.io/v1alpha1/WorkloadList|apiVersion - s z|items! 2 []scheduling.v1alpha1.Workload|kind - s z|metadata 1 meta.v1.ListMeta d={}
scheduling.v1alpha1.WorkloadSpec|controllerRef 1 scheduling.v1alpha1.TypedLocalObjectReference|podGroups! 2 []scheduling.v1alpha1.PodGroup l=map(name)
scheduling.v1alpha3.CompositePodGroup k=scheduling.k8s.io/v1alpha3/CompositePodGroup preview|metadata 1 meta.v1.ObjectMeta|spec 2 scheduling.v1alpha3.CompositePodGroupSpec|status 3 networking.v1.ServiceCIDRStatus
scheduling.v1alpha3.CompositePodGroupSpec preview|parentCompositePodGroupName 1 s|workloadRef 2 scheduling.v1alpha3.CompositePodGroupSpecWorkloadRef|schedulingPolicy 3 scheduling.v1alpha3.CompositePodGroupSpecSchedulingPolicy|schedulingConstraints 4 batch.v1.JobSpecSchedulingSchedulingConstraints|disruptionMode 5 batch.v1.JobSpecSchedulingDisruptionMode|priorityClassName 6 s|priority 7 i64|preemptionPolicy 8 s
scheduling.v1alpha3.CompositePodGroupSpecSchedulingPolicy preview|basic 1 scheduling.v1alpha3.CompositePodGroupSpecSchedulingPolicyBasic|gang 2 scheduling.v1alpha3.CompositePodGroupSpecSchedulingPolicyGang
scheduling.v1alpha3.CompositePodGroupSpecSchedulingPolicyBasic preview
scheduling.v1alpha3.CompositePodGroupSpecSchedulingPolicyGang preview|minGroupCount 1 i64
scheduling.v1alpha3.CompositePodGroupSpecWorkloadRef preview|workloadName 1 s|templateName 2 s
scheduling.v1alpha3.PodGroup k=scheduling.k8s.io/v1alpha3/PodGroup preview|metadata 1 meta.v1.ObjectMeta|spec 2 scheduling.v1alpha3.PodGroupSpec|status 3 scheduling.v1alpha3.PodGroupStatus
scheduling.v1alpha3.PodGroupSpec preview|parentCompositePodGroupName 1 s|workloadRef 2 scheduling.v1alpha3.CompositePodGroupSpecWorkloadRef|schedulingPolicy 3 batch.v1.JobSpecSchedulingSchedulingPolicy|schedulingConstraints 4 batch.v1.JobSpecSchedulingSchedulingConstraints|resourceClaims 5 []batch.v1.JobSpecSchedulingResourceClaims|disruptionMode 6 batch.v1.JobSpecSchedulingDisruptionMode|priorityClassName 7 s|priority 8 i64|preemptionPolicy 9 s
scheduling.v1alpha3.PodGroupStatus preview|conditions 1 []meta.v1.Condition|resourceClaimStatuses 2 []core.v1.PodResourceClaimStatus
scheduling.v1alpha3.Workload k=scheduling.k8s.io/v1alpha3/Workload preview|metadata 1 meta.v1.ObjectMeta|spec 2 scheduling.v1alpha3.WorkloadSpec
scheduling.v1alpha3.WorkloadSpec preview|controllerRef 1 scheduling.v1alpha1.TypedLocalObjectReference|podGroupTemplates 2 []scheduling.v1alpha3.WorkloadSpecPodGroupTemplates|compositePodGroupTemplates 3 []scheduling.v1alpha3.WorkloadSpecCompositePodGroupTemplates
scheduling.v1alpha3.WorkloadSpecCompositePodGroupTemplates preview|name 1 s|schedulingPolicy 2 scheduling.v1alpha3.CompositePodGroupSpecSchedulingPolicy|schedulingConstraints 3 batch.v1.JobSpecSchedulingSchedulingConstraints|disruptionMode 4 batch.v1.JobSpecSchedulingDisruptionMode|priorityClassName 5 s|priority 6 i64|preemptionPolicy 7 s|podGroupTemplates 8 []scheduling.v1alpha3.WorkloadSpecCompositePodGroupTemplatesPodGroupTemplates
scheduling.v1alpha3.WorkloadSpecCompositePodGroupTemplatesPodGroupTemplates preview|name 1 s|schedulingPolicy 2 batch.v1.JobSpecSchedulingSchedulingPolicy|schedulingConstraints 3 batch.v1.JobSpecSchedulingSchedulingConstraints|resourceClaims 4 []batch.v1.JobSpecSchedulingResourceClaims|disruptionMode 5 batch.v1.JobSpecSchedulingDisruptionMode|priorityClassName 6 s|priority 7 i64|preemptionPolicy 8 s
scheduling.v1alpha3.WorkloadSpecPodGroupTemplates preview|name 1 s|schedulingPolicy 2 batch.v1.JobSpecSchedulingSchedulingPolicy|schedulingConstraints 3 batch.v1.JobSpecSchedulingSchedulingConstraints|resourceClaims 4 []batch.v1.JobSpecSchedulingResourceClaims|disruptionMode 5 batch.v1.JobSpecSchedulingDisruptionMode|priorityClassName 6 s|priority 7 i64|preemptionPolicy 8 s
scheduling.v1beta1.PodGroup k=scheduling.k8s.io/v1beta1/PodGroup preview|metadata 1 meta.v1.ObjectMeta|spec 2 scheduling.v1alpha3.PodGroupSpec|status 3 scheduling.v1alpha3.PodGroupStatus
scheduling.v1beta1.PriorityClass k=scheduling.k8s.io/v1beta1/PriorityClass preview|metadata 1 meta.v1.ObjectMeta|value 2 i64|globalDefault 3 b z|description 4 s z|preemptionPolicy 5 s g=v1.PreemptionPolicy
scheduling.v1beta1.Workload k=scheduling.k8s.io/v1beta1/Workload preview|metadata 1 meta.v1.ObjectMeta|spec 2 scheduling.v1alpha3.WorkloadSpec
storage.v1.CSIDriver k=storage.k8s.io/v1/CSIDriver|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 storage.v1.CSIDriverSpec d={}
storage.v1.CSIDriverList k=storage.k8s.io/v1/CSIDriverList|apiVersion - s z|items! 2 []storage.v1.CSIDriver|kind - s z|metadata 1 meta.v1.ListMeta d={}
storage.v1.CSIDriverSpec|attachRequired 1 b|fsGroupPolicy 5 s g=v1.FSGroupPolicy|nodeAllocatableUpdatePeriodSeconds 9 i64|podInfoOnMount 2 b|requiresRepublish 7 b|seLinuxMount 8 b|serviceAccountTokenInSecrets 10 b|storageCapacity 4 b|tokenRequests 6 []storage.v1.TokenRequest l=atomic|volumeLifecycleModes 3 []s l=set g=[]v1.VolumeLifecycleMode|preventPodSchedulingIfMissing 11 b preview
storage.v1.CSINode k=storage.k8s.io/v1/CSINode|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 storage.v1.CSINodeSpec d={}|status 3 storage.v1.CSINodeStatus preview
storage.v1.CSINodeDriver|allocatable 4 storage.v1.VolumeNodeResources|name! 1 s d=""|nodeID! 2 s d=""|topologyKeys 3 []s l=atomic n
storage.v1.CSINodeList k=storage.k8s.io/v1/CSINodeList|apiVersion - s z|items! 2 []storage.v1.CSINode|kind - s z|metadata 1 meta.v1.ListMeta d={}
storage.v1.CSINodeSpec|drivers! 1 []storage.v1.CSINodeDriver l=map(name) p=merge m=name
storage.v1.CSINodeStatus preview|storageHealth 1 []storage.v1.CSINodeStatusStorageHealth
storage.v1.CSINodeStatusStorageHealth preview|name 1 s|healthConditions 2 []storage.v1.CSINodeStatusStorageHealthHealthConditions
storage.v1.CSINodeStatusStorageHealthHealthConditions preview|status 1 s|reason 2 s|message 3 s|accessMode 4 s|volumeMode 5 s|lastTransitionTime 6 time
storage.v1.CSIStorageCapacity k=storage.k8s.io/v1/CSIStorageCapacity|apiVersion - s z|capacity 4 q|kind - s z|maximumVolumeSize 5 q|metadata 1 meta.v1.ObjectMeta d={}|nodeTopology 2 meta.v1.LabelSelector|storageClassName! 3 s d=""
storage.v1.CSIStorageCapacityList k=storage.k8s.io/v1/CSIStorageCapacityList|apiVersion - s z|items! 2 []storage.v1.CSIStorageCapacity|kind - s z|metadata 1 meta.v1.ListMeta d={}
storage.v1.StorageClass k=storage.k8s.io/v1/StorageClass|allowVolumeExpansion 6 b|allowedTopologies 8 []core.v1.TopologySelectorTerm l=atomic|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|mountOptions 5 []s l=atomic|parameters 3 {}s|provisioner! 2 s d=""|reclaimPolicy 4 s g=v1.PersistentVolumeReclaimPolicy|volumeBindingMode 7 s g=v1.VolumeBindingMode
storage.v1.StorageClassList k=storage.k8s.io/v1/StorageClassList|apiVersion - s z|items! 2 []storage.v1.StorageClass|kind - s z|metadata 1 meta.v1.ListMeta d={}
storage.v1.TokenRequest|audience! 1 s d=""|expirationSeconds 2 i64
storage.v1.VolumeAttachment k=storage.k8s.io/v1/VolumeAttachment|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec! 2 storage.v1.VolumeAttachmentSpec d={}|status 3 storage.v1.VolumeAttachmentStatus d={}
storage.v1.VolumeAttachmentList k=storage.k8s.io/v1/VolumeAttachmentList|apiVersion - s z|items! 2 []storage.v1.VolumeAttachment|kind - s z|metadata 1 meta.v1.ListMeta d={}
storage.v1.VolumeAttachmentSource|inlineVolumeSpec 2 core.v1.PersistentVolumeSpec|persistentVolumeName 1 s
storage.v1.VolumeAttachmentSpec|attacher! 1 s d=""|nodeName! 3 s d=""|source! 2 storage.v1.VolumeAttachmentSource d={}
storage.v1.VolumeAttachmentStatus|attachError 3 storage.v1.VolumeError|attached! 1 b d=false|attachmentMetadata 2 {}s|detachError 4 storage.v1.VolumeError
storage.v1.VolumeAttributesClass k=storage.k8s.io/v1/VolumeAttributesClass|apiVersion - s z|driverName! 2 s d=""|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|parameters 3 {}s
storage.v1.VolumeAttributesClassList k=storage.k8s.io/v1/VolumeAttributesClassList|apiVersion - s z|items! 2 []storage.v1.VolumeAttributesClass|kind - s z|metadata 1 meta.v1.ListMeta d={}
storage.v1.VolumeError|errorCode 3 i32|message 2 s z|time 1 time
storage.v1.VolumeNodeResources|count 1 i32
storage.v1alpha1.CSIStorageCapacity k=storage.k8s.io/v1alpha1/CSIStorageCapacity preview|metadata 1 meta.v1.ObjectMeta|nodeTopology 2 meta.v1.LabelSelector|storageClassName 3 s|capacity 4 q|maximumVolumeSize 5 q
storage.v1alpha1.VolumeAttachment k=storage.k8s.io/v1alpha1/VolumeAttachment preview|metadata 1 meta.v1.ObjectMeta|spec 2 storage.v1.VolumeAttachmentSpec|status 3 storage.v1.VolumeAttachmentStatus
storage.v1alpha1.VolumeAttributesClass k=storage.k8s.io/v1alpha1/VolumeAttributesClass preview|metadata 1 meta.v1.ObjectMeta|driverName 2 s|parameters 3 {}s
storage.v1beta1.CSIDriver k=storage.k8s.io/v1beta1/CSIDriver preview|metadata 1 meta.v1.ObjectMeta|spec 2 storage.v1.CSIDriverSpec
storage.v1beta1.CSINode k=storage.k8s.io/v1beta1/CSINode preview|metadata 1 meta.v1.ObjectMeta|spec 2 storage.v1.CSINodeSpec|status 3 storage.v1beta1.CSINodeStatus
storage.v1beta1.CSINodeStatus preview|storageHealth 1 []storage.v1.CSINodeStatusStorageHealth
storage.v1beta1.CSIStorageCapacity k=storage.k8s.io/v1beta1/CSIStorageCapacity preview|metadata 1 meta.v1.ObjectMeta|nodeTopology 2 meta.v1.LabelSelector|storageClassName 3 s|capacity 4 q|maximumVolumeSize 5 q
storage.v1beta1.StorageClass k=storage.k8s.io/v1beta1/StorageClass preview|metadata 1 meta.v1.ObjectMeta|provisioner 2 s|parameters 3 {}s|reclaimPolicy 4 s g=v1.PersistentVolumeReclaimPolicy|mountOptions 5 []s|allowVolumeExpansion 6 b|volumeBindingMode 7 s g=v1beta1.VolumeBindingMode|allowedTopologies 8 []core.v1.TopologySelectorTerm
storage.v1beta1.VolumeAttachment k=storage.k8s.io/v1beta1/VolumeAttachment preview|metadata 1 meta.v1.ObjectMeta|spec 2 storage.v1.VolumeAttachmentSpec|status 3 storage.v1.VolumeAttachmentStatus
storage.v1beta1.VolumeAttributesClass k=storage.k8s.io/v1beta1/VolumeAttributesClass|apiVersion - s z|driverName! 2 s d=""|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|parameters 3 {}s
storage.v1beta1.VolumeAttributesClassList k=storage.k8s.io/v1beta1/VolumeAttributesClassList|apiVersion - s z|items! 2 []storage.v1beta1.VolumeAttributesClass|kind - s z|metadata 1 meta.v1.ListMeta d={}
storagemigration.v1.StorageVersionMigration k=storagemigration.k8s.io/v1/StorageVersionMigration preview|metadata 1 meta.v1.ObjectMeta|spec 2 storagemigration.v1beta1.StorageVersionMigrationSpec|status 3 storagemigration.v1beta1.StorageVersionMigrationStatus
storagemigration.v1beta1.StorageVersionMigration k=storagemigration.k8s.io/v1beta1/StorageVersionMigration|apiVersion - s z|kind - s z|metadata 1 meta.v1.ObjectMeta d={}|spec 2 storagemigration.v1beta1.StorageVersionMigrationSpec d={}|status 3 storagemigration.v1beta1.StorageVersionMigrationStatus d={}
storagemigration.v1beta1.StorageVersionMigrationList k=storagemigration.k8s.io/v1beta1/StorageVersionMigrationList|apiVersion - s z|items! 2 []storagemigration.v1beta1.StorageVersionMigration|kind - s z|metadata 1 meta.v1.ListMeta d={}
storagemigration.v1beta1.StorageVersionMigrationSpec|resource! 1 meta.v1.GroupResource d={}
storagemigration.v1beta1.StorageVersionMigrationStatus|conditions 1 []meta.v1.Condition l=map(type) p=merge m=type|resourceVersion 2 s z
`;

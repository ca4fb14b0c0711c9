// Written by tools/generate-kernel; do not edit.
/** One collection a line: group version plural kind scope verbs subresources. */
export const RESOURCE_TABLE = `
- v1 bindings Binding ns create
- v1 componentstatuses ComponentStatus cluster get,list
- v1 configmaps ConfigMap ns create,delete,deletecollection,get,list,patch,update,watch
- v1 endpoints Endpoints ns create,delete,deletecollection,get,list,patch,update,watch
- v1 events Event ns create,delete,deletecollection,get,list,patch,update,watch
- v1 limitranges LimitRange ns create,delete,deletecollection,get,list,patch,update,watch
- v1 namespaces Namespace cluster create,delete,get,list,patch,update,watch finalize:update status:get,patch,update
- v1 nodes Node cluster create,delete,deletecollection,get,list,patch,update,watch proxy:create,delete,get,patch,update:/v1/NodeProxyOptions status:get,patch,update
- v1 persistentvolumeclaims PersistentVolumeClaim ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
- v1 persistentvolumes PersistentVolume cluster create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
- v1 pods Pod ns create,delete,deletecollection,get,list,patch,update,watch attach:create,get:/v1/PodAttachOptions binding:create:/v1/Binding ephemeralcontainers:get,patch,update eviction:create:policy/v1/Eviction exec:create,get:/v1/PodExecOptions log:get portforward:create,get:/v1/PodPortForwardOptions proxy:create,delete,get,patch,update:/v1/PodProxyOptions resize:get,patch,update status:get,patch,update
- v1 podtemplates PodTemplate ns create,delete,deletecollection,get,list,patch,update,watch
- v1 replicationcontrollers ReplicationController ns create,delete,deletecollection,get,list,patch,update,watch scale:get,patch,update:autoscaling/v1/Scale status:get,patch,update
- v1 resourcequotas ResourceQuota ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
- v1 secrets Secret ns create,delete,deletecollection,get,list,patch,update,watch
- v1 serviceaccounts ServiceAccount ns create,delete,deletecollection,get,list,patch,update,watch token:create:authentication.k8s.io/v1/TokenRequest
- v1 services Service ns create,delete,deletecollection,get,list,patch,update,watch proxy:create,delete,get,patch,update:/v1/ServiceProxyOptions status:get,patch,update
admissionregistration.k8s.io v1 mutatingadmissionpolicies MutatingAdmissionPolicy cluster create,delete,deletecollection,get,list,patch,update,watch
admissionregistration.k8s.io v1 mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding cluster create,delete,deletecollection,get,list,patch,update,watch
admissionregistration.k8s.io v1 mutatingwebhookconfigurations MutatingWebhookConfiguration cluster create,delete,deletecollection,get,list,patch,update,watch
admissionregistration.k8s.io v1 validatingadmissionpolicies ValidatingAdmissionPolicy cluster create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
admissionregistration.k8s.io v1 validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding cluster create,delete,deletecollection,get,list,patch,update,watch
admissionregistration.k8s.io v1 validatingwebhookconfigurations ValidatingWebhookConfiguration cluster create,delete,deletecollection,get,list,patch,update,watch
admissionregistration.k8s.io v1alpha1 mutatingadmissionpolicies MutatingAdmissionPolicy cluster create,delete,deletecollection,get,list,patch,update,watch
admissionregistration.k8s.io v1alpha1 mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding cluster create,delete,deletecollection,get,list,patch,update,watch
admissionregistration.k8s.io v1beta1 mutatingadmissionpolicies MutatingAdmissionPolicy cluster create,delete,deletecollection,get,list,patch,update,watch
admissionregistration.k8s.io v1beta1 mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding cluster create,delete,deletecollection,get,list,patch,update,watch
apiextensions.k8s.io v1 customresourcedefinitions CustomResourceDefinition cluster create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
apiregistration.k8s.io v1 apiservices APIService cluster create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
apps v1 controllerrevisions ControllerRevision ns create,delete,deletecollection,get,list,patch,update,watch
apps v1 daemonsets DaemonSet ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
apps v1 deployments Deployment ns create,delete,deletecollection,get,list,patch,update,watch scale:get,patch,update:autoscaling/v1/Scale status:get,patch,update
apps v1 replicasets ReplicaSet ns create,delete,deletecollection,get,list,patch,update,watch scale:get,patch,update:autoscaling/v1/Scale status:get,patch,update
apps v1 statefulsets StatefulSet ns create,delete,deletecollection,get,list,patch,update,watch scale:get,patch,update:autoscaling/v1/Scale status:get,patch,update
authentication.k8s.io v1 selfsubjectreviews SelfSubjectReview cluster create
authentication.k8s.io v1 tokenreviews TokenReview cluster create
authorization.k8s.io v1 localsubjectaccessreviews LocalSubjectAccessReview ns create
authorization.k8s.io v1 selfsubjectaccessreviews SelfSubjectAccessReview cluster create
authorization.k8s.io v1 selfsubjectrulesreviews SelfSubjectRulesReview cluster create
authorization.k8s.io v1 subjectaccessreviews SubjectAccessReview cluster create
autoscaling v1 horizontalpodautoscalers HorizontalPodAutoscaler ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
autoscaling v2 horizontalpodautoscalers HorizontalPodAutoscaler ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
batch v1 cronjobs CronJob ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
batch v1 jobs Job ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
certificates.k8s.io v1 certificatesigningrequests CertificateSigningRequest cluster create,delete,deletecollection,get,list,patch,update,watch approval:get,patch,update status:get,patch,update
certificates.k8s.io v1alpha1 clustertrustbundles ClusterTrustBundle cluster create,delete,deletecollection,get,list,patch,update,watch
certificates.k8s.io v1beta1 clustertrustbundles ClusterTrustBundle cluster create,delete,deletecollection,get,list,patch,update,watch
certificates.k8s.io v1beta1 podcertificaterequests PodCertificateRequest ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
coordination.k8s.io v1 leases Lease ns create,delete,deletecollection,get,list,patch,update,watch
coordination.k8s.io v1alpha2 leasecandidates LeaseCandidate ns create,delete,deletecollection,get,list,patch,update,watch
coordination.k8s.io v1beta1 leasecandidates LeaseCandidate ns create,delete,deletecollection,get,list,patch,update,watch
discovery.k8s.io v1 endpointslices EndpointSlice ns create,delete,deletecollection,get,list,patch,update,watch
events.k8s.io v1 events Event ns create,delete,deletecollection,get,list,patch,update,watch
flowcontrol.apiserver.k8s.io v1 flowschemas FlowSchema cluster create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
flowcontrol.apiserver.k8s.io v1 prioritylevelconfigurations PriorityLevelConfiguration cluster create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
internal.apiserver.k8s.io v1alpha1 storageversions StorageVersion cluster create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
networking.k8s.io v1 ingressclasses IngressClass cluster create,delete,deletecollection,get,list,patch,update,watch
networking.k8s.io v1 ingresses Ingress ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
networking.k8s.io v1 ipaddresses IPAddress cluster create,delete,deletecollection,get,list,patch,update,watch
networking.k8s.io v1 networkpolicies NetworkPolicy ns create,delete,deletecollection,get,list,patch,update,watch
networking.k8s.io v1 servicecidrs ServiceCIDR cluster create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
networking.k8s.io v1beta1 ipaddresses IPAddress cluster create,delete,deletecollection,get,list,patch,update,watch
networking.k8s.io v1beta1 servicecidrs ServiceCIDR cluster create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
node.k8s.io v1 runtimeclasses RuntimeClass cluster create,delete,deletecollection,get,list,patch,update,watch
policy v1 poddisruptionbudgets PodDisruptionBudget ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
rbac.authorization.k8s.io v1 clusterrolebindings ClusterRoleBinding cluster create,delete,deletecollection,get,list,patch,update,watch
rbac.authorization.k8s.io v1 clusterroles ClusterRole cluster create,delete,deletecollection,get,list,patch,update,watch
rbac.authorization.k8s.io v1 rolebindings RoleBinding ns create,delete,deletecollection,get,list,patch,update,watch
rbac.authorization.k8s.io v1 roles Role ns create,delete,deletecollection,get,list,patch,update,watch
resource.k8s.io v1 deviceclasses DeviceClass cluster create,delete,deletecollection,get,list,patch,update,watch
resource.k8s.io v1 resourceclaims ResourceClaim ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
resource.k8s.io v1 resourceclaimtemplates ResourceClaimTemplate ns create,delete,deletecollection,get,list,patch,update,watch
resource.k8s.io v1 resourceslices ResourceSlice cluster create,delete,deletecollection,get,list,patch,update,watch
resource.k8s.io v1alpha3 devicetaintrules DeviceTaintRule cluster create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
resource.k8s.io v1beta1 deviceclasses DeviceClass cluster create,delete,deletecollection,get,list,patch,update,watch
resource.k8s.io v1beta1 resourceclaims ResourceClaim ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
resource.k8s.io v1beta1 resourceclaimtemplates ResourceClaimTemplate ns create,delete,deletecollection,get,list,patch,update,watch
resource.k8s.io v1beta1 resourceslices ResourceSlice cluster create,delete,deletecollection,get,list,patch,update,watch
resource.k8s.io v1beta2 deviceclasses DeviceClass cluster create,delete,deletecollection,get,list,patch,update,watch
resource.k8s.io v1beta2 resourceclaims ResourceClaim ns create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
resource.k8s.io v1beta2 resourceclaimtemplates ResourceClaimTemplate ns create,delete,deletecollection,get,list,patch,update,watch
resource.k8s.io v1beta2 resourceslices ResourceSlice cluster create,delete,deletecollection,get,list,patch,update,watch
scheduling.k8s.io v1 priorityclasses PriorityClass cluster create,delete,deletecollection,get,list,patch,update,watch
scheduling.k8s.io v1alpha1 workloads Workload ns create,delete,deletecollection,get,list,patch,update,watch
storage.k8s.io v1 csidrivers CSIDriver cluster create,delete,deletecollection,get,list,patch,update,watch
storage.k8s.io v1 csinodes CSINode cluster create,delete,deletecollection,get,list,patch,update,watch
storage.k8s.io v1 csistoragecapacities CSIStorageCapacity ns create,delete,deletecollection,get,list,patch,update,watch
storage.k8s.io v1 storageclasses StorageClass cluster create,delete,deletecollection,get,list,patch,update,watch
storage.k8s.io v1 volumeattachments VolumeAttachment cluster create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
storage.k8s.io v1 volumeattributesclasses VolumeAttributesClass cluster create,delete,deletecollection,get,list,patch,update,watch
storage.k8s.io v1beta1 volumeattributesclasses VolumeAttributesClass cluster create,delete,deletecollection,get,list,patch,update,watch
storagemigration.k8s.io v1beta1 storageversionmigrations StorageVersionMigration cluster create,delete,deletecollection,get,list,patch,update,watch status:get,patch,update
`;

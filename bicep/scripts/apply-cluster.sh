#!/usr/bin/env bash
# Applies the manifests of bicep/cluster to the environment's cluster, with the values that the deployment gave. Safe to repeat. Runs kubectl
# inside Azure (az aks command invoke), so it works for a private API server from anywhere. The caller needs the right to run commands on the
# cluster and to administer it ("Azure Kubernetes Service RBAC Cluster Admin").
#
# Reads the outputs of main.bicep, which azd sets as variables: AZURE_RESOURCE_GROUP, AKS_NAME, KAITO_NAMESPACE, WORKER_OBJECT_ID,
# MODEL_SOURCE_RANGES (comma-separated CIDRs). GPU_EXPORTER_IMAGE is optional and set by hand. With --print it only shows the manifests.
set -euo pipefail
cd "$(dirname "$0")/../cluster"

# Rights of a new cluster reach every replica within minutes.
attempts_max=10
pause_seconds=30

fail() {
  echo "apply-cluster: $1" >&2
  exit 1
}

# What is filled into a manifest is checked first: a value with a line break or a quote would become part of it.
require() {
  local name=$1 pattern=$2 value=${!1:-}
  [[ $value =~ ^${pattern}$ ]] || fail "$name is \"$value\"; it must match $pattern. Run \"azd env get-values\" to see what the deployment gave."
}

cidr='[0-9]{1,3}(\.[0-9]{1,3}){3}/[0-9]{1,2}'
require AZURE_RESOURCE_GROUP '[A-Za-z0-9._()-]+'
require AKS_NAME '[A-Za-z0-9_-]+'
require KAITO_NAMESPACE '[a-z0-9]([a-z0-9-]*[a-z0-9])?'
require WORKER_OBJECT_ID '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}'
require MODEL_SOURCE_RANGES "${cidr}(,${cidr})*"
[ -z "${GPU_EXPORTER_IMAGE:-}" ] || require GPU_EXPORTER_IMAGE '[A-Za-z0-9./:@_-]+'

# 10.10.6.0/24,10.10.7.0/24 -> [{ipBlock: {cidr: 10.10.6.0/24}}, {ipBlock: {cidr: 10.10.7.0/24}}]
source_blocks() {
  local block blocks=''
  for block in ${MODEL_SOURCE_RANGES//,/ }; do
    blocks="${blocks:+$blocks, }{ipBlock: {cidr: $block}}"
  done
  echo "[$blocks]"
}

manifests=(kaito-models/namespace.yaml kaito-models/role.yaml kaito-models/network-policy.yaml kaito-models/metrics.yaml)
[ -z "${GPU_EXPORTER_IMAGE:-}" ] || manifests+=(gpu-metrics/dcgm-exporter.yaml)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for manifest in "${manifests[@]}"; do
  sed -e "s|\${KAITO_NAMESPACE}|$KAITO_NAMESPACE|g" \
    -e "s|\${WORKER_OBJECT_ID}|$WORKER_OBJECT_ID|g" \
    -e "s|\${MODEL_SOURCE_BLOCKS}|$(source_blocks)|g" \
    -e "s|\${GPU_EXPORTER_IMAGE}|${GPU_EXPORTER_IMAGE:-}|g" "$manifest"
  echo '---'
done >"$work/platform.yaml"

if [ "${1:-}" = '--print' ]; then
  cat "$work/platform.yaml"
  exit 0
fi

# The command line tool succeeds when kubectl fails, so the exit code is read from the answer.
for ((attempt = 1; attempt <= attempts_max; attempt++)); do
  if (cd "$work" && az aks command invoke --resource-group "$AZURE_RESOURCE_GROUP" --name "$AKS_NAME" \
    --file platform.yaml --command 'kubectl apply --server-side --field-manager=hai-platform -f platform.yaml' \
    --query '[exitCode, logs]' --output tsv) >"$work/answer" &&
    [ "$(head -n 1 "$work/answer")" = 0 ]; then
    tail -n +2 "$work/answer"
    echo "apply-cluster: $AKS_NAME has ${#manifests[@]} manifests"
    exit 0
  fi
  echo "apply-cluster: attempt $attempt of $attempts_max did not succeed:" >&2
  cat "$work/answer" >&2
  [ "$attempt" -eq "$attempts_max" ] || sleep "$pause_seconds"
done
fail "the manifests were not applied. Is the caller a cluster administrator (Azure Kubernetes Service RBAC Cluster Admin)?"

#!/usr/bin/env bash
# Puts the dashboards of bicep/dashboards into the environment's Grafana. Safe to repeat: a dashboard keeps its uid and is overwritten. ARM
# has no resource for a dashboard of Managed Grafana. The caller needs the role Grafana Admin (or Editor) and the CLI extension amg.
#
# Reads the outputs of main.bicep, which azd sets as variables: AZURE_RESOURCE_GROUP, GRAFANA_NAME
set -euo pipefail
cd "$(dirname "$0")/../dashboards"
: "${AZURE_RESOURCE_GROUP:?run azd env get-values to see what the deployment gave}"
: "${GRAFANA_NAME:?run azd env get-values to see what the deployment gave}"

for dashboard in *.json; do
  az grafana dashboard create --resource-group "$AZURE_RESOURCE_GROUP" --name "$GRAFANA_NAME" \
    --overwrite true --definition "$PWD/$dashboard" --output none
  echo "import-dashboards: $dashboard is in $GRAFANA_NAME"
done

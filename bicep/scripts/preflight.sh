#!/usr/bin/env bash
# Asks Azure, before anything is changed, for what a deployment would fail at late: providers that are not registered, and a Node.js that Flex
# Consumption does not have in the region. ARM takes any version; a wrong one breaks the app only when it starts.
# Needs AZURE_LOCATION; NODE_VERSION is the version that the environment asks for (22 when absent).
set -euo pipefail
location=${AZURE_LOCATION:?Set AZURE_LOCATION to the region of the deployment.}
node_version=${NODE_VERSION:-22}

providers="Microsoft.AlertsManagement Microsoft.ApiManagement Microsoft.App Microsoft.CognitiveServices Microsoft.Compute
Microsoft.Consumption Microsoft.ContainerRegistry Microsoft.ContainerService Microsoft.Dashboard Microsoft.DBforPostgreSQL
Microsoft.DocumentDB Microsoft.DurableTask Microsoft.Insights Microsoft.KeyVault Microsoft.KubernetesConfiguration
Microsoft.ManagedIdentity Microsoft.Monitor Microsoft.Network Microsoft.OperationalInsights Microsoft.PolicyInsights
Microsoft.Security Microsoft.ServiceBus Microsoft.Storage Microsoft.Web"
for provider in $providers; do
  state=$(az provider show --namespace "$provider" --query registrationState --output tsv)
  if [ "$state" != Registered ]; then
    echo "Registering $provider (now: $state)"
    az provider register --namespace "$provider" --wait
  fi
done

versions=$(az functionapp list-flexconsumption-runtimes --location "$location" --runtime node --query '[].version' --output tsv)
if ! grep --quiet --line-regexp --fixed-strings "$node_version" <<<"$versions"; then
  echo "Flex Consumption in $location has no Node.js $node_version; it has: $(tr '\n' ' ' <<<"$versions")" >&2
  echo "Set nodeVersion in the environment's .bicepparam (and NODE_VERSION here) to one of them." >&2
  exit 1
fi
echo "Preflight passed: providers are registered, Flex Consumption in $location has Node.js $node_version."

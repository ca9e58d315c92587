#!/usr/bin/env bash
# After a deployment: does the api tier answer, and does it reach its stores? Waits for the app to start, but not for ever.
# Needs API_URL (an output of main.bicep), and an address that the app lets in.
set -euo pipefail
url=${API_URL:?Set API_URL to the address of the api tier.}

# A cold start with private endpoints takes up to a minute or two; 20 rounds are five minutes.
rounds=20
for round in $(seq "$rounds"); do
  status=$(curl --silent --show-error --max-time 10 --output /dev/null --write-out '%{http_code}' "$url/api/ready" || true)
  if [ "$status" = 200 ]; then
    curl --fail --silent --show-error --max-time 10 "$url/api/health" >/dev/null
    echo "hai answers at $url and reaches its stores."
    exit 0
  fi
  echo "Round $round of $rounds: $url/api/ready answered ${status:-nothing}"
  sleep 15
done
echo "hai does not become ready. 403: this address is not in apiRanges. 503: the body of $url/api/ready names the store. 500 or nothing: see" >&2
echo "the log stream of the app; settings that are missing or wrong are named in its first lines." >&2
exit 1

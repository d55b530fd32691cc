#!/bin/sh
# Draw a spiral on A4 with nothing but curl: ask, follow, fetch.
#
#     examples/curl.sh [address of the service] [file to write]
set -eu
service=${1:-http://127.0.0.1:5000}
file=${2:-spiral.svg}

# The reply's Location header is the address of the job.
job=$(curl -sSf -D - -o /dev/null "$service/artboard/create" \
  -H 'Content-Type: application/json' \
  -d '{"width": 210, "height": 297, "pattern": "spiral"}' | tr -d '\r' | sed -n 's/^Location: //p')
echo "job: $service$job"

until curl -sSf "$service$job" | grep -q '"done": *true'; do sleep 1; done

# A job that failed has no result: curl then says so and stops here.
curl -sSf -o "$file" "$service$job/result"
echo "file: $file"

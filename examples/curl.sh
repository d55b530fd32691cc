#!/bin/sh
# Draw a spiral on A4 with curl only.
#
#     examples/curl.sh [URL of the service] [output file]
set -eu
service=${1:-http://127.0.0.1:5000}
file=${2:-spiral.svg}

# The Location header is the URL of the job.
job=$(curl -sSf -D - -o /dev/null "$service/artboard/create" \
  -H 'Content-Type: application/json' \
  -d '{"width": 210, "height": 297, "pattern": "spiral"}' | tr -d '\r' | sed -n 's/^Location: //p')
echo "job: $service$job"

until curl -sSf "$service$job" | grep -q '"done": *true'; do sleep 1; done

# A failed job has no result; curl then prints the error and exits.
curl -sSf -o "$file" "$service$job/result"
echo "file: $file"

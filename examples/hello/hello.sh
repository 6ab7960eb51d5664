#!/bin/sh
# NAME comes from meta/run.yaml or from `mike run --env NAME=...`; CODE becomes the exit code of the machine.
echo "Hello, $NAME, from a machine of your own."
exit "${CODE:-0}"

#!/bin/bash
# The 200 faults of docs/reliability.md.
FAULTS=200 exec tests/cluster/faults.sh "$@"

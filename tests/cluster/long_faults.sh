#!/bin/bash
# The 200 faults of docs/reliability.md, those before MPI has started among them.
AT_START=1 FAULTS=200 exec tests/cluster/faults.sh "$@"

#!/bin/bash
# tests/cross/arm64.sh, and whole networks.
UMBEL_LONG=1 exec tests/cross/arm64.sh "$@"

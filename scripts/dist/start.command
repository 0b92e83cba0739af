#!/bin/sh
# For a double click on macOS, which opens it in a terminal.
exec sh "$(dirname "$0")/start.sh" "$@"

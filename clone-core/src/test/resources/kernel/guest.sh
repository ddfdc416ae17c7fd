#!/bin/bash
# Runs in the virtual machine: obeys the plan that VM_PLAN names (see guest.py beside this script).
exec python3 "$(dirname "$(realpath "$0")")/guest.py" "$VM_PLAN"

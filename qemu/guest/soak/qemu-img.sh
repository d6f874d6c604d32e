# SPDX-License-Identifier: GPL-2.0-only
# A workload for qemu-img: images made, converted, compared and checked in coroutines.
set -eu
export LD_PRELOAD=/soak/bin/qemu-img.so
for i in {1..3000}; do echo "sector $i"; done > raw.img
truncate -s 1M raw.img 2> said || printf '%*s' 1000 '' >> raw.img
qemu-img convert -f raw -O qcow2 -c raw.img packed.qcow2
qemu-img convert -f qcow2 -O raw packed.qcow2 back.img
qemu-img check packed.qcow2
qemu-img compare -f raw -F qcow2 raw.img packed.qcow2
qemu-img map --output=json packed.qcow2

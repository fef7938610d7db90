#!/bin/sh
# Tries: to open files of the host that hold secrets or sockets of power.
# Source: mount_namespaces(7), pivot_root(2); CIS Docker 5.5, 5.31
# Layers: minimal_root
# Control: plain
. "$(dirname "$0")/escape.sh"
for path in "$(bait secret)" /root /home /etc/shadow /etc/ssh /etc/machine-id /var/run/docker.sock /run/docker.sock \
    /run/containerd /run/systemd /run/user /var/lib /var/log /boot /srv /mnt /media /opt /lost+found /host /.dockerenv \
    /run/dbus /sys /sys/kernel /etc/sudoers /etc/hostname /etc/resolv.conf /etc/ssl/private; do
    [ ! -e "$path" ] || escaped "$path is there"
done
held "no file of the host besides those of the view"

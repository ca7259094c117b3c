#!/bin/sh
# Installs the real daemons, registry and builders the tests run against, where this is root on a Debian;
# elsewhere names the missing ones, whose tests are then skipped. In CI (CI=true) a missing one is a failure.
set -eu

# Program and the Debian package that brings it; the same table as test/support/real/tool.ts.
tools="dockerd:docker.io docker:docker.io podman:podman crun:crun skopeo:skopeo buildah:buildah
docker-registry:docker-registry htpasswd:apache2-utils openssl:openssl zstd:zstd xz:xz-utils git:git bzip2:bzip2 lz4:lz4 bsdtar:libarchive-tools unzip:unzip sqlite3:sqlite3 jq:jq curl:curl busybox:busybox-static gcc:build-essential debootstrap:debootstrap pip3:python3-pip
sshd:openssh-server ssh:openssh-client ssh-keygen:openssh-client"

missing() {
  for entry in $tools; do
    PATH="/usr/bin:/usr/sbin:$PATH" command -v "${entry%%:*}" >/dev/null 2>&1 || echo "$entry"
  done
}

absent=$(missing)
[ -n "$absent" ] || exit 0

packages=$(printf '%s\n' $absent | cut -d: -f2 | sort -u | tr '\n' ' ')
if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null 2>&1; then
  # Policy: a package that brings a daemon must not start it here; the tests start their own.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  echo "test-setup: installing $packages" >&2
  export DEBIAN_FRONTEND=noninteractive
  # shellcheck disable=SC2086
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends $packages; } >&2 ||
    echo "test-setup: apt-get failed" >&2
  absent=$(missing)
  [ -n "$absent" ] || exit 0
fi

names=$(printf '%s\n' $absent | cut -d: -f1 | tr '\n' ' ')
echo "test-setup: missing: $names(Debian packages: $packages)" >&2
if [ "${CI:-}" = true ]; then
  echo "test-setup: CI needs them all" >&2
  exit 1
fi
echo "test-setup: the tests that need them are skipped" >&2

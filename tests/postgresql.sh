# Sourced: sees to it that PostgreSQL's programs are installed, from Debian's package if need be.

has_postgresql() { compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null; }

as_root() {
    if ((EUID == 0)); then
        "$@"
    else
        sudo --non-interactive "$@"
    fi
}

install_postgresql() {
    as_root apt-get update --quiet \
        && as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install --quiet --yes --no-install-recommends postgresql
}

if ! has_postgresql; then
    echo "PostgreSQL is missing: installing Debian's package" >&2
    install_postgresql </dev/null >&2 || true
fi
if ! has_postgresql; then
    echo "error: \`$0\` needs PostgreSQL, and it could not be installed" >&2
    echo "hint: \`apt-get install postgresql\` as root, then run this again" >&2
    exit 1
fi

# Shared by the scripts in this folder: where things are, what is installed, and how a step is reported.
# shellcheck shell=bash
set -euo pipefail

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$project"

# A service or a CI job may have no HOME.
if [ -z "${HOME:-}" ]; then
  HOME=$(getent passwd "$(id -u)" 2>/dev/null | cut -d: -f6 || true)
  export HOME="${HOME:-/tmp}"
fi
cache=${XDG_CACHE_HOME:-$HOME/.cache}/crow

# Outside the checkout, so that a fresh clone starts warm.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$cache/target}"
if [ -x "$HOME/.cargo/bin/cargo" ]; then
  export PATH="$HOME/.cargo/bin:$PATH"
fi

# The oldest Rust that builds Crow; Cargo.toml is the only place that says it.
rust_needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml)

die() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# has_apt: whether this is Debian, Ubuntu or one of their children.
has_apt() { command -v apt-get >/dev/null 2>&1 && command -v dpkg-query >/dev/null 2>&1; }

# missing_packages PACKAGE…: those that are not installed, one a line.
missing_packages() {
  local package
  for package in "$@"; do
    if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
      printf '%s\n' "$package"
    fi
  done
}

# as_root COMMAND…: runs it as root, through sudo where that is needed. Asks for a password only at a terminal.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    if [ -t 0 ]; then sudo "$@"; else sudo -n "$@"; fi
  else
    return 1
  fi
}

# install_packages PACKAGE…: installs what is missing and nothing else; silent when all is there.
install_packages() {
  local missing=()
  mapfile -t missing < <(missing_packages "$@")
  if [ "${#missing[@]}" -eq 0 ]; then
    return 0
  fi
  printf 'Installing %s\n' "${missing[*]}" >&2
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=600)
  # An update that fails in part (one dead mirror) may still do: the install decides.
  as_root "${apt[@]}" update >&2 || true
  as_root "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >&2 ||
    die "could not install ${missing[*]}; as root, run: apt-get install ${missing[*]}"
}

# version_at_least HAVE WANT
version_at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# rust_version: the version of the cargo that would run here; empty when there is none that runs.
rust_version() { cargo --version 2>/dev/null | sed -n 's/^cargo \([0-9.]*\).*/\1/p' || true; }

rust_is_new_enough() {
  local have
  have=$(rust_version)
  [ -n "$have" ] && version_at_least "$have" "$rust_needed"
}

# ensure_rust: a cargo that builds Crow, from the distribution where its own is new enough, or a sentence on how to get one.
ensure_rust() {
  if rust_is_new_enough; then
    return 0
  fi
  local have pair cargo_package candidate
  have=$(rust_version)
  if has_apt && [ -z "$have" ]; then
    # Debian keeps a newer Rust for its browsers under the names …-web.
    for pair in "cargo rustc" "cargo-web rustc-web"; do
      cargo_package=${pair% *}
      candidate=$(apt-cache policy "$cargo_package" 2>/dev/null | sed -n 's/^  Candidate: \([0-9.]*\).*/\1/p')
      if [ -n "$candidate" ] && version_at_least "$candidate" "$rust_needed"; then
        # shellcheck disable=SC2086 # a pair of names
        install_packages $pair
        if rust_is_new_enough; then
          return 0
        fi
      fi
    done
  fi
  die "Crow needs Rust $rust_needed or newer (found: ${have:-none}). Get it with: curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y"
}

has_rust_tools() { cargo fmt --version >/dev/null 2>&1 && cargo clippy --version >/dev/null 2>&1; }

# ensure_rust_tools: the formatter and the linter that belong to the cargo in use.
ensure_rust_tools() {
  if has_rust_tools; then
    return 0
  fi
  if has_apt && [ "$(missing_packages cargo-web)" = "" ]; then
    install_packages rustfmt-web rust-web-clippy
  fi
  has_rust_tools ||
    die "cargo fmt and cargo clippy are needed. Get them with: rustup component add rustfmt clippy"
}

# step TITLE COMMAND…: one heading, the command's own output, the time it took; the first failure ends the script.
step() {
  local title=$1 began=$SECONDS status=0
  shift
  printf '\n== %s\n' "$title"
  # A subshell of its own, so that the command keeps its `set -e`.
  set +e
  (
    set -e
    "$@"
  )
  status=$?
  set -e
  if [ "$status" -ne 0 ]; then
    printf '== %s: FAILED (status %s) after %s s\n' "$title" "$status" "$((SECONDS - began))" >&2
    exit 1
  fi
  printf '== %s: done in %s s\n' "$title" "$((SECONDS - began))"
}

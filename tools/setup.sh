# Sourced by ./quickstart and ./check: installs what is missing, and only that. Debian 12; root or a user with sudo.

# install_missing LIST...: the packages named in the lists (one a line, # comments)
install_missing() {
  local missing=() package
  while read -r package; do
    [ -n "$package" ] || continue
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done < <(sed 's/#.*//' "$@" | tr -d ' ')
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing: ${missing[*]}" >&2
  local root=()
  if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null || { echo "isoflop: packages are missing and neither root nor sudo is there: ${missing[*]}" >&2; exit 1; }
    root=(sudo)
  fi
  "${root[@]}" apt-get update -qq
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# install_npm: Node's package client brings the sample corpora; an installed one is used as it is
install_npm() {
  command -v npm >/dev/null && return 0
  install_missing <(echo npm)
}

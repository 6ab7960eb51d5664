#!/usr/bin/env bash
# One tier of tests; called by ./do test with JAVA_HOME set. Ends with one line: N passed, N failed, N skipped.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/need.sh
home=$PWD
tier=all
case ${1:-} in quick | system | soak) tier=$1; shift ;; esac

case $tier in
  quick) select=(-Dtest.excludedGroups=boot,system,soak) ;;
  all) select=(-Dtest.excludedGroups=system,soak) ;;
  system) select=(-Dtest.groups=system -Dtest.excludedGroups=) ;;
  soak) select=(-Dtest.groups=soak -Dtest.excludedGroups=) ;;
esac

find . -path '*/target/surefire-reports' -type d -prune -exec rm -rf {} +
failed=0
mkdir -p build
# The digest that this field of a JSON file of ours holds; kernel.json has a second "sha256", deeper.
json_hex() { sed -n "s/^  \"$1\" : \"\([0-9a-f]*\)\".*/\1/p" "$2"; }

# Real boots take the kernel package that the product itself has fetched and verified, unpacked.
test_kernel() {
  local home_of_tests=build/t/main digest
  export MIKE_HOME=$home/$home_of_tests
  ./mike compose ./examples/hello -o build/t/hello.img > /dev/null && ./mike agent stop --all > /dev/null || return 1
  # The home outlives runs and may hold older kernels: the one that new images get.
  digest=$(json_hex sha256 "$home_of_tests/kernels/current.json")
  digest=$(json_hex debSha256 "$home_of_tests/kernels/${digest:-none}/kernel.json")
  [ -n "$digest" ] || return 1
  rm -rf build/t/kernel
  mkdir -p build/t/kernel
  dpkg-deb -x "$home_of_tests/packages/debs/$digest.deb" build/t/kernel || return 1
  unset MIKE_HOME
}

if [ "$tier" != quick ]; then
  mkdir -p build/t
  if need_build "$home" && test_kernel; then
    export MIKE_TEST_KERNEL=$home/build/t/kernel
    select+=("-Dtest.jvm=-Dmike.test.kernel=$home/build/t/kernel")
  else
    say "no product or no kernel to test with"
    failed=1
  fi
fi
# A failing module must not keep those above it from being tested; failures are counted from the reports.
mvn -B -fae -Dmaven.test.failure.ignore=true "${select[@]}" -Dsurefire.failIfNoSpecifiedTests=false "$@" test 2>&1 \
  | grep -vE '^\[INFO\] (Nothing|Copying|skip|Using|Changes|Recompiling|---|$)|Download(ing|ed) from|^\[INFO\] *$'
[ "${PIPESTATUS[0]}" = 0 ] || failed=1

# The guest's init is C; its tests run with the address and undefined-behaviour sanitizers.
c_passed=0 c_failed=0
if [ "$tier" = quick ] || [ "$tier" = all ]; then
  if make -s -C guest/init test > build/init-test.log 2>&1; then :; else failed=1; fi
  tail -n 25 build/init-test.log
  c_passed=$(grep -c '^ok ' build/init-test.log)
  c_failed=$(grep -c '^not ok ' build/init-test.log)
fi

# Totals come from the reports, not from the runner's prose.
total() { # $1: attribute of <testsuite>
  find . -path '*/target/surefire-reports/TEST-*.xml' -exec grep -hoE "<testsuite [^>]*>" {} + \
    | grep -oE " $1=\"[0-9]+\"" | grep -oE '[0-9]+' | awk '{ n += $1 } END { print n + 0 }'
}
tests=$(total tests) errors=$(total errors) failures=$(total failures) skipped=$(total skipped)
bad=$((errors + failures + c_failed))
good=$((tests - errors - failures - skipped + c_passed))
if [ "$skipped" -gt 0 ]; then
  echo "skipped, with the reasons:"
  find . -path '*/target/surefire-reports/TEST-*.xml' -exec grep -hE -B1 '<skipped' {} + \
    | grep -oE 'testcase name="[^"]+" classname="[^"]+"|message="[^"]*"|Assumption failed: .*' | sed 's/^/  /'
fi
[ "$failed" = 0 ] || [ "$bad" -gt 0 ] || bad=1
echo "$good passed, $bad failed, $skipped skipped"
[ "$bad" = 0 ] && [ "$good" -gt 0 ]

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
if [ "$tier" != quick ]; then
  need_build "$home" || failed=1
fi
mvn -B -fae "${select[@]}" -Dsurefire.failIfNoSpecifiedTests=false "$@" test 2>&1 \
  | grep -vE '^\[INFO\] (Nothing|Copying|skip|Using|Changes|Recompiling|---|$)|Download(ing|ed) from|^\[INFO\] *$' || true
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
    | grep -oE 'testcase name="[^"]+" classname="[^"]+"|message="[^"]*"' | sed 's/^/  /'
fi
[ "$failed" = 0 ] || [ "$bad" -gt 0 ] || bad=1
echo "$good passed, $bad failed, $skipped skipped"
[ "$bad" = 0 ] && [ "$good" -gt 0 ]

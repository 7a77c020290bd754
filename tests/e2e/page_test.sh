#!/usr/bin/env bash
# Opens a study's page in headless Chromium: nothing on the console, nothing asked of the network, the law drawn, no sideways scroll, nor in a plan's tables.
#   page_test.sh PROGRAM WORK_DIR          exit 77: no chromium here
set -euo pipefail
program=$1 work=$2
command -v chromium >/dev/null || exit 77
rm -rf "$work"
mkdir -p "$work"
export ISOFLOP_CACHE="$work/cache"
awk 'BEGIN { for (r = 0; r < 3000; r++) { printf "sentence %d of %d says nothing new. ", r * 7919 % 3000, r % 11; if (r % 9 == 8) printf "\n\n" } }' >"$work/text.txt"
"$program" run --preset quick --data "$work/text.txt" --flops 5e12 --out "$work/study" --quiet >/dev/null
page=$work/study/report.html
"$program" plan --gpus H100:512 --days 21 --law published:epoch2024 --report "$work/plan.html" >/dev/null

# an outer page measures the inner one at two widths; file:// pages may do that with the flag below
cat >"$work/outer.html" <<HTML
<!doctype html><title>outer</title><p id=result>waiting</p>
<iframe id=a src="study/report.html" style="width:1440px;height:900px"></iframe><iframe id=b src="study/report.html" style="width:390px;height:800px"></iframe>
<iframe id=c src="plan.html" style="width:1440px;height:900px"></iframe>
<script>
onload = () => setTimeout(() => {
  const facts = ["a", "b"].map((id) => {
    const d = document.getElementById(id).contentDocument;
    return [d.querySelectorAll("svg").length, d.documentElement.scrollWidth <= d.documentElement.clientWidth, d.querySelectorAll("table tr").length];
  });
  const tables = [...document.getElementById("c").contentDocument.querySelectorAll(".scroll")];
  facts.push([tables.length > 3, tables.every((table) => table.scrollWidth <= table.clientWidth)]);
  result.textContent = JSON.stringify(facts);
}, 500);
</script>
HTML
chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync \
  --disable-extensions --allow-file-access-from-files --user-data-dir="$work/profile" --host-resolver-rules="MAP * ~NOTFOUND" \
  --log-net-log="$work/net.json" --enable-logging=stderr --virtual-time-budget=5000 --dump-dom "file://$work/outer.html" \
  >"$work/dom.html" 2>"$work/log.txt"

if grep 'CONSOLE' "$work/log.txt"; then
  echo "the page wrote to the console" >&2
  exit 1
fi
if grep -o '"url":"https\?://[^"]*"' "$work/net.json" | grep -v 'google\|gstatic\|chromium'; then
  echo "the page asked the network" >&2
  exit 1
fi
grep -Eo 'https?://[^"<> )]+' "$page" | grep -v '^http://www.w3.org/' | grep -Ei '\.(js|css|woff2?|png|svg)$' && { echo "the page names outside files" >&2; exit 1; }
result=$(grep -o '<p id="result">[^<]*' "$work/dom.html" | sed 's/.*>//')
echo "figures, fits its width, table rows (wide, narrow); a plan's tables fit: $result"
[[ $result =~ ^\[\[([0-9]+),true,([0-9]+)\],\[([0-9]+),true,([0-9]+)\],\[true,true\]\]$ ]] || { echo "the page did not load whole, or scrolls sideways" >&2; exit 1; }
((BASH_REMATCH[1] >= 3 && BASH_REMATCH[2] >= 4)) || { echo "figures or rows are missing" >&2; exit 1; }

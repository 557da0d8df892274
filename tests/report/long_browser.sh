#!/bin/bash
# Pages in Chromium, 1280 and 390 pixels wide, light and dark: no complaint on the console, nothing wider than the window, values
# at the pointer. The screenshots go to $SCREENSHOTS, if that is set. Passed over without Chromium.
. tests/cli/common.sh
browser=$(command -v chromium || command -v chromium-browser) || { echo "ok passed over: there is no Chromium"; exit 0; }
tests/report/pages.sh "$1" "$WORK" >"$WORK/log" 2>&1 || not_ok "pages" "$(grep '^not ok' "$WORK/log" | head -1)"

cat >"$WORK/probe.js" <<'END'
<script>
addEventListener("load", function () {
    var root = document.documentElement, chart = document.querySelector("svg.chart");
    root.setAttribute("data-wide", root.scrollWidth > innerWidth ? "yes" : "no");
    if (!chart) return;
    chart.scrollIntoView();
    var box = chart.getBoundingClientRect();
    chart.dispatchEvent(new PointerEvent("pointermove", {clientX: box.left + box.width / 2, clientY: box.top + 50}));
    root.setAttribute("data-told", document.getElementById("tip").innerText.replace(/\s+/g, " "));
});
</script>
END
# run_browser WIDTH SCHEME MORE...: 0 dark, 1 light
run_browser() {
    local profile
    profile=$(mktemp -d -p "$WORK")
    timeout 120 "$browser" --headless=new --no-sandbox --disable-gpu --hide-scrollbars --enable-logging=stderr --user-data-dir="$profile" \
        --disable-background-networking --disable-component-update --window-size="$1,8000" --blink-settings=preferredColorScheme="$2" "${@:3}"
    rm -rf "$profile"
}
for page in one both pack; do
    sed -e "/<\/body>/{r $WORK/probe.js
        N}" "$WORK/$page.html" >"$WORK/probed.html"
    for width in 1280 500; do # narrower windows there are none without a screenshot
        run_browser $width 1 --dump-dom "file://$WORK/probed.html" >"$WORK/dom" 2>"$WORK/err"
        same "$page, $width: no complaint" 0 "$(grep -c CONSOLE "$WORK/err")"
        same "$page, $width: nothing is wider than the window" 'data-wide="no"' "$(grep -o 'data-wide="[a-z]*"' "$WORK/dom")"
        [ $page = pack ] || { grep -qE 'data-told="epoch [0-9.]+ .*validation [0-9.]+|data-told="epoch [0-9.]+ .*one [0-9.]+' "$WORK/dom" && ok "$page, $width: values at the pointer"; } ||
            not_ok "$page, $width: values at the pointer" "$(grep -o 'data-told="[^"]*"' "$WORK/dom")"
    done
    [ "${SCREENSHOTS:-}" ] || continue
    for width in 1280 390; do
        for scheme in 0 1; do
            run_browser $width $scheme --screenshot="$SCREENSHOTS/$page-$width-$scheme.png" "file://$WORK/$page.html" 2>/dev/null
        done
    done
done
sed 's|</main>|<img src="https://example.org/x.png" alt="">&|' "$WORK/one.html" >"$WORK/planted.html"
run_browser 1280 1 --dump-dom "file://$WORK/planted.html" >"$WORK/dom" 2>"$WORK/err"
grep -q 'CONSOLE.*Content Security Policy' "$WORK/err" && ok "a planted picture from elsewhere is not asked for" ||
    not_ok "a planted picture from elsewhere" "no complaint"
finish

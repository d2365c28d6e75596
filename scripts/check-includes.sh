#!/bin/sh
# Checks the #include "layer/file.h" lines of src/ against the layers. Arguments: 'X: what X may include', one for each.
set -u
bad=0
for rule in "$@"; do
    layer=${rule%%:*}
    allowed=" ${rule#*:} "
    [ -d "src/$layer" ] || continue
    for hit in $(grep -Hno '^#include "[a-z_]*/' "src/$layer"/*.[ch] 2>/dev/null | tr -d ' '); do
        used=${hit##*\"}
        used=${used%/}
        case "$allowed" in
        *" $used "*) ;;
        *)
            echo "${hit%%:#*}: src/$layer may not include $used/ (mk/layers.mk)"
            bad=1
            ;;
        esac
    done
done
for dir in src/*/; do
    name=$(basename "$dir")
    case " $* " in
    *" $name: "* | *"$name: "*) ;;
    *)
        echo "src/$name is in no row of mk/layers.mk"
        bad=1
        ;;
    esac
done
[ "$bad" -eq 0 ] && echo "include directions: fine"
exit "$bad"

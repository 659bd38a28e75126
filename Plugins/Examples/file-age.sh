#!/bin/sh
# A check type "file-age" and a handler kind "append-file" for Consul, in POSIX shell.
#
# Put this file into plugin_dir, executable, and write:
#
#     check:
#       name: backup
#       type: file-age
#       config: {path: /var/backups/latest.tar, max_minutes: 1500}
#       interval: 1m
#
#     watches:
#       - type: key
#         key: app/mode
#         handler_type: append-file
#         handler_config: {path: /var/log/app-mode.jsonl}
#
# The check passes while the file was changed within max_minutes, and is critical when it is older or
# missing. The handler appends the watch's data, one JSON document a line, to its file.
#
# A shell has no JSON. The agent writes its messages compactly, on one line, type and id first and the
# other keys in alphabetical order, so sed finds the simple fields; values with an escape in them (a
# quote, a backslash, <, > or &) are refused here rather than guessed. Requests are answered one after
# another, which suffices for short work. For more, write the program in a language that has JSON.

# text MESSAGE NAME: the string member NAME; fails when there is none that is simple.
text() {
    printf '%s\n' "$1" | sed -n 's/.*"'"$2"'":"\([^"\\]*\)".*/\1/p' | grep .
}

# number MESSAGE NAME: the whole number NAME.
number() {
    printf '%s\n' "$1" | sed -n 's/.*"'"$2"'":\(-\{0,1\}[0-9][0-9]*\).*/\1/p'
}

# id MESSAGE: the number that an answer must repeat.
id() {
    printf '%s\n' "$1" | sed -n 's/^{"type":"[a-z]*","id":\([0-9]*\).*/\1/p'
}

# config MESSAGE: the object "config", which is flat in this program's kinds.
config() {
    printf '%s\n' "$1" | sed -n 's/.*"config":\({[^}]*}\).*/\1/p'
}

# quote TEXT: escapes a text for a JSON string.
quote() {
    printf '%s' "$1" | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g'
}

hello() {
    printf '%s' '{"type":"hello","protocol":1,"name":"file-age","version":"1.0.0","checks":['
    printf '%s' '{"type":"file-age","config":{"required":["path","max_minutes"],"properties":'
    printf '%s' '{"path":{"type":"string"},"max_minutes":{"type":"integer"}}}}],"handlers":['
    printf '%s' '{"type":"append-file","config":{"required":["path"],"properties":'
    printf '%s\n' '{"path":{"type":"string"}}}}]}'
}

# result ID STATUS OUTPUT
result() {
    printf '{"type":"result","id":%s,"status":"%s","output":"%s"}\n' "$1" "$2" "$(quote "$3")"
}

# outcome ID CODE ERROR
outcome() {
    printf '{"type":"outcome","id":%s,"code":%s,"error":"%s"}\n' "$1" "$2" "$(quote "$3")"
}

probe() {
    id=$(id "$1")
    settings=$(config "$1")
    minutes=$(number "$settings" max_minutes)
    if ! path=$(text "$settings" path); then
        result "$id" critical "path has characters that this program does not read"
    elif [ ! -e "$path" ]; then
        result "$id" critical "$path does not exist"
    elif [ -n "$(find "$path" -prune -mmin "+$minutes" 2>/dev/null)" ]; then
        result "$id" critical "$path is older than $minutes minutes"
    else
        result "$id" passing "$path was changed within $minutes minutes"
    fi
}

handle() {
    id=$(id "$1")
    # The payload may have members of the same names: the program reads its base64 form only.
    plain=$(printf '%s\n' "$1" | sed 's/"payload":.*"payload_base64"/"payload_base64"/')
    if ! path=$(text "$(config "$plain")" path); then
        outcome "$id" 1 "path has characters that this program does not read"
    elif problem=$( (text "$plain" payload_base64 | base64 -d >>"$path") 2>&1); then
        outcome "$id" 0 ""
    else
        outcome "$id" 1 "$problem"
    fi
}

# read fails when the agent is gone; then the program ends too.
while IFS= read -r message; do
    case "$message" in
    '{"type":"hello",'*) hello ;;
    '{"type":"probe",'*) probe "$message" ;;
    '{"type":"handle",'*) handle "$message" ;;
    '{"type":"shutdown"'*) exit 0 ;;
    esac
done
